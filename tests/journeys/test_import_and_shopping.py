"""Four merchants' imports at once, and shoppers who meanwhile look at pages of the same service."""

import asyncio
from collections import Counter

from tests.support.shop import ShopClient, order, product

IMPORTERS, CALLS, ROWS = 4, 4, 1000


async def test_four_importers_do_not_make_one_slot_request_fail(shop: ShopClient, other_shop: ShopClient) -> None:
    await shop.stock("p1", "p2", "p3")
    stop, answers = asyncio.Event(), Counter[int]()
    shoppers = [asyncio.create_task(_look(shop, stop, answers)) for _ in range(4)]

    imported = await asyncio.gather(*(_import(other_shop, number) for number in range(IMPORTERS)))
    stop.set()
    await asyncio.gather(*shoppers)

    assert imported == [CALLS * ROWS] * IMPORTERS
    assert set(answers) == {200}
    assert answers[200] > IMPORTERS * CALLS


async def _import(shop: ShopClient, number: int) -> int:
    """Products and orders in turns; returns how many rows were new."""
    created = 0
    for call in range(CALLS):
        ids = [f"i{number}-{call}-{row}" for row in range(ROWS)]
        kind = "products" if call % 2 else "orders"
        rows = [product(name) if call % 2 else order(name, [name, "p1"], shopper_id=f"s{name}") for name in ids]
        answer = await shop.push(kind, rows)
        assert answer.status_code == 200, answer.text
        created += answer.json()["created"]
    return created


async def _look(shop: ShopClient, stop: asyncio.Event, answers: Counter[int]) -> None:
    while not stop.is_set():
        answers[(await shop.ask("home-for-you", "home-popular")).status_code] += 1
