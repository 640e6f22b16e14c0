"""Erase: a person goes out of the record and stays out."""

import asyncio

import pytest

from tenants.shoppers import Shopper, upsert_shoppers
from tests.privacy.people import erase, export, finish, make_export, open_two_tastes, source, store
from tests.support.databases import as_admin
from tests.support.polling import until
from tests.support.problems import check_problem
from tests.support.shop import Document, ShopClient, event, order

pytestmark = pytest.mark.filterwarnings("ignore:EdDSA is deprecated")
ANN = {"id": "ann", "email": "Ann@Example.com", "phone": "+49 30 1234", "name": "Ann"}


async def count(shop: ShopClient, table: str, where: str = "true") -> int:
    async with shop.service.db.tenant(shop.keys.tenant_id) as conn:
        number: int = await conn.fetchval(f"select count(*) from {table} where {where}")
        return number


async def put_ann(shop: ShopClient) -> None:
    await shop.stock("p1")
    assert (await shop.api.put("/v1/shoppers/ann", json=ANN)).status_code == 200
    assert (await shop.push("orders", [order("o1", ["p1"], shopper_id="ann")])).json()["created"] == 1
    events = [event("e1", shopper_id="ann", visitor_id="browser-1"), event("e2", visitor_id="browser-1")]
    assert (await shop.push("events", [*events, event("e3", visitor_id="browser-2")])).json()["created"] == 3


async def rejected(shop: ShopClient, kind: str, documents: list[Document]) -> list[tuple[str, str]]:
    """Id and field of the refused rows."""
    rows = (await shop.push(kind, documents)).json()["rows"]
    return [(row["id"], row["errors"][0]["field"]) for row in rows if row["result"] == "rejected"]


async def test_b7_an_erased_shopper_is_gone_and_the_orders_stay_without_a_name(shop: ShopClient) -> None:
    await put_ann(shop)
    await shop.push("shoppers", [{"id": "bob"}])

    erasure = await erase(shop, shopper_id="ann")

    assert {name: number for name, number in erasure["counts"].items() if number and name != "shopper_identifiers"} == {
        "orders": 1, "events": 2, "shoppers": 1,
    }  # fmt: skip
    check_problem(await shop.api.get("/v1/shoppers/ann"), 404)
    check_problem(await shop.api.get("/v1/events/e2"), 404)
    kept = (await shop.api.get("/v1/orders/o1")).json()
    assert (kept["shopper_id"], kept["lines"][0]["product_id"]) == (None, "p1")
    assert (await shop.api.get("/v1/events/e3")).status_code == 200
    assert (await shop.api.get("/v1/shoppers/bob")).status_code == 200
    ledger = (await shop.api.get(f"/v1/erasures/{erasure['erasure_id']}")).json()
    assert ledger["finished_at"] is not None
    assert ledger["counts"] == erasure["counts"]


async def test_b7_serving_forgets_at_once_although_the_old_model_does_not(shop: ShopClient) -> None:
    await open_two_tastes(shop)
    assert await source(shop, shopper="beer-1") == "model"

    await erase(shop, shopper_id="beer-1")

    async def forgotten() -> bool:
        return await source(shop, shopper="beer-1") == "popular"

    await until(forgotten, seconds=5)
    assert await source(shop, shopper="beer-2") == "model"


async def test_b7_who_comes_back_is_a_stranger_to_a_model_from_before_the_erasure(shop: ShopClient) -> None:
    await open_two_tastes(shop)
    await erase(shop, shopper_id="beer-1")
    assert (await shop.api.post("/v1/erasures:lift", json={"shopper_id": "beer-1"})).status_code == 200
    await shop.stock("latest")

    async def heard() -> bool:
        asked = {"slot": {"name": "home-for-you"}, "products": ["latest"]}
        told = (await shop.api.post("/v1/recommendations:explain", json=asked)).json()["items"][0]["obstacles"]
        return "unknown_product" not in [obstacle["code"] for obstacle in told]

    await until(heard)
    assert await source(shop, shopper="beer-1") == "popular"
    assert await source(shop, shopper="beer-2") == "model"


async def test_b7_a_feed_cannot_bring_an_erased_person_back(shop: ShopClient) -> None:
    await put_ann(shop)
    await erase(shop, shopper_id="ann")
    same_mail, same_phone = {"id": "x1", "email": "ann@example.COM"}, {"id": "x2", "phone": "0049 (30) 12-34"}

    refused = check_problem(await shop.api.put("/v1/shoppers/ann", json=ANN), 422)
    rows = await rejected(shop, "shoppers", [ANN, same_mail, same_phone, {"id": "bob"}])
    seen = await rejected(shop, "events", [event("e4", shopper_id="ann"), event("e5", shopper_id="bob")])

    assert refused["errors"][0]["field"] == "id"
    assert "erased" in refused["errors"][0]["reason"]
    assert rows == [("ann", "id"), ("x1", "email"), ("x2", "phone")]
    assert seen == [("e4", "shopper_id")]
    assert await count(shop, "shoppers") == 1


