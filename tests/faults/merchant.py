"""Merchant: a shop's server that pushes orders without pause, repeats what got no answer, and notes what it is told."""

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from typing import Any
from uuid import uuid4

import httpx2

from tests.support.polling import until
from tests.support.shop import Document, ShopClient, order

LANES, NEW_ORDERS, CHANGED_ORDERS = 4, 20, 5
PATIENCE_SECONDS = 60
COUNTED = ("received", "created", "updated", "unchanged", "duplicate", "rejected")

Line = tuple[str, int, int]
"""Product, quantity, unit price."""


class Merchant:
    """Every batch has orders that are new and some of the batch before with other lines."""

    def __init__(self, shop: ShopClient) -> None:
        self._shop = shop
        self.told: dict[str, list[Line]] = {}
        """The lines of each order as they were last acknowledged."""
        self.counts: Counter[str] = Counter()
        self.batches = 0
        self.repeats = 0
        """Calls that were not answered with success."""
        self._closing = False

    @asynccontextmanager
    async def pushing(self) -> AsyncIterator[None]:
        """Push until the context ends and every batch that was begun is acknowledged."""
        lanes = [asyncio.create_task(self._lane(f"lane{number}")) for number in range(LANES)]
        try:
            yield
        finally:
            self._closing = True
            await asyncio.gather(*lanes)

    async def push_some(self, batches: int = 12) -> None:
        """Return when so many more batches were acknowledged."""
        goal = self.batches + batches

        async def reached() -> bool:
            return self.batches >= goal

        await until(reached, seconds=PATIENCE_SECONDS)

    async def _lane(self, name: str) -> None:
        turn, before = 0, list[Document]()
        while not self._closing:
            fresh = [_order(f"{name}-{turn}-{number}", 1 + number % 4) for number in range(NEW_ORDERS)]
            changed = [_order(old["id"], len(old["lines"]) % 4 + 2) for old in before[:CHANGED_ORDERS]]
            await self._send(fresh + changed, created=len(fresh), updated=len(changed))
            turn, before = turn + 1, fresh

    async def _send(self, orders: list[Document], *, created: int, updated: int) -> None:
        answer = await self._push_patiently(orders)
        assert (answer["created"], answer["updated"], answer["received"]) == (created, updated, len(orders)), answer
        self.counts.update({name: answer[name] for name in COUNTED})
        self.told |= {one["id"]: lines_of(one) for one in orders}
        self.batches += 1

    async def _push_patiently(self, orders: list[Document]) -> Document:
        """As `api.importing` does: the same key until there is an answer; 503 and a lost connection are none."""
        key, deadline = str(uuid4()), time.monotonic() + PATIENCE_SECONDS
        while True:
            try:
                answer = await self._shop.push("orders", orders, **{"Idempotency-Key": key})
            except httpx2.TransportError:
                pass
            else:
                if answer.status_code == 200:
                    acknowledged: Document = answer.json()
                    return acknowledged
                assert answer.status_code == 503, answer.text
                assert int(answer.headers["retry-after"]) >= 1
            self.repeats += 1
            assert time.monotonic() < deadline, "the service did not come back"
            await asyncio.sleep(0.1)


async def recorded_orders(shop: ShopClient) -> dict[str, list[Line]]:
    """All orders of the shop with their lines, as the API lists them."""
    found = dict[str, list[Line]]()
    after: dict[str, Any] = {}
    while True:
        page = (await shop.api.get("/v1/orders", params={"limit": 1000, **after})).json()
        assert not found.keys() & {one["id"] for one in page["items"]}
        found |= {one["id"]: lines_of(one) for one in page["items"]}
        if page["next"] is None:
            return found
        after = {"after": page["next"]}


async def counted_rows(shop: ShopClient) -> tuple[int, int]:
    """Orders and order lines in the database."""
    async with shop.service.db.tenant(shop.keys.tenant_id) as conn:
        row = await conn.fetchrow("select (select count(*) from orders), (select count(*) from order_lines)")
        assert row is not None
        return row[0], row[1]


def lines_of(document: Document) -> list[Line]:
    lines: Iterable[Document] = document["lines"]
    return [(line["product_id"], line["quantity"], line["unit_price_minor"]) for line in lines]


def _order(order_id: str, lines: int) -> Document:
    return order(order_id, [f"p{number}" for number in range(lines)], shopper_id=f"s{len(order_id) % 7}")
