"""Tenant-defined attributes: typed, refused with the field's path, and each tenant's own (B5)."""

from typing import Any

import pytest

from tests.profile.merchant import define, known, tell
from tests.support.problems import check_problem
from tests.support.shop import ShopClient, event, product

COLOUR = {"id": "colour", "type": "choice", "choices": ["red", "blue"]}


@pytest.mark.parametrize(
    ("kind", "fields", "right", "wrong"),
    [
        ("text", {}, ["", "Ada", "5"], [5, True, 1.5]),
        ("integer", {}, [0, -3, 2**53], ["3", 1.5, True]),
        ("number", {"unit": "kg"}, [1, 1.5, -0.25], ["1.5", False]),
        ("boolean", {}, [True, False], [1, 0, "true"]),
        (
            "date",
            {},
            ["1985-10-26", "2024-02-29"],
            ["2023-02-29", "26.10.1985", "1985-10-26T01:21:00Z", "0085-01-01", 85],
        ),
        ("choice", {"choices": ["red", "blue"]}, ["red", "blue"], ["green", "", "Red", 1]),
        ("place", {}, ["NL", "NL/Utrecht/3511 AB", "DE/Köln"], ["nl", "NLD", "NL/", "NL//x", "NL/ x", "Utrecht", 31]),
    ],
)
async def test_b5_wrong_type_is_refused_with_the_path_of_the_field(
    shop: ShopClient, kind: str, fields: dict[str, Any], right: list[Any], wrong: list[Any]
) -> None:
    await define(shop, "thing", kind, **fields)

    for value in [*right, None]:
        await tell(shop, "s1", thing=value)
    for value in wrong:
        answer = await shop.api.put("/v1/shoppers/s1", json={"id": "s1", "attributes": {"thing": value}})
        problem = check_problem(answer, 422)
        assert [error["field"] for error in problem["errors"]] == ["attributes.thing"], value
    assert (await shop.api.get("/v1/shoppers/s1")).json()["attributes"] == {"thing": None}


async def test_b5_a_batch_names_the_row_and_the_path_and_stores_the_others(shop: ShopClient) -> None:
    await define(shop, "birthday", "date")
    rows = [{"id": f"s{n}", "attributes": {"birthday": "1990-01-01"}} for n in range(1, 6)]
    rows[2]["attributes"] = {"birthday": "soon"}

    answer = (await shop.push("shoppers", rows)).json()

    assert (answer["created"], answer["rejected"]) == (4, 1)
    bad = answer["rows"][2]
    assert (bad["line"], bad["id"], bad["result"]) == (3, "s3", "rejected")
    assert bad["errors"][0]["field"] == "attributes.birthday"
    assert (await shop.api.get("/v1/shoppers/s3")).status_code == 404


async def test_b5_an_undefined_attribute_is_kept_unless_the_shop_is_strict(shop: ShopClient) -> None:
    await define(shop, "birthday", "date")
    await tell(shop, "s1", birthday="1990-01-01", nickname="Ada")
    assert (await known(shop, "s1"))["nickname"] | {"updated_at": ""} == {
        "name": "nickname", "type": None, "value": "Ada", "unit": "", "updated_at": "", "stale": False
    }  # fmt: skip

    answer = await shop.api.put("/v1/attributes:settings", json={"strict": ["shopper"]})
    assert answer.json() == (await shop.api.get("/v1/attributes:settings")).json() == {"strict": ["shopper"]}
    refused = await shop.api.put("/v1/shoppers/s2", json={"id": "s2", "attributes": {"nickname": "Bob"}})

    assert check_problem(refused, 422)["errors"][0]["field"] == "attributes.nickname"
    await shop.stock("p1", attributes={"anything": 1})


async def test_b5_definitions_are_listed_changed_and_deleted(shop: ShopClient) -> None:
    first = await shop.api.put("/v1/attributes/colour", json=COLOUR)
    again = await shop.api.put("/v1/attributes/colour", json=COLOUR)
    changed = await shop.api.put("/v1/attributes/colour", json=COLOUR | {"choices": ["red"], "weight": 3})
    assert [one.json()["result"] for one in (first, again, changed)] == ["created", "unchanged", "updated"]

    listed = (await shop.api.get("/v1/attributes")).json()["items"]
    assert [(one["id"], one["choices"], one["weight"], one["classes"]) for one in listed] == [
        ("colour", ["red"], 3, ["shopper"])
    ]
    refused = await shop.api.put("/v1/shoppers/s1", json={"id": "s1", "attributes": {"colour": "blue"}})
    check_problem(refused, 422)

    assert (await shop.api.delete("/v1/attributes/colour")).status_code == 204
    check_problem(await shop.api.get("/v1/attributes/colour"), 404)
    await tell(shop, "s1", colour="blue")


