"""Attributes of orders: typed like those of products and shoppers, and gone with the person (B5)."""

from typing import Any

from tests.imports.support import counts, import_bytes, rejects
from tests.privacy.people import erase
from tests.profile.merchant import define
from tests.support.problems import check_problem
from tests.support.shop import Document, ShopClient, order


async def stored(shop: ShopClient, order_id: str) -> Document:
    answer = await shop.api.get(f"/v1/orders/{order_id}")
    assert answer.status_code == 200, answer.text
    found: Document = answer.json()
    return found


async def put(shop: ShopClient, order_id: str, **fields: Any) -> str:
    answer = await shop.api.put(f"/v1/orders/{order_id}", json=order(order_id, ["p1"], **fields))
    assert answer.status_code == 200, answer.text
    result: str = answer.json()["result"]
    return result


async def test_b5_an_order_carries_typed_attributes(shop: ShopClient) -> None:
    await define(shop, "channel", "choice", choices=["web", "till"], classes=["order"])
    await define(shop, "weight", "number", classes=["order"])

    assert await put(shop, "o1", attributes={"channel": "web", "weight": 1.5, "note": "undefined"}) == "created"
    assert await put(shop, "o1", attributes={"note": "undefined", "weight": 1.5, "channel": "web"}) == "unchanged"

    assert (await stored(shop, "o1"))["attributes"] == {"channel": "web", "weight": 1.5, "note": "undefined"}
    listed = (await shop.api.get("/v1/orders")).json()["items"]
    assert [one["attributes"] for one in listed] == [(await stored(shop, "o1"))["attributes"]]
    assert await put(shop, "o1") == "updated"
    assert (await stored(shop, "o1"))["attributes"] == {}


async def test_b5_a_wrong_type_is_refused_with_the_path_and_in_a_batch_only_its_row(shop: ShopClient) -> None:
    await define(shop, "weight", "number", classes=["order"])
    await define(shop, "size", "number", classes=["product"])
    wrong = order("o1", ["p1"], attributes={"weight": "heavy"})

    problem = check_problem(await shop.api.put("/v1/orders/o1", json=wrong), 422)
    answer = (await shop.push("orders", [wrong, order("o2", ["p1"], attributes={"size": "L"})])).json()

    assert [error["field"] for error in problem["errors"]] == ["attributes.weight"]
    assert (answer["created"], answer["rejected"]) == (1, 1)
    assert answer["rows"][0]["errors"][0]["field"] == "attributes.weight"
    check_problem(await shop.api.get("/v1/orders/o1"), 404)


async def test_b5_a_shop_that_is_strict_about_orders_takes_defined_attributes_only(shop: ShopClient) -> None:
    assert (await shop.api.put("/v1/attributes:settings", json={"strict": ["order"]})).status_code == 200

    wrong = await shop.api.put("/v1/orders/o1", json=order("o1", ["p1"], attributes={"note": "x"}))

    assert check_problem(wrong, 422)["errors"][0]["field"] == "attributes.note"
    assert await put(shop, "o1") == "created"


async def test_b5_a_file_of_orders_in_the_api_s_form_carries_attributes(shop: ShopClient) -> None:
    await define(shop, "weight", "number", classes=["order"])
    start = '{"id":"%s","ordered_at":"2026-03-02T12:00:00Z","currency":"EUR","attributes":{"weight":%s},'
    lines = '"lines":[{"product_id":"p1","quantity":1,"unit_price_minor":5}]}\n'

    run = await import_bytes(shop, start % ("o1", "2.5") + lines + start % ("o2", '"x"') + lines, "orders")

    assert counts(run) == {"created": 1, "rejected": 1}
    assert [(line, field) for line, field, _ in await rejects(shop, run)] == [(2, "attributes.weight")]
    assert (await stored(shop, "o1"))["attributes"] == {"weight": 2.5}


async def test_b7_an_erased_person_s_orders_lose_their_attributes_and_get_none_again(shop: ShopClient) -> None:
    await put(shop, "o1", shopper_id="ann", attributes={"present": "for Ann"})

    await erase(shop, shopper_id="ann")

    assert (await stored(shop, "o1"))["attributes"] == {}
    for order_id in ("o1", "o2"):
        await put(shop, order_id, shopper_id="ann", attributes={"present": "for Ann"})
        kept = await stored(shop, order_id)
        assert (kept["shopper_id"], kept["attributes"]) == (None, {})
