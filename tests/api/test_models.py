"""Models through the API: what was learned, which version serves, and one waiting training a tenant."""

from datetime import datetime, timedelta

import pytest

from tests.support.polling import until
from tests.support.problems import check_problem
from tests.support.shop import Document, ShopClient, order


async def waiting(shop: ShopClient) -> list[Document]:
    """This tenant's jobs."""
    async with shop.service.db.system() as conn:
        rows = await conn.fetch(
            "select status::text, lock, args, scheduled_at from procrastinate_jobs where queueing_lock = $1",
            f"train:{shop.tenant_id}",
        )
    return [dict(row) for row in rows]


async def versions(shop: ShopClient) -> list[Document]:
    answer = await shop.api.get("/v1/models")
    assert answer.status_code == 200
    items: list[Document] = answer.json()["items"]
    return items


async def serving(shop: ShopClient) -> str | None:
    version: str | None = (await shop.ask("home-popular")).json()["model"]
    return version


async def test_however_many_orders_come_one_training_waits(shop: ShopClient) -> None:
    assert await waiting(shop) == []
    for number in range(5):
        await shop.push("orders", [order(f"A{number}-{n}", ["p1"]) for n in range(20)])
    await shop.api.put("/v1/orders/B", json=order("B", ["p1"]))
    await shop.api.delete("/v1/orders/B")

    jobs = await waiting(shop)
    assert [(job["status"], job["args"]) for job in jobs] == [("todo", {"tenant_id": shop.tenant_id})]
    assert jobs[0]["lock"] == f"train:{shop.tenant_id}"


async def test_a_push_that_changes_nothing_queues_nothing(shop: ShopClient) -> None:
    rejected = await shop.push("orders", [order("A1", [])])
    assert rejected.json()["rejected"] == 1
    await shop.push("products", [])
    await shop.push("shoppers", [{"id": "s1"}])

    assert await waiting(shop) == []


async def test_deleting_a_shopper_queues_a_training_without_them(shop: ShopClient) -> None:
    await shop.push("shoppers", [{"id": "s1"}])
    assert await waiting(shop) == []

    assert (await shop.api.delete("/v1/shoppers/s1")).status_code == 204

    assert len(await waiting(shop)) == 1


async def test_a_training_waits_for_more_orders_unless_it_is_asked_for(shop: ShopClient) -> None:
    await shop.push("orders", [order("A1", ["p1"])])
    now, later = shop.service.clock(), (await waiting(shop))[0]["scheduled_at"]
    assert timedelta(0) < later - now <= timedelta(seconds=shop.service.settings.train_after_seconds)

    answers = [await shop.api.post("/v1/models:train") for _ in range(3)]
    assert [(answer.status_code, answer.json()) for answer in answers] == [(200, {"queued": True})] * 3
    jobs = await waiting(shop)
    assert len(jobs) == 1
    assert jobs[0]["scheduled_at"] <= shop.service.clock()


async def test_versions_are_listed_promoted_and_rolled_back(shop: ShopClient) -> None:
    await shop.stock("p1", "p2")
    await shop.sell({f"s{n}": ["p1", "p2"] for n in range(4)})
    first, second = [str((await shop.train()).version_id) for _ in range(2)]

    async def first_serves() -> bool:
        return await serving(shop) == first

    async def second_serves() -> bool:
        return await serving(shop) == second

    listed = await versions(shop)
    assert [(one["version_id"], one["status"]) for one in listed] == [(second, "active"), (first, "retired")]
    assert all(datetime.fromisoformat(one["finished_at"]) and one["metrics"]["lines"] for one in listed)
    await until(second_serves, seconds=5)

    back = await shop.api.post(f"/v1/models/{first}/promote")
    assert (back.status_code, back.json()) == (200, {"version_id": first, "status": "active"})
    await until(first_serves, seconds=5)
    assert {one["version_id"]: one["status"] for one in await versions(shop)} == {first: "active", second: "retired"}
    async with shop.service.db.tenant(shop.keys.tenant_id) as conn:
        subjects = await conn.fetch("select subject from audit_log where action = 'promote model'")
    assert [row["subject"] for row in subjects] == [first]


async def test_nothing_to_learn_from_is_said_and_cannot_serve(shop: ShopClient) -> None:
    trained = await shop.train()

    (failed,) = await versions(shop)
    assert (trained.status, failed["status"], failed["error"]) == ("failed", "failed", trained.reason)
    assert "no orders" in failed["error"]
    check_problem(await shop.api.post(f"/v1/models/{trained.version_id}/promote"), 409)
    assert await serving(shop) is None


@pytest.mark.parametrize(
    "version", ["01a20140-aed0-7362-8fd6-ca3385410000", "none", "%00", "x" * 201, "0" * 32, "{x}"], ids=lambda v: v[:8]
)
async def test_an_unknown_version_is_404(still_shop: ShopClient, version: str) -> None:
    check_problem(await still_shop.api.post(f"/v1/models/{version}/promote"), 404)


async def test_before_a_training_there_is_no_version(still_shop: ShopClient) -> None:
    assert await versions(still_shop) == []
