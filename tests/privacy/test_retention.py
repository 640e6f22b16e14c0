"""Retention: what is too old goes by the daily round; so does a model that still knows an erased person."""

from datetime import timedelta
from pathlib import Path
from urllib.parse import unquote, urlsplit
from uuid import UUID

import pytest

from infra.clock import Clock
from infra.ids import new_id
from recommender.forgetting import forget_the_erased
from tenants.imports.runs import artifact_key
from tenants.jobs import keep_retention
from tenants.retention import DEFAULT_DAYS
from tests.identity.merchant import merge, undo
from tests.imports.support import counts, finish, import_bytes, rejects, report, send
from tests.privacy.people import days, erase, export, open_two_tastes, source, store
from tests.support.polling import until
from tests.support.problems import check_problem
from tests.support.shop import ShopClient, event, order

pytestmark = pytest.mark.filterwarnings("ignore:EdDSA is deprecated")


NOW = timedelta()


def ahead(shop: ShopClient, time: timedelta) -> Clock:
    return lambda: shop.service.clock() + time


async def keep(shop: ShopClient, *, after: timedelta = NOW, batch: int = 1000) -> dict[str, int]:
    """The tenant's daily round, some time from now."""
    clock = ahead(shop, after)
    return await keep_retention(shop.service.db, store(shop), shop.keys.tenant_id, clock=clock, batch=batch)


async def put_events(shop: ShopClient, *ages: float) -> None:
    now = shop.service.clock()
    events = [event(f"e{age}", occurred_at=(now - days(age)).isoformat()) for age in ages]
    assert (await shop.push("events", events)).json()["created"] == len(ages)


async def put_client_event(shop: ShopClient) -> None:
    body = {"key": shop.keys.publishable.secret, "events": [{"id": "client-0001", "type": "view", "product": "p1"}]}
    assert (await shop.page.post("/public/v1/events", json=body)).status_code == 202


async def event_ids(shop: ShopClient) -> list[str]:
    return [one["id"] for one in (await shop.api.get("/v1/events")).json()["items"]]


async def test_b7_events_go_after_three_years_and_page_events_after_thirteen_months(shop: ShopClient) -> None:
    await put_events(shop, 1, 1094, 1096)
    await put_client_event(shop)

    assert {kind: number for kind, number in (await keep(shop)).items() if number} == {"events": 1}
    assert await event_ids(shop) == ["client:client-0001", "e1", "e1094"]
    assert (await keep(shop, after=days(396)))["client_events"] == 1
    assert await event_ids(shop) == ["e1"]


async def test_b7_a_shop_may_keep_less(shop: ShopClient, other_shop: ShopClient) -> None:
    for one in (shop, other_shop):
        await put_events(one, 1, 10)
    stored = await shop.api.put("/v1/retention-rules", json={"events": 5})

    assert (await keep(shop))["events"] == 1
    assert (await keep(other_shop))["events"] == 0
    assert await event_ids(shop) == ["e1"]
    rules = stored.json()
    assert rules == (await shop.api.get("/v1/retention-rules")).json() == dict.fromkeys(DEFAULT_DAYS) | {"events": 5}
    await shop.api.put("/v1/retention-rules", json={})
    assert (await shop.api.get("/v1/retention-rules")).json()["events"] is None


async def test_b7_more_than_a_batch_goes_in_one_round(shop: ShopClient) -> None:
    await put_events(shop, 1, *range(1100, 1105))

    assert (await keep(shop, batch=2))["events"] == 5
    assert await event_ids(shop) == ["e1"]


@pytest.mark.parametrize(
    "rules", [{"events": 0}, {"exports": 8}, {"audit": 30}, {"import_files": 31}, {"merge_undo": 0}, {"orders": 5}]
)
async def test_b7_a_rule_out_of_bounds_is_refused(shop: ShopClient, rules: dict[str, int]) -> None:
    check_problem(await shop.api.put("/v1/retention-rules", json=rules), 422)


