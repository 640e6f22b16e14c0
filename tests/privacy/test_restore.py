"""Restore: a backup brings nobody back who was erased since."""

from uuid import UUID

from api.restoring import erase_again
from tenants.jobs import replay_after_restore
from tests.privacy.people import erase, finish, store
from tests.support.shop import ShopClient, event, order

ANN = {"id": "ann", "email": "ann@example.com", "name": "Ann"}


async def put_ann(shop: ShopClient) -> None:
    await shop.push("shoppers", [ANN, {"id": "bob", "email": "bob@example.com"}])
    await shop.push("orders", [order("o1", ["p1"], shopper_id="ann")])
    await shop.push("events", [event("e1", shopper_id="ann", visitor_id="browser-1")])


async def put_back(shop: ShopClient) -> None:
    """A backup from before the erasure: the person is there, and of the erasure nothing is."""
    async with shop.service.db.tenant(shop.keys.tenant_id) as conn:
        await conn.execute("delete from suppressions")
        await conn.execute("delete from erasures")
    await put_ann(shop)


async def replay(shop: ShopClient) -> int:
    return await replay_after_restore(shop.service.db, store(shop), shop.keys.tenant_id)


async def names(shop: ShopClient) -> list[str]:
    return [shopper["id"] for shopper in (await shop.api.get("/v1/shoppers")).json()["items"]]


async def test_b7_the_ledger_erases_again_whom_a_backup_brought_back(shop: ShopClient) -> None:
    await put_ann(shop)
    erasure = await erase(shop, shopper_id="ann")
    await put_back(shop)
    assert await names(shop) == ["ann", "bob"]

    assert await replay(shop) == 1

    assert await names(shop) == ["bob"]
    assert (await shop.api.get("/v1/orders/o1")).json()["shopper_id"] is None
    assert (await shop.api.get("/v1/events/e1")).status_code == 404
    assert (await shop.push("shoppers", [ANN])).json()["rejected"] == 1
    assert (await shop.api.get(f"/v1/erasures/{erasure['erasure_id']}")).json()["counts"]["shoppers"] == 1
    assert await replay(shop) == 0


async def test_b7_what_an_erased_person_s_browser_did_before_it_was_known_does_not_come_back(shop: ShopClient) -> None:
    await put_ann(shop)
    await erase(shop, shopper_id="ann")
    async with shop.service.db.tenant(shop.keys.tenant_id) as conn:
        await conn.execute("delete from suppressions")
    # The backup is from the time before the browser's owner had signed in.
    browsed = [event("e2", visitor_id="browser-1"), event("e3", visitor_id="browser-2")]
    assert (await shop.push("events", browsed)).json()["created"] == 2

    assert await replay(shop) == 0

    assert [one["id"] for one in (await shop.api.get("/v1/events")).json()["items"]] == ["e3"]


async def test_b7_who_was_let_in_again_stays_after_a_restore(shop: ShopClient) -> None:
    await put_ann(shop)
    erasure = await erase(shop, shopper_id="ann")
    await shop.api.post("/v1/erasures:lift", json={"shopper_id": "ann"})
    await finish(shop, erasure["erasure_id"])
    await put_back(shop)

    assert await replay(shop) == 0
    assert await names(shop) == ["ann", "bob"]


async def test_b7_the_ledger_s_file_tells_nobody_who(shop: ShopClient) -> None:
    await put_ann(shop)
    erasure = await erase(shop, shopper_id="ann")

    file = await store(shop).get(f"{shop.tenant_id}/erasures/{erasure['erasure_id']}.json")

    assert b"ann" not in file
    assert b'"email"' in file


async def test_b7_after_a_restore_every_shop_is_gone_through(shop: ShopClient, other_shop: ShopClient) -> None:
    for one in (shop, other_shop):
        await put_ann(one)
    await erase(shop, shopper_id="ann")
    await put_back(shop)

    async with shop.service.db.system() as conn:
        slug = await conn.fetchval("select slug from tenants where tenant_id = $1", UUID(shop.tenant_id))
        other = await conn.fetchval("select slug from tenants where tenant_id = $1", UUID(other_shop.tenant_id))
    erased = await erase_again(shop.service.settings)

    assert (erased[slug], erased[other]) == (1, 0)
    assert [await names(shop), await names(other_shop)] == [["bob"], ["ann", "bob"]]
