"""Lists: page by page, everything once, whatever comes and goes meanwhile."""

from collections.abc import Callable

import pytest

from tests.support.problems import check_problem
from tests.support.shop import Document, ShopClient, event, order, product

DOCUMENTS: dict[str, Callable[[str], Document]] = {
    "products": product,
    "orders": lambda name: order(name, ["p1"]),
    "events": event,
    "shoppers": lambda name: {"id": name},
}


async def page(shop: ShopClient, kind: str, limit: int, after: str | None) -> tuple[list[str], str | None]:
    query = {"limit": str(limit)} | ({"after": after} if after else {})
    answer: Document = (await shop.api.get(f"/v1/{kind}", params=query)).json()
    return [item["id"] for item in answer["items"]], answer["next"]


async def walk(shop: ShopClient, kind: str, limit: int) -> list[str]:
    names, after = await page(shop, kind, limit, None)
    while after:
        more, after = await page(shop, kind, limit, after)
        names += more
    return names


@pytest.mark.parametrize("kind", DOCUMENTS)
async def test_pages_hold_everything_once_while_rows_come_and_go(shop: ShopClient, kind: str) -> None:
    wanted = [f"{number:03}" for number in range(0, 100, 2)]
    await shop.push(kind, [DOCUMENTS[kind](name) for name in wanted])

    names, after = await page(shop, kind, 7, None)
    for number in range(1, 100, 2):
        await shop.push(kind, [DOCUMENTS[kind](f"{number:03}")])
        if number == 51:
            await shop.api.delete(f"/v1/{kind}/090")
            await shop.api.delete(f"/v1/{kind}/000")
        if after:
            more, after = await page(shop, kind, 7, after)
            names += more
    while after:
        more, after = await page(shop, kind, 7, after)
        names += more

    assert len(names) == len(set(names)), "a row came twice"
    assert set(wanted) - {"090"} <= set(names), "a row was left out"
    assert names == sorted(names)


@pytest.mark.parametrize("limit", [1, 2, 3, 6, 7, 1000])
async def test_every_page_size_leads_through_odd_ids(shop: ShopClient, limit: int) -> None:
    names = ["a", "A", "a b", "ä", "z", "日本", "💥", "-", "~/~", "%"]
    await shop.push("shoppers", [{"id": name} for name in names])

    assert await walk(shop, "shoppers", limit) == sorted(names)


async def test_an_empty_list_has_no_next_page(shop: ShopClient) -> None:
    assert (await shop.api.get("/v1/orders")).json() == {"items": [], "next": None}


async def test_a_deleted_document_is_gone_from_its_list(shop: ShopClient) -> None:
    await shop.stock("p1", "p2")
    await shop.api.delete("/v1/products/p1")

    assert await walk(shop, "products", 100) == ["p2"]
    check_problem(await shop.api.get("/v1/products/p1"), 404)


async def test_a_deleted_shopper_leaves_orders_and_events_without_a_name(shop: ShopClient) -> None:
    await shop.push("orders", [order("A1", ["p1"], shopper_id="s1")])
    await shop.push("events", [event("e1", shopper_id="s1")])
    assert (await shop.api.delete("/v1/shoppers/s1")).status_code == 204

    assert (await shop.api.get("/v1/orders/A1")).json().get("shopper_id") is None
    assert (await shop.api.get("/v1/events/e1")).json().get("shopper_id") is None