async def test_b7_an_archive_goes_after_seven_days(shop: ShopClient) -> None:
    await shop.push("shoppers", [{"id": "ann"}])
    await export(shop, "ann")

    assert (await keep(shop, after=days(6.9)))["exports"] == 0
    assert len(await store(shop).list_keys(f"{shop.tenant_id}/exports")) == 1
    assert (await keep(shop, after=days(7.1)))["exports"] == 1
    assert await store(shop).list_keys(f"{shop.tenant_id}/exports") == []


async def test_b7_a_merge_can_be_undone_for_a_year_and_then_stands(shop: ShopClient) -> None:
    await shop.push("shoppers", [{"id": "ann"}, {"id": "ann-2"}, {"id": "bob"}, {"id": "bob-2"}])
    await shop.push("orders", [order("o1", ["p1"], shopper_id="ann-2")])
    first = await merge(shop, "ann", "ann-2")

    assert (await keep(shop, after=days(364)))["merge_undo"] == 0
    assert (await undo(shop, first)).status_code == 200
    second = await merge(shop, "ann", "ann-2")
    assert (await keep(shop, after=days(366), batch=1))["merge_undo"] == 2

    refused = check_problem(await undo(shop, second), 409)
    assert "cannot be undone" in refused["detail"]
    assert (await shop.api.get("/v1/merges")).json()["items"][0]["undo_ended_at"] is not None
    assert (await shop.api.get("/v1/orders/o1")).json()["shopper_id"] == "ann"
    assert (await shop.api.get("/v1/shoppers/ann-2")).json()["id"] == "ann"
    assert (await undo(shop, await merge(shop, "bob", "bob-2"))).status_code == 200


async def test_b7_an_import_s_rejects_go_after_ninety_days_and_its_report_after_thirteen_months(
    shop: ShopClient,
) -> None:
    run = await import_bytes(shop, "id,locale\ns1,de\ns2,?\n", "shoppers")
    waiting = (await send(shop, "id\ns3\n", "shoppers")).json()["import_id"]
    assert len(await rejects(shop, run)) == 1
    await shop.api.put("/v1/retention-rules", json={"import_files": 30})

    assert (await keep(shop, after=days(29)))["import_rejects"] == 0
    assert (await keep(shop, after=days(91)))["import_rejects"] == 1
    assert await rejects(shop, run) == []
    assert counts(await report(shop, run["import_id"])) == {"created": 1, "rejected": 1}
    assert (await keep(shop, after=days(396)))["imports"] == 2
    for import_id in (run["import_id"], waiting):
        check_problem(await shop.api.get(f"/v1/imports/{import_id}"), 404)


async def import_files(shop: ShopClient) -> list[str]:
    return await store(shop).list_keys(f"{shop.tenant_id}/imports")


async def test_b7_a_file_waits_for_its_import_for_seven_days_and_then_the_import_fails(shop: ShopClient) -> None:
    sent = (await send(shop, "id\nann\n", "shoppers")).json()["import_id"]

    assert (await keep(shop, after=days(6.9)))["import_files"] == 0
    assert len(await import_files(shop)) == 1
    assert (await keep(shop, after=days(7.1)))["import_files"] == 1

    assert await import_files(shop) == []
    run = await finish(shop, sent)
    assert (run["status"], run["rows_read"]) == ("failed", 0)
    assert "Send the file again" in run["error"]
    assert (await shop.api.get("/v1/shoppers/ann")).status_code == 404


async def test_b7_a_file_that_its_import_left_behind_goes_with_the_next_round_or_erasure(shop: ShopClient) -> None:
    """As when the worker was killed between an import's end and its file's."""
    left = [artifact_key(shop.keys.tenant_id, UUID((await import_bytes(shop, "id\nann\n", "shoppers"))["import_id"]))]
    # As when the API was killed between an upload's end and its import's beginning.
    unknown = artifact_key(shop.keys.tenant_id, new_id())
    for act in (keep, erase_somebody):
        for key in (*left, unknown):
            await store(shop).put(key, b"id\nann\n")

        await act(shop)
        assert await import_files(shop) == [unknown], "an upload that has not ended is left alone"
        await keep(shop, after=days(1.1))
        assert await import_files(shop) == []


