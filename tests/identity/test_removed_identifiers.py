"""Identifiers that the merchant's server added, and takes back (B4)."""

import httpx2
import pytest

from tenants.audit import list_audit
from tests.identity.merchant import known_by, people, person, tell, undo
from tests.support.problems import check_problem
from tests.support.shop import ShopClient, event


async def add(shop: ShopClient, shopper: str, value: str, kind: str = "email", *, verified: bool = True) -> None:
    told = {"kind": kind, "value": value, "verified": verified}
    answer = await shop.api.post(f"/v1/shopper-identifiers/{shopper}", json=told)
    assert answer.status_code == 200, answer.text


async def remove(shop: ShopClient, shopper: str, value: str, kind: str = "email", **headers: str) -> httpx2.Response:
    params = {"kind": kind, "value": value}
    return await shop.api.delete(f"/v1/shopper-identifiers/{shopper}", params=params, headers=headers)


async def test_b4_an_added_identifier_is_taken_back_in_any_spelling_and_free_for_others(shop: ShopClient) -> None:
    await tell(shop, "a/1", email="a@x.example")
    await tell(shop, "b")
    await add(shop, "a/1", "second@x.example")
    await add(shop, "a/1", "030 1234", "phone")

    assert (await remove(shop, "a/1", " Second@X.example")).status_code == 204
    assert (await remove(shop, "a/1", "030-12.34", "phone")).status_code == 204

    assert await known_by(shop, "a/1") == [("external", "a/1"), ("email", "a@x.example")]
    await add(shop, "b", "second@x.example")
    assert await people(shop) == ["a/1", "b"]
    check_problem(await remove(shop, "a/1", "second@x.example"), 404)


async def test_b4_what_a_document_tells_goes_with_the_document_only(shop: ShopClient) -> None:
    await tell(shop, "a", email="a@x.example")

    refused = check_problem(await remove(shop, "a", "a@x.example"), 409)
    assert "PUT /v1/shoppers" in refused["hint"]
    await add(shop, "a", "a@x.example")
    assert [one["verified"] for one in (await person(shop, "a"))["identifiers"]] == [True, True]
    assert (await remove(shop, "a", "a@x.example")).status_code == 204

    left = (await person(shop, "a"))["identifiers"][1]
    assert (left["value"], left["verified"], left["source"]) == ("a@x.example", False, "document")
    check_problem(await remove(shop, "a", "a@x.example"), 409)


async def test_b4_a_merge_that_came_of_it_holds_and_can_be_undone(shop: ShopClient) -> None:
    await tell(shop, "a", email="ann@x.example", email_verified=True)
    await tell(shop, "b", email="b@x.example")
    await add(shop, "b", "ann@x.example")
    kept, absorbed = (await people(shop))[0], {"a", "b"} - set(await people(shop))

    # Under either id: the two are one person.
    assert (await remove(shop, "a", "ann@x.example")).status_code == 204

    assert (await people(shop), ("email", "ann@x.example") in await known_by(shop, "b")) == ([kept], True)
    merge_id = (await shop.api.get("/v1/merges")).json()["items"][0]["id"]
    assert (await undo(shop, merge_id)).status_code == 200
    assert await people(shop) == ["a", "b"]
    assert await known_by(shop, "b") == [("external", "b"), ("email", "b@x.example")]
    await tell(shop, "b", email="b@x.example", name=f"{absorbed}")
    assert await people(shop) == ["a", "b"]


async def test_b4_a_browser_that_was_named_wrongly_is_nobodys_again_and_its_events_stay(shop: ShopClient) -> None:
    await tell(shop, "a")
    await shop.push("events", [event("e1", visitor_id="browser-1")])
    await shop.api.post("/v1/shopper-visitors/a", json={"visitor_id": "browser-1"})

    assert (await remove(shop, "a", "browser-1", "visitor")).status_code == 204

    assert await known_by(shop, "a") == [("external", "a")]
    assert (await shop.api.get("/v1/events/e1")).json()["shopper_id"] == "a"


async def test_b4_others_and_other_shops_identifiers_are_not_found(shop: ShopClient, other_shop: ShopClient) -> None:
    for one in (shop, other_shop):
        await tell(one, "a")
    await tell(shop, "b")
    await add(shop, "a", "a@x.example")

    for one, shopper in ((shop, "b"), (shop, "nobody"), (other_shop, "a")):
        check_problem(await remove(one, shopper, "a@x.example"), 404)
    assert await known_by(shop, "a") == [("external", "a"), ("email", "a@x.example")]


@pytest.mark.parametrize(
    "query",
    ["", "kind=email", "value=a@x.example", "kind=external&value=a", "kind=email&value=", "kind=email&value=%00",
     f"kind=email&value={'a' * 321}"],
)  # fmt: skip
async def test_b4_a_call_that_names_no_identifier_is_refused(shop: ShopClient, query: str) -> None:
    await tell(shop, "a")

    check_problem(await shop.api.delete(f"/v1/shopper-identifiers/a?{query}"), 422)


async def test_b4_taking_back_is_audited_without_the_person_and_done_once_under_a_key(shop: ShopClient) -> None:
    await tell(shop, "a")
    await add(shop, "a", "a@x.example")
    await add(shop, "a", "b@x.example")

    answers = [await remove(shop, "a", "a@x.example", **{"Idempotency-Key": "k1"}) for _ in range(2)]
    assert [one.status_code for one in answers] == [204, 204]
    check_problem(await remove(shop, "a", "b@x.example", **{"Idempotency-Key": "k1"}), 422)

    async with shop.service.db.tenant(shop.keys.tenant_id) as conn:
        rows = [row for row in await list_audit(conn) if row.action == "remove identifier"]
    assert [row.actor for row in rows] == [f"key {shop.keys.secret.key_id}"]
    assert "x.example" not in rows[0].subject


async def test_b4_a_page_cannot_take_an_identifier_back(shop: ShopClient) -> None:
    await tell(shop, "a")
    await add(shop, "a", "a@x.example")

    address, key = "/v1/shopper-identifiers/a?kind=email&value=a@x.example", shop.keys.publishable.secret
    answer = await shop.page.delete(address, headers={"Authorization": f"Bearer {key}"})
    check_problem(answer, 401, 403)
    check_problem(await shop.page.delete(address), 401)
    assert len(await known_by(shop, "a")) == 2
