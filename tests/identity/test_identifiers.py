"""Identifiers: which of them make two shoppers one, and which are refused (B4)."""

import asyncio

import pytest

from tests.identity.merchant import allow, known_by, people, person, tell
from tests.support.problems import check_problem
from tests.support.shop import ShopClient


async def test_b4_the_same_verified_email_in_one_tenant_is_one_shopper(shop: ShopClient) -> None:
    await tell(shop, "web", email="ann@x.example", email_verified=True)
    await tell(shop, "till", email=" ANN@X.example".strip(), email_verified=True, name="Ann")

    assert await people(shop) == ["web"]
    assert (await person(shop, "till"))["id"] == "web"
    assert (await person(shop, "web"))["name"] == "Ann"
    assert await known_by(shop, "web") == [("external", "web"), ("external", "till"), ("email", "ann@x.example")]


async def test_b4_the_same_verified_email_in_two_tenants_is_two_shoppers(
    shop: ShopClient, other_shop: ShopClient
) -> None:
    await tell(shop, "a", email="ann@x.example", email_verified=True)
    await tell(other_shop, "b", email="ann@x.example", email_verified=True)

    assert (await people(shop), await people(other_shop)) == (["a"], ["b"])
    check_problem(await shop.api.get("/v1/shoppers/b"), 404)


@pytest.mark.parametrize(("first", "second"), [(False, False), (True, False), (False, True)])
async def test_b4_an_email_that_is_not_verified_on_both_sides_merges_nobody(
    shop: ShopClient, first: bool, second: bool
) -> None:
    await tell(shop, "a", email="ann@x.example", email_verified=first)
    await tell(shop, "b", email="ann@x.example", email_verified=second)

    assert await people(shop) == ["a", "b"]


async def test_b4_one_batch_with_the_same_verified_email_is_one_shopper(shop: ShopClient) -> None:
    batch = [{"id": f"s{n}", "email": "ann@x.example", "email_verified": True} for n in range(4)]
    answer = (await shop.push("shoppers", batch)).json()

    assert (answer["created"], answer["rejected"]) == (4, 0)
    assert await people(shop) == ["s0"]


async def test_b4_simultaneous_pushes_with_the_same_verified_email_are_one_shopper(shop: ShopClient) -> None:
    answers = await asyncio.gather(*(tell(shop, f"s{n}", email="ann@x.example", email_verified=True) for n in range(5)))

    assert [answer.status_code for answer in answers] == [200] * 5
    assert len(await people(shop)) == 1
    assert len([one for one in await known_by(shop, "s3") if one[0] == "external"]) == 5


async def test_b4_a_telephone_over_its_limit_is_refused_and_not_merged(shop: ShopClient) -> None:
    """A family shares one: by default a verified telephone is one shopper's."""
    await tell(shop, "mother", phone="+49 30 1234", phone_verified=True)
    refused = check_problem(await tell(shop, "child", phone="+49 (30) 12-34", phone_verified=True), 422)

    assert refused["errors"][0]["field"] == "phone"
    assert "limit" in refused["errors"][0]["reason"]
    assert await people(shop) == ["mother"]
    assert (await tell(shop, "child", phone="+49 30 1234")).status_code == 200
    assert await people(shop) == ["child", "mother"]


async def test_b4_up_to_its_limit_a_shared_identifier_merges_and_the_next_row_is_refused(shop: ShopClient) -> None:
    await allow(shop, "phone", 2)
    rows = [{"id": f"s{n}", "phone": "030/1234", "phone_verified": True} for n in range(4)]
    answer = (await shop.push("shoppers", [*rows, {"id": "other"}])).json()

    assert {row["id"]: row["result"] for row in answer["rows"]} == {
        "s0": "created", "s1": "created", "s2": "rejected", "s3": "rejected", "other": "created",
    }  # fmt: skip
    assert await people(shop) == ["other", "s0"]
    assert (await person(shop, "s1"))["id"] == "s0"