async def test_b7_what_is_left_of_an_upload_that_was_cut_by_a_kill_goes_after_a_day(shop: ShopClient) -> None:
    folder = Path(unquote(urlsplit(shop.service.settings.artifacts_url).path)) / shop.tenant_id / "imports"
    left = folder / str(new_id()) / "file#1"
    left.parent.mkdir(parents=True)
    left.write_text("id\nann\n")

    assert (await keep(shop, after=days(0.9)))["import_files"] == 0
    assert left.exists()
    assert (await keep(shop, after=days(1.1)))["import_files"] == 1
    assert not left.exists()


async def erase_somebody(shop: ShopClient) -> None:
    await erase(shop, shopper_id="somebody")


async def models(shop: ShopClient) -> dict[UUID, str]:
    """Status by version."""
    return {one["version_id"]: one["status"] for one in (await shop.api.get("/v1/models")).json()["items"]}


async def forget(shop: ShopClient, *, after: timedelta) -> int:
    now = shop.service.clock() + after
    return await forget_the_erased(shop.service.db, store(shop), shop.keys.tenant_id, now=now)


async def files(shop: ShopClient) -> set[str]:
    """Versions with files."""
    return {key.split("/")[-2] for key in await store(shop).list_keys(f"{shop.tenant_id}/models")}


async def test_b7_a_training_after_an_erasure_leaves_no_older_model(shop: ShopClient) -> None:
    await open_two_tastes(shop)
    await shop.train()
    await erase(shop, shopper_id="beer-1")
    assert len(await files(shop)) == 2

    trained = await shop.train()

    assert trained.status == "active"
    assert await files(shop) == {str(trained.version_id)}
    assert await models(shop) == {str(trained.version_id): "active"}


async def test_b7_an_erasure_queues_a_training_and_so_does_the_daily_round(shop: ShopClient) -> None:
    await open_two_tastes(shop)

    async def waiting() -> int:
        async with shop.service.db.system() as conn:
            lock = f"train:{shop.tenant_id}"
            number: int = await conn.fetchval(
                "select count(*) from procrastinate_jobs where queueing_lock = $1 and status = 'todo'", lock
            )
            await conn.execute("delete from procrastinate_jobs where queueing_lock = $1 and status = 'todo'", lock)
            return number

    await waiting()
    await forget(shop, after=days(1))
    assert await waiting() == 0
    await erase(shop, shopper_id="beer-1")
    assert await waiting() == 1
    await forget(shop, after=days(1))
    assert await waiting() == 1


async def test_b7_no_model_outlives_an_erasure_by_a_week_even_when_nothing_can_be_trained(shop: ShopClient) -> None:
    await open_two_tastes(shop)
    await erase(shop, shopper_id="beer-1")

    assert await forget(shop, after=days(5.9)) == 0
    assert await source(shop, shopper="beer-2") == "model"
    assert await forget(shop, after=days(6.1)) == 1

    assert await files(shop) == set()

    async def ended() -> bool:
        return await source(shop, shopper="beer-2") != "model"

    await until(ended, seconds=5)
    assert len(await shop.shown()) > 0


async def test_b7_an_overdue_model_gives_way_to_a_newer_one_that_was_not_good_enough(shop: ShopClient) -> None:
    await open_two_tastes(shop)
    await erase(shop, shopper_id="beer-1")
    newer = await shop.train()
    older = next(iter(await files(shop)))
    async with shop.service.db.tenant(shop.keys.tenant_id) as conn:
        await conn.execute("update model_versions set status = 'candidate' where version_id = $1", newer.version_id)
        await conn.execute(
            "insert into model_versions (version_id, status, started_at)"
            " select gen_random_uuid(), 'active', min(requested_at) - interval '1 hour' from erasures"
        )
    assert older == str(newer.version_id)

    assert await forget(shop, after=days(6.1)) == 1

    assert await models(shop) == {str(newer.version_id): "active"}
