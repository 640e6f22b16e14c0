"""Wishes: preferences and special needs of a shopper and of those around them (C1)."""

from typing import Any

import httpx2
import pytest

from tests.record_book.shoemaker import agree, audited, days, open_record_book, record
from tests.support.problems import check_problem
from tests.support.shop import MONDAY, Document, ShopClient

WISHES: Document = {"preferences": {"initials": "LM", "left_handed": True}, "special_needs": ["bunion on the left"]}


async def wish(shop: ShopClient, shopper: str = "mei", wishes: Document = WISHES, **query: Any) -> httpx2.Response:
    return await shop.api.put(f"/v1/wishes/{shopper}", json=wishes, params=query)


async def wishes(shop: ShopClient, shopper: str = "mei", **query: Any) -> Document:
    answer = await shop.api.get(f"/v1/wishes/{shopper}", params=query)
    assert answer.status_code == 200, answer.text
    found: Document = answer.json()
    return found


async def test_c1_wishes_are_stored_read_changed_and_deleted(shop: ShopClient) -> None:
    await open_record_book(shop, "mei")
    check_problem(await shop.api.get("/v1/wishes/mei"), 404)
    results = [(await wish(shop)).json()["result"] for _ in range(2)]
    results.append((await wish(shop, wishes=WISHES | {"special_needs": ["wide toes"]})).json()["result"])
    assert results == ["created", "unchanged", "updated"]

    found = await record(shop)
    assert (found.preferences, found.special_needs) == (WISHES["preferences"], ("wide toes",))
    assert "LM" not in repr(found)
    assert (await shop.api.delete("/v1/wishes/mei")).status_code == 204
    check_problem(await shop.api.delete("/v1/wishes/mei"), 404)
    assert (await record(shop)).special_needs == ()


async def test_c1_special_needs_are_masked_until_they_are_revealed_and_that_is_audited(shop: ShopClient) -> None:
    await open_record_book(shop, "mei")
    await wish(shop)
    before = await audited(shop)

    assert (await wishes(shop))["special_needs"] is None
    assert await audited(shop) == before
    assert (await wishes(shop, reveal="true"))["special_needs"] == WISHES["special_needs"]
    assert (await audited(shop))[0] == ("reveal wishes", "mei")


async def test_c1_each_person_has_wishes_of_their_own(shop: ShopClient) -> None:
    await open_record_book(shop, "mei", "ann")
    await shop.push("people", [{"id": name, "shopper_id": "mei", "relation": name} for name in ("child", "self")])
    await wish(shop, person="child", wishes={"preferences": {"initials": "MI"}})
    await wish(shop, person="self")

    assert (await record(shop, person_id="child")).preferences == {"initials": "MI"}
    assert (await record(shop)).preferences == WISHES["preferences"]
    assert (await wishes(shop, person="child"))["person_id"] == "child"
    check_problem(await wish(shop, "ann", person="child"), 404)
    check_problem(await shop.api.get("/v1/wishes/ann?person=child"), 404)
    check_problem(await shop.api.get("/v1/wishes/ann"), 404)


async def test_b7_wishes_need_the_consent_that_measurements_need(shop: ShopClient) -> None:
    await shop.push("shoppers", [{"id": "mei"}])
    check_problem(await wish(shop), 409)
    await agree(shop, "mei")
    await wish(shop)
    await agree(shop, "mei", granted=False, at=MONDAY + days(1))

    check_problem(await shop.api.get("/v1/wishes/mei"), 409)
    assert (await record(shop)).preferences == {}


async def test_c1_what_was_told_last_under_any_id_of_a_shopper_counts(shop: ShopClient) -> None:
    await open_record_book(shop, "mei", "mei-2")
    await wish(shop, "mei")
    await wish(shop, "mei-2", wishes={"preferences": {"initials": "M2"}})
    merged = (await shop.api.post("/v1/merges", json={"keep": "mei", "absorb": "mei-2"})).json()["merge_id"]
    assert (await record(shop)).preferences == {"initials": "M2"}
    assert (await wish(shop, "mei", wishes={"preferences": {"initials": "M3"}})).json()["result"] == "updated"
    assert (await record(shop, "mei-2")).preferences == {"initials": "M3"}

    assert (await shop.api.post(f"/v1/merges/{merged}/undo")).status_code == 200
    assert (await record(shop, "mei-2")).preferences == {"initials": "M2"}
    assert (await record(shop, "mei")).preferences == {"initials": "M3"}


async def test_c1_wishes_are_each_tenants_own(shop: ShopClient, other_shop: ShopClient) -> None:
    for one in (shop, other_shop):
        await open_record_book(one, "mei")
    await wish(shop)

    check_problem(await other_shop.api.get("/v1/wishes/mei"), 404)
    check_problem(await other_shop.api.delete("/v1/wishes/mei"), 404)
    assert (await record(other_shop)).preferences == {}


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"preferences": {"a": [1]}}, "preferences[...]"),
        ({"special_needs": "wide"}, "special_needs"),
        ({"special_needs": ["x" * 501]}, "special_needs[0]"),
        ({"measurements": []}, ""),
    ],
)
async def test_c1_wrong_wishes_are_refused_with_the_field(
    shop: ShopClient, change: dict[str, object], field: str
) -> None:
    await open_record_book(shop, "mei")
    assert check_problem(await wish(shop, wishes=WISHES | change), 422)["errors"][0]["field"] == field
    check_problem(await shop.api.get("/v1/wishes/mei"), 404)


async def test_c1_an_idempotency_key_stands_for_the_person_too(shop: ShopClient) -> None:
    await open_record_book(shop, "mei")
    await shop.push("people", [{"id": "child", "shopper_id": "mei", "relation": "child"}])
    key = {"Idempotency-Key": "wish-1"}
    first = await shop.api.put("/v1/wishes/mei", json=WISHES, headers=key)
    other = await shop.api.put("/v1/wishes/mei?person=child", json=WISHES, headers=key)

    assert first.status_code == 200
    check_problem(other, 422)