async def test_b4_a_refused_row_leaves_the_shopper_as_they_were(shop: ShopClient) -> None:
    await tell(shop, "a", phone="1234", phone_verified=True)
    await tell(shop, "b", name="before")
    check_problem(await tell(shop, "b", name="after", phone="1234", phone_verified=True), 422)

    assert (await person(shop, "b"))["name"] == "before"


async def test_b4_an_email_that_a_document_no_longer_has_is_free_again(shop: ShopClient) -> None:
    await tell(shop, "a", email="ann@x.example", email_verified=True)
    await tell(shop, "a", email="new@x.example", email_verified=True)
    await tell(shop, "b", email="ann@x.example", email_verified=True)

    assert await people(shop) == ["a", "b"]
    assert await known_by(shop, "a") == [("external", "a"), ("email", "new@x.example")]


async def test_b4_the_merchants_server_adds_an_identifier_that_stays(shop: ShopClient) -> None:
    await tell(shop, "a", email="ann@x.example", email_verified=True)
    await tell(shop, "b/2")
    told = {"kind": "email", "value": "Second@x.example", "verified": True}
    added = await shop.api.post("/v1/shopper-identifiers/b/2", json=told)
    await tell(shop, "b/2", name="changed")

    assert added.json()["items"][1]["value"] == "second@x.example"
    assert await known_by(shop, "b/2") == [("external", "b/2"), ("email", "second@x.example")]
    joined = await shop.api.post("/v1/shopper-identifiers/b/2", json=told | {"value": "ann@x.example"})
    assert (joined.status_code, await people(shop)) == (200, ["b/2"])
    assert (await shop.api.get("/v1/shopper-identifiers/a")).json() == joined.json()


async def test_b4_an_added_identifier_obeys_the_limit(shop: ShopClient) -> None:
    await tell(shop, "a", phone="1234", phone_verified=True)
    await tell(shop, "b")
    told = {"kind": "phone", "value": "12 34", "verified": True}

    refused = check_problem(await shop.api.post("/v1/shopper-identifiers/b", json=told), 422)
    assert refused["errors"][0]["field"] == "value"
    assert await known_by(shop, "b") == [("external", "b")]
    check_problem(await shop.api.post("/v1/shopper-identifiers/b", json=told | {"value": "()()"}), 422)
    check_problem(await shop.api.post("/v1/shopper-identifiers/nobody", json=told | {"value": "999999"}), 404)


async def test_b4_the_kind_that_counts_first_decides_who_is_kept(shop: ShopClient) -> None:
    rules = [{"kind": "phone", "priority": 2, "limit": 5}, {"kind": "email", "priority": 3, "limit": 5}]
    await shop.api.put("/v1/identifier-kinds", json={"items": rules})
    await tell(shop, "by-email", email="ann@x.example", email_verified=True)
    await tell(shop, "by-phone", phone="1234", phone_verified=True)
    await tell(shop, "new", email="ann@x.example", email_verified=True, phone="1234", phone_verified=True)

    assert await people(shop) == ["by-phone"]


async def test_b4_rules_left_out_are_the_defaults(shop: ShopClient) -> None:
    defaults = (await shop.api.get("/v1/identifier-kinds")).json()
    await allow(shop, "phone", 3)
    changed = (await shop.api.get("/v1/identifier-kinds")).json()
    await shop.api.put("/v1/identifier-kinds", json={"items": []})

    assert [(one["kind"], one["limit"]) for one in defaults["items"]] == [
        ("external", 50), ("email", 5), ("phone", 1), ("visitor", 3),
    ]  # fmt: skip
    assert changed["items"][2] == {"kind": "phone", "priority": 3, "limit": 3}
    assert (await shop.api.get("/v1/identifier-kinds")).json() == defaults
    twice = {"items": [defaults["items"][0], defaults["items"][0]]}
    check_problem(await shop.api.put("/v1/identifier-kinds", json=twice), 422)
