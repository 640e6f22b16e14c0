"""Purchases read from the record: whose, which orders, which products."""

from datetime import timedelta

from recommender.feedback import read_purchases
from tests.support.shop import MONDAY, ShopClient, order

Line = tuple[str, str, int]
"""Shopper, product, seconds after Monday noon."""


async def read(shop: ShopClient) -> list[Line]:
    async with shop.service.db.tenant(shop.keys.tenant_id) as conn:
        purchases = await read_purchases(conn)
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
