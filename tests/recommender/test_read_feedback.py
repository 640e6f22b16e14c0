"""Feedback read from the record: whose, which orders, which products, what the catalogue says, what was looked at."""

from datetime import timedelta

import numpy as np

from recommender.feedback import Feedback
from recommender.read_feedback import parse_purchases, read_feedback
from tests.privacy.people import decide
from tests.profile.merchant import define, tell
from tests.support.shop import MONDAY, ShopClient, event, order

Line = tuple[str, str, int]
"""Shopper, product, seconds after Monday noon."""


async def everything(shop: ShopClient) -> Feedback:
    async with shop.service.db.tenant(shop.keys.tenant_id) as conn:
        return await read_feedback(conn)


async def read(shop: ShopClient) -> list[Line]:
    purchases = (await everything(shop)).purchases
    shoppers, products = list(purchases.shoppers), list(purchases.products)
    start = int(MONDAY.timestamp())
    rows = zip(purchases.shopper_indices, purchases.product_indices, purchases.ordered_at_s, strict=True)
    return [(shoppers[shopper], products[product], int(at) - start) for shopper, product, at in rows]


async def test_each_line_of_a_known_shopper_and_product_counts(shop: ShopClient) -> None:
    await shop.stock("p1", "p2")
    orders = [
        order("A1", ["p1", "p2"], shopper_id="ann"),
        order("A2", ["p1"], shopper_id="bo", ordered_at=MONDAY + timedelta(minutes=1)),
    ]
    await shop.push("orders", orders)
    assert await read(shop) == [("ann", "p1", 0), ("ann", "p2", 0), ("bo", "p1", 60)]


async def test_a_shop_without_orders_has_no_purchases(shop: ShopClient) -> None:
    assert await read(shop) == []


async def test_cancelled_and_returned_orders_do_not_count(shop: ShopClient) -> None:
    await shop.stock("p1")
    statuses = ["placed", "paid", "shipped", "completed", "cancelled", "returned"]
    await shop.push("orders", [order(status, ["p1"], shopper_id=status, status=status) for status in statuses])
    assert {shopper for shopper, _, _ in await read(shop)} == {"placed", "paid", "shipped", "completed"}


async def test_guests_count_for_nobody(shop: ShopClient) -> None:
    await shop.stock("p1")
    await shop.push("orders", [order("A1", ["p1"]), order("A2", ["p1"], shopper_id="ann")])
    assert await read(shop) == [("ann", "p1", 0)]


async def test_deleted_and_unknown_products_do_not_count(shop: ShopClient) -> None:
    await shop.stock("kept", "gone")
    await shop.push("orders", [order("A1", ["kept", "gone", "never-told"], shopper_id="ann")])
    assert (await shop.api.delete("/v1/products/gone")).status_code == 204
    assert await read(shop) == [("ann", "kept", 0)]


async def test_deleted_shoppers_do_not_count(shop: ShopClient) -> None:
    await shop.stock("p1")
    await shop.push("orders", [order("A1", ["p1"], shopper_id="ann"), order("A2", ["p1"], shopper_id="bo")])
    assert (await shop.api.delete("/v1/shoppers/ann")).status_code == 204
    assert await read(shop) == [("bo", "p1", 0)]


async def test_another_tenants_rows_under_the_same_ids_do_not_count(shop: ShopClient, other_shop: ShopClient) -> None:
    for one, day in ((shop, 0), (other_shop, 1)):
        await one.stock("p1")
        await one.push("orders", [order("A1", ["p1"], shopper_id="ann", ordered_at=MONDAY + timedelta(days=day))])
    assert await read(shop) == [("ann", "p1", 0)]
    assert await read(other_shop) == [("ann", "p1", 86_400)]


async def test_ids_with_commas_quotes_and_line_ends_come_through(shop: ShopClient) -> None:
    odd = ['a,"b"', "c d", "null", "é\u2028", "'"]
    await shop.stock(*odd, url="https://shop.example/odd", image_urls=[])
    await shop.push("orders", [order(str(number), [one], shopper_id=one) for number, one in enumerate(odd)])
    assert sorted(await read(shop)) == sorted((one, one, 0) for one in odd)


async def test_the_catalogue_says_brand_categories_and_the_finest_of_them_as_the_type(shop: ShopClient) -> None:
    await shop.stock("b1", brand="Acme", categories=["Shoes", "Boots"], price_minor=4900)
    await shop.stock("a1", "gone")
    assert (await shop.api.delete("/v1/products/gone")).status_code == 204
    facts = (await everything(shop)).facts
    assert list(facts.products) == ["a1", "b1"]
    assert facts.prices_minor.tolist() == [1000, 4900]
    assert list(facts.features) == ["brand:Acme", "category:Boots", "category:Shoes", "type:Boots"]
    assert facts.types.tolist() == [-1, 3]
    assert facts.starts.tolist() == [0, 0, 4]