async def test_b7_nobody_is_known_by_an_erased_person_s_address_or_browser(shop: ShopClient) -> None:
    await put_ann(shop)
    await erase(shop, shopper_id="ann")
    await shop.push("shoppers", [{"id": "bob"}])

    address = {"kind": "email", "value": "ANN@example.com", "verified": True}
    check_problem(await shop.api.post("/v1/shopper-identifiers/bob", json=address), 422)
    check_problem(await shop.api.post("/v1/shopper-visitors/bob", json={"visitor_id": "browser-1"}), 422)
    other = await shop.api.post("/v1/shopper-visitors/bob", json={"visitor_id": "browser-2"})
    assert other.json() == {"events": 1}


async def test_b7_an_order_that_names_an_erased_person_is_stored_without_a_name(shop: ShopClient) -> None:
    await put_ann(shop)
    await erase(shop, shopper_id="ann")

    answer = await shop.push("orders", [order(name, ["p1"], shopper_id="ann") for name in ("o1", "o2")])
    again = await shop.push("orders", [order(name, ["p1"], shopper_id="ann") for name in ("o1", "o2")])

    assert (answer.json()["created"], answer.json()["updated"]) == (1, 1)
    assert again.json()["unchanged"] == 2
    assert await count(shop, "orders", "shopper_id is not null") == 0
    assert await count(shop, "shoppers") == 0


async def test_b7_a_browser_of_an_erased_person_is_not_known_again(shop: ShopClient) -> None:
    await put_ann(shop)
    await erase(shop, shopper_id="ann")

    await shop.push("events", [event("e6", visitor_id="browser-1"), event("e7", visitor_id="browser-2")])

    assert await count(shop, "events", "visitor_id = 'browser-1'") == 0
    assert await count(shop, "events", "visitor_id = 'browser-2'") == 2


async def test_b7_erasing_again_changes_nothing(shop: ShopClient) -> None:
    await put_ann(shop)
    first = await erase(shop, email="ANN@example.com")
    rows = await count(shop, "audit_log"), await count(shop, "erasures"), await count(shop, "suppressions")

    for person in ({"shopper_id": "ann"}, {"email": "ann@example.com"}):
        again = (await shop.api.post("/v1/erasures", json=person)).json()
        assert (again["erasure_id"], again["counts"]) == (first["erasure_id"], first["counts"])
        assert again["finished_at"] is not None

    assert rows == (await count(shop, "audit_log"), await count(shop, "erasures"), await count(shop, "suppressions"))


async def test_b7_somebody_whom_we_do_not_know_can_be_kept_out_too(shop: ShopClient) -> None:
    erasure = await erase(shop, email="eve@example.com")

    assert set(erasure["counts"].values()) == {0}
    assert await rejected(shop, "shoppers", [{"id": "eve", "email": "Eve@example.com"}]) == [("eve", "email")]


async def test_b7_an_address_erases_every_record_that_has_it_and_every_merged_id(shop: ShopClient) -> None:
    await put_ann(shop)
    await shop.push("shoppers", [{"id": "ann-2", "email": "ann@example.com"}, {"id": "ann-3"}, {"id": "bob"}])
    assert (await shop.api.post("/v1/merges", json={"keep": "ann", "absorb": "ann-3"})).status_code == 200

    await erase(shop, email="ann@example.com")

    assert await count(shop, "shoppers") == 1
    names = [{"id": name} for name in ("ann", "ann-2", "ann-3", "bob")]
    assert [name for name, _ in await rejected(shop, "shoppers", names)] == ["ann", "ann-2", "ann-3"]


async def test_b7_the_audit_names_the_key_and_not_the_person(shop: ShopClient) -> None:
    await put_ann(shop)
    await erase(shop, shopper_id="ann")

    async with shop.service.db.tenant(shop.keys.tenant_id) as conn:
        rows = await conn.fetch("select actor, subject from audit_log where action = 'erase shopper'")
        erasure_id = await conn.fetchval("select erasure_id from erasures")
    assert [tuple(row) for row in rows] == [(f"key {shop.keys.secret.key_id}", str(erasure_id))]


async def test_b7_an_old_answer_that_names_the_person_is_forgotten(shop: ShopClient) -> None:
    await shop.push("shoppers", [ANN, {"id": "bob"}], **{"Idempotency-Key": "k1"})
    await shop.push("shoppers", [{"id": "bob", "name": "Bob"}], **{"Idempotency-Key": "k2"})

    await erase(shop, shopper_id="ann")

    assert await count(shop, "idempotency_keys", "idempotency_key = 'k1'") == 0
    assert await count(shop, "idempotency_keys", "idempotency_key = 'k2'") == 1