@pytest.mark.parametrize(
    "fields",
    [
        {"type": "colour"},
        {"type": "choice"},
        {"type": "text", "choices": ["a"]},
        {"type": "choice", "choices": ["a", "a"]},
        {"type": "date", "unit": "days"},
        {"type": "text", "classes": []},
        {"type": "text", "classes": ["basket"]},
        {"type": "text", "purpose": "advertising"},
        {"type": "text", "weight": 0},
        {"type": "text", "weight": 1.5},
        {"type": "text", "stale_after_days": 0},
        {"type": "text", "ask_text": {"no locale": "Who?"}},
        {"type": "text", "unknown": 1},
    ],
)
async def test_b5_a_definition_that_makes_no_sense_is_refused(shop: ShopClient, fields: dict[str, Any]) -> None:
    check_problem(await shop.api.put("/v1/attributes/x", json={"id": "x"} | fields), 422)


async def test_b5_products_and_events_carry_typed_attributes_too(shop: ShopClient) -> None:
    await define(shop, "size", "integer", classes=["product", "event"])

    bad = await shop.push("products", [product("p1", attributes={"size": "L"}), product("p2", attributes={"size": 42})])
    assert bad.json()["rows"][0]["errors"][0]["field"] == "attributes.size"
    assert (bad.json()["created"], bad.json()["rejected"]) == (1, 1)
    told = await shop.push("events", [event("e1", properties={"size": "L"}), event("e2", properties={"size": 42})])
    assert told.json()["rows"][0]["errors"][0]["field"] == "properties.size"
    assert (told.json()["created"], told.json()["rejected"]) == (1, 1)
    await tell(shop, "s1", size="L")


@pytest.mark.parametrize("kind", ["complaint", "rating", "contact", "credit", "payment"])
async def test_b5_dynamic_events_of_a_shopper_are_recorded(shop: ShopClient, kind: str) -> None:
    told = event("e1", type=kind, shopper_id="s1", value=4.5, properties={"channel": "phone"})

    assert (await shop.push("events", [told])).json()["created"] == 1
    stored = (await shop.api.get("/v1/events/e1")).json()
    assert (stored["type"], stored["shopper_id"], stored["value"]) == (kind, "s1", 4.5)


async def test_b5_standard_attributes_are_switched_on_by_name(shop: ShopClient) -> None:
    shipped = {one["id"]: one for one in (await shop.api.get("/v1/attributes:standard")).json()["items"]}
    assert {"birthday", "family_size", "education", "income_band", "address_area"} <= {*shipped}

    answer = await shop.api.post("/v1/attributes:standard", json={"ids": [*shipped, "birthday"]})
    again = await shop.api.post("/v1/attributes:standard", json={"ids": ["birthday"]})

    assert {one["id"]: one["result"] for one in answer.json()["items"]} == dict.fromkeys(shipped, "created")
    assert again.json() == {"items": [{"id": "birthday", "result": "unchanged"}]}
    stored = {one["id"]: one for one in (await shop.api.get("/v1/attributes")).json()["items"]}
    assert {name: stored[name] | one for name, one in shipped.items()} == stored
    refused = await shop.api.post("/v1/attributes:standard", json={"ids": ["birthday", "shoe_colour"]})
    assert check_problem(refused, 422)["errors"][0]["field"] == "ids[1]"


async def test_b5_definitions_and_settings_are_each_tenants_own(shop: ShopClient, other_shop: ShopClient) -> None:
    await define(shop, "birthday", "date")
    await shop.api.put("/v1/attributes:settings", json={"strict": ["shopper"]})

    await tell(other_shop, "s1", birthday="soon", nickname="Ada")
    assert (await other_shop.api.get("/v1/attributes")).json()["items"] == []
    assert (await other_shop.api.get("/v1/attributes:settings")).json() == {"strict": []}
    check_problem(await other_shop.api.get("/v1/attributes/birthday"), 404)
    check_problem(await other_shop.api.delete("/v1/attributes/birthday"), 404)
    assert (await shop.api.get("/v1/attributes/birthday")).status_code == 200