async def test_a_days_looks_are_one_and_only_those_of_known_shoppers_and_products(shop: ShopClient) -> None:
    await shop.stock("p1", "p2")
    await shop.push("orders", [order("A1", ["p1", "p2"], shopper_id="ann"), order("A2", ["p1"], shopper_id="bo")])
    seen = [
        event("e1", shopper_id="ann"),
        event("e2", shopper_id="ann", type="cart"),
        event("e3", shopper_id="ann", occurred_at=(MONDAY + timedelta(days=1)).isoformat()),
        event("e4", visitor_id="nobody"),
        event("e5", shopper_id="ann", product_id="unknown"),
        event("e6", shopper_id="ann", type="impression", product_id="p2"),
    ]
    assert (await shop.push("events", seen)).json()["created"] == 6
    interest = (await everything(shop)).interest
    assert interest.shopper_indices.tolist() == interest.product_indices.tolist() == [0, 0]
    assert sorted(interest.weights.tolist()) == sorted(np.array([0.3, 0.1], np.float32).tolist())


async def test_what_was_left_out_is_counted(shop: ShopClient) -> None:
    await shop.stock("p1")
    await shop.push(
        "orders",
        [order("A1", ["p1", "unknown"], shopper_id="ann"), order("A2", ["p1"]), order("A3", ["p1"], status="returned")],
    )
    counted = (await everything(shop)).counted
    assert (counted.lines, counted.guest_lines, counted.unknown_product_lines) == (3, 1, 1)


async def memberships(shop: ShopClient) -> set[tuple[str, str]]:
    found = (await everything(shop)).segments
    shoppers, names = found.shoppers.ids, found.names.ids
    pairs = zip(found.shopper_indices.tolist(), found.segment_indices.tolist(), strict=True)
    return {(shoppers[shopper], names[name]) for shopper, name in pairs}


async def test_r4_segments_are_texts_choices_and_flags_that_may_personalise(shop: ShopClient) -> None:
    await define(shop, "job", "text")
    await define(shop, "member", "boolean")
    await define(shop, "size", "choice", choices=["S", "M"])
    await define(shop, "age", "integer")
    await define(shop, "width", "text", purpose="measurements")
    await define(shop, "line", "text", classes=["product"])
    await tell(shop, "ann", job="nurse", member=True, size="S", age=40, width="wide", line="x", free="text")
    await tell(shop, "bo", job=None, member=False)
    await tell(shop, "cy", job="")
    assert await memberships(shop) == {
        ("ann", "job=nurse"), ("ann", "member=true"), ("ann", "size=S"), ("bo", "member=false"),
    }  # fmt: skip


async def test_r4_a_value_that_does_not_fit_its_definition_any_more_is_unknown(shop: ShopClient) -> None:
    await tell(shop, "ann", size="XXL", member="yes")
    await tell(shop, "bo", size="M", member=True)
    await define(shop, "size", "choice", choices=["S", "M"])
    await define(shop, "member", "boolean")
    assert await memberships(shop) == {("bo", "member=true"), ("bo", "size=M")}


async def test_r4_who_does_not_want_to_be_recognised_is_in_no_segment(shop: ShopClient) -> None:
    await define(shop, "job", "text")
    await tell(shop, "ann", job="nurse")
    await tell(shop, "bo", job="nurse")
    await decide(shop, "bo", granted=False)
    assert await memberships(shop) == {("ann", "job=nurse")}


async def test_r4_segments_come_from_twenty_attributes_at_the_most(shop: ShopClient) -> None:
    for number in range(22):
        await define(shop, f"a{number:02}", "text")
    await tell(shop, "ann", **{f"a{number:02}": "x" for number in range(22)})
    assert await memberships(shop) == {("ann", f"a{number:02}=x") for number in range(20)}


async def test_r4_another_tenants_attributes_are_not_read(shop: ShopClient, other_shop: ShopClient) -> None:
    await define(other_shop, "job", "text")
    await tell(other_shop, "ann", job="nurse")
    await tell(shop, "ann", job="nurse")
    assert await memberships(shop) == set()


def test_ids_with_quotes_commas_line_breaks_and_the_word_null_come_through_the_csv() -> None:
    csv = 'null,"a,""b""",60\n"x\ny",NA,61\n 7 ,00012,62\n'
    purchases = parse_purchases(memoryview(csv.encode()))
    assert list(purchases.shoppers) == [" 7 ", "null", "x\ny"]
    assert list(purchases.products) == ["00012", "NA", 'a,"b"']
    assert purchases.ordered_at_s.tolist() == [62, 60, 61]
    assert purchases.product_indices.tolist() == [0, 2, 1]


def test_no_lines_are_no_purchases() -> None:
    assert len(parse_purchases(memoryview(b""))) == 0
