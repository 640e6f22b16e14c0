"""Household: what shoppers of these tests buy, and what their pages ask."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from typing import Any

import httpx2

from tenants.replenishment import pool_consumption
from tests.support.service import Service
from tests.support.shop import Document, ShopClient, order

EXAMPLE = {date(2025, 1, 1): 10, date(2025, 1, 31): 10, date(2025, 3, 2): 20}
"""Of the product's row I6: a third of a unit a day, runs out on 1 May 2025."""
APRIL = date(2025, 4, 20)


async def buy(
    shop: ShopClient, shopper: str | None, bought: Mapping[date, int], product: str = "soap", **fields: Any
) -> None:
    """An order a day, at noon."""
    orders = []
    for day, units in bought.items():
        line = {"product_id": product, "quantity": units, "unit_price_minor": 100}
        at = datetime(day.year, day.month, day.day, 12, tzinfo=UTC)
        one = order(f"{shopper}-{product}-{day}", [], ordered_at=at) | {"lines": [line], "shopper_id": shopper}
        orders.append(one | fields)
    answer = await shop.push("orders", orders)
    assert answer.json()["rejected"] == 0, answer.text


@contextmanager
def today(service: Service, day: date) -> Iterator[None]:
    """As if it were noon of that day."""
    service.clock.ahead = datetime(day.year, day.month, day.day, 12, tzinfo=UTC) - datetime.now(UTC)
    try:
        yield
    finally:
        service.clock.ahead = timedelta()


async def ask(shop: ShopClient, what: str, shopper: str, **more: Any) -> httpx2.Response:
    """What a page of this shopper asks, who is vouched for by a token."""
    body = {"key": shop.keys.publishable.secret, "token": shop.token(shopper), **more}
    return await shop.page.post(f"/public/v1/again:{what}", json=body)


async def listed(shop: ShopClient, shopper: str, **more: Any) -> list[Document]:
    """The items of the list."""
    answer = await ask(shop, "list", shopper, **more)
    assert answer.status_code == 200, answer.text
    items: list[Document] = answer.json()["items"]
    return items


async def ids(shop: ShopClient, shopper: str, **more: Any) -> list[str]:
    return [item["id"] for item in await listed(shop, shopper, **more)]


async def supplies(shop: ShopClient, shopper: str, **query: Any) -> dict[str, Document]:
    """What the merchant's server is told, by product."""
    answer = await shop.api.get(f"/v1/replenishment/{shopper}", params=query)
    assert answer.status_code == 200, answer.text
    return {item["product_id"]: item for item in answer.json()["items"]}


async def pool(shop: ShopClient, day: date) -> int:
    """The job."""
    now = datetime(day.year, day.month, day.day, 12, tzinfo=UTC)
    async with shop.service.db.tenant(shop.keys.tenant_id) as conn:
        return await pool_consumption(conn, now=now)
