"""Who saw what is personal: it goes with the person, is told to them, and ends with its time."""

import msgspec
import pytest

from tenants.erase import replay_erasures
from tenants.jobs import keep_retention
from tests.experiments.lab import expose, later, report, run, see, tell
from tests.privacy.people import decide, erase, export, store
from tests.support.polling import until
from tests.support.shop import ShopClient

pytestmark = pytest.mark.filterwarnings("ignore:EdDSA is deprecated")


async def subjects(shop: ShopClient) -> int:
    async with shop.service.db.tenant(shop.keys.tenant_id) as conn:
        found: int = await conn.fetchval("select count(*) from experiment_subjects")
    return found


async def test_r8_an_erase_takes_the_person_and_their_browsers(shop: ShopClient) -> None:
    await run(shop, unit="visitor")
    await shop.push("shoppers", [{"id": "ann"}, {"id": "bob"}])
    await expose(shop, visitor="browser-of-ann")
    await expose(shop, visitor="second-of-ann", shopper="ann")
    await expose(shop, shopper="ann")
    await expose(shop, visitor="browser-of-bob", shopper="bob")
    await shop.api.post("/v1/shopper-visitors/ann", json={"visitor_id": "browser-of-ann"})
    assert await subjects(shop) == 4
    erased = await erase(shop, shopper_id="ann")

    assert await subjects(shop) == 1
    assert (await shop.api.get(f"/v1/erasures/{erased['erasure_id']}")).json()["counts"]["experiment_subjects"] == 3


async def test_r8_an_erase_takes_one_whom_the_record_never_knew(shop: ShopClient) -> None:
    await run(shop)
    await expose(shop, shopper="nobody-yet")
    assert await subjects(shop) == 1
    await erase(shop, shopper_id="nobody-yet")
    assert await subjects(shop) == 0


async def test_r8_an_erased_person_is_in_no_experiment(shop: ShopClient) -> None:
    await run(shop)
    token = (await see(shop, shopper="ann"))["exposure"]
    await erase(shop, shopper_id="ann")

    async def forgotten() -> bool:
        return "exposure" not in await see(shop, shopper="ann")

    await until(forgotten, seconds=5)
    assert (await tell(shop, token, shopper="ann"))["ignored"] == 1
    assert await subjects(shop) == 0


async def test_r8_after_a_restore_erased_subjects_go_again(shop: ShopClient) -> None:
    await run(shop)
    await expose(shop, visitor="browser-of-ann")
    await expose(shop, shopper="never-known")
    await expose(shop, visitor="browser-of-bob")
    async with shop.service.db.tenant(shop.keys.tenant_id) as conn:
        rows = await conn.fetch("select * from experiment_subjects")
    await shop.push("shoppers", [{"id": "ann"}])
    await shop.api.post("/v1/shopper-visitors/ann", json={"visitor_id": "browser-of-ann"})
    for name in ("ann", "never-known"):
        await erase(shop, shopper_id=name)
    async with shop.service.db.tenant(shop.keys.tenant_id) as conn:
        await conn.execute("delete from experiment_subjects")
        for row in rows:
            places = ", ".join(f"${n}" for n in range(1, len(row) + 1))
            await conn.execute(f"insert into experiment_subjects values ({places})", *row.values())
        await replay_erasures(conn)

    assert await subjects(shop) == 1


async def test_r8_who_objects_is_in_no_experiment(shop: ShopClient) -> None:
    await run(shop)
    await shop.push("shoppers", [{"id": "ann"}])
    await decide(shop, "ann", granted=False)

    async def stranger() -> bool:
        slot = await see(shop, shopper="ann", visitor="visitor-0001")
        return "exposure" not in slot and slot == await see(shop)

    await until(stranger, seconds=5)


async def test_r8_an_export_tells_what_one_saw(shop: ShopClient) -> None:
    await run(shop)
    await shop.push("shoppers", [{"id": "ann"}])
    await expose(shop, shopper="ann", visitor="browser-of-ann")
    await expose(shop, shopper="bob")
    archive = await export(shop, "ann")
    rows = msgspec.json.decode(archive.read("shopper.json"))["record"]["experiment_subjects"]

    assert [(row["experiment_id"], row["visitor_id"]) for row in rows] == [("trial", "browser-of-ann")]
    assert rows[0]["arm"] in ("one", "three")
    assert "digest" not in rows[0]


async def test_r8_subjects_go_when_their_time_is_over(shop: ShopClient) -> None:
    await run(shop)
    await expose(shop, shopper="ann")
    await shop.api.put("/v1/retention-rules", json={"experiment_subjects": 30})
    service = shop.service

    async def tidy() -> int:
        await keep_retention(service.db, store(shop), shop.keys.tenant_id, clock=service.clock)
        return await subjects(shop)

    async with later(shop, days=29):
        assert await tidy() == 1
    async with later(shop, days=31):
        assert await tidy() == 0
    assert [arm["people"] for arm in (await report(shop))["arms"]] == [0, 0]


async def test_r8_a_deleted_shopper_leaves_no_row(shop: ShopClient) -> None:
    await run(shop)
    await shop.push("shoppers", [{"id": "ann"}])
    await expose(shop, shopper="ann", visitor="browser-of-ann")
    assert (await shop.api.delete("/v1/shoppers/ann")).status_code == 204
    assert await subjects(shop) == 0