async def test_b7_an_address_is_erased_however_its_letters_fold(shop: ShopClient) -> None:
    await shop.push("shoppers", [{"id": "ann", "email": "Ann.Strauß@example.com"}])

    await erase(shop, email="ann.strauß@example.com")

    assert await count(shop, "shoppers", "external_id = 'ann'") == 0


async def test_b7_who_comes_back_with_fresh_consent_is_let_in_under_all_names(shop: ShopClient) -> None:
    await put_ann(shop)
    erasure = await erase(shop, shopper_id="ann")

    lifted = await shop.api.post("/v1/erasures:lift", json={"email": "ann@example.com"})
    await finish(shop, erasure["erasure_id"])

    assert lifted.json() == {"erasure_id": erasure["erasure_id"]}
    assert (await shop.api.put("/v1/shoppers/ann", json=ANN)).json()["result"] == "created"
    assert (await shop.push("events", [event("e8", shopper_id="ann", visitor_id="browser-1")])).json()["created"] == 1
    assert await count(shop, "audit_log", "action = 'lift erasure'") == 1
    assert await store(shop).list_keys(f"{shop.tenant_id}/erasures") == []
    check_problem(await shop.api.post("/v1/erasures:lift", json={"shopper_id": "ann"}), 404)
    anew = await erase(shop, shopper_id="ann")
    assert anew["erasure_id"] != erasure["erasure_id"]
    assert await rejected(shop, "shoppers", [ANN]) == [("ann", "id")]


async def test_b7_the_archive_of_an_erased_shopper_goes_also_when_it_was_still_being_made(shop: ShopClient) -> None:
    await put_ann(shop)
    await export(shop, "ann")
    waiting = (await shop.api.post("/v1/exports", json={"shopper_id": "ann"})).json()["export_id"]

    await erase(shop, shopper_id="ann")
    made = await make_export(shop, waiting)

    assert not made
    assert await store(shop).list_keys(f"{shop.tenant_id}/exports") == []
    assert await count(shop, "exports") == 0
    check_problem(await shop.api.get(f"/v1/exports/{waiting}"), 404)


async def test_b7_who_is_being_stored_during_their_erasure_is_erased_too(shop: ShopClient) -> None:
    """The writer looked before the erasure and commits after it began: the erasure waits and finds the person."""
    async with shop.service.db.tenant(shop.keys.tenant_id) as conn:
        assert (await upsert_shoppers(conn, [Shopper(id="eve")])).outcomes == {"eve": "created"}
        erasing = asyncio.create_task(shop.api.post("/v1/erasures", json={"shopper_id": "eve"}))

        async def waits_or_is_done() -> bool:
            async with as_admin(shop.service.settings) as admin:
                return erasing.done() or await admin.fetchval(_WAITS) > 0

        await until(waits_or_is_done)

    assert (await erasing).status_code == 200
    assert await count(shop, "shoppers") == 0
    assert (await shop.push("shoppers", [{"id": "eve"}])).json()["rejected"] == 1


async def test_b7_orders_that_arrive_during_an_erasure_are_stored_without_a_name(shop: ShopClient) -> None:
    await put_ann(shop)

    async def push(number: int) -> None:
        answer = await shop.push("orders", [order(f"late-{number}", ["p1"], shopper_id="ann")])
        assert answer.status_code == 200, answer.text

    pushing = [asyncio.create_task(push(number)) for number in range(20)]
    erased = await shop.api.post("/v1/erasures", json={"shopper_id": "ann"})
    await asyncio.gather(*pushing, *[push(number) for number in range(20, 30)])

    assert erased.status_code == 200, erased.text
    assert await count(shop, "shoppers") == 0
    assert (await count(shop, "orders"), await count(shop, "orders", "shopper_id is not null")) == (31, 0)


async def test_b7_the_suppression_list_alone_tells_nobody_who(shop: ShopClient, other_shop: ShopClient) -> None:
    hashes = []
    for one in (shop, other_shop):
        await erase(one, email="ann@example.com")
        async with one.service.db.tenant(one.keys.tenant_id) as conn:
            hashes.append(bytes(await conn.fetchval("select sha256 from suppressions")))

    assert hashes[0] != hashes[1]
    assert (await other_shop.push("shoppers", [{"id": "bob"}])).json()["created"] == 1


async def test_b7_a_body_that_names_nobody_or_two_is_refused(shop: ShopClient) -> None:
    for body in ({}, {"shopper_id": "ann", "email": "ann@example.com"}, {"email": "nobody"}):
        check_problem(await shop.api.post("/v1/erasures", json=body), 422)


_WAITS = "select count(*) from pg_locks where locktype = 'advisory' and not granted"
