"""Desk: what a shop's pages and server tell of what was shown and bought, and what it asks about it."""

import itertools
from datetime import UTC, datetime, timedelta
from typing import Any

from tenants.shown_tokens import EPOCH, Place, ShownTokens, read_shown_tokens
from tests.support.shop import Document, ShopClient, event, order

NOON = datetime(2026, 3, 10, 12, tzinfo=UTC)
"""When things are bought, unless a test says otherwise. A Tuesday."""
REPORT = {"from": "2026-03-01", "to": "2026-03-31"}
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


class Desk:
    """A shop, and tokens as its answers carry them, of any day."""

    def __init__(self, shop: ShopClient, tokens: ShownTokens) -> None:
        self.shop, self._tokens = shop, tokens
        self._numbers = itertools.count(1)

    def token(self, product: str, placement: str = "home", *, at: datetime = NOON, arm: str | None = None) -> str:
        day = (at.astimezone(UTC).date() - EPOCH).days
        place = Place(day, placement, "popular", "popular", "exp" if arm else None, arm)
        return self._tokens.make(place, [product])[0].decode()

    async def do(
        self, kind: str, product: str = "p1", placement: str = "home", *, at: datetime = NOON - HOUR, **who: Any
    ) -> str:
        """An event with a token of its day, by the server's word; returns its id. `who`: shopper_id, visitor_id, …"""
        name = who.pop("id", f"e{next(self._numbers):03}")
        told = {"token": self.token(product, placement, at=at), "product_id": product, "occurred_at": at.isoformat()}
        who = who or {"shopper_id": "s1"}
        answer = await self.shop.push("events", [event(name, type=kind, **{**told, **who})])
        assert answer.json()["rejected"] == 0, answer.text
        return str(name)

    async def beacon(self, *events: Document, **more: Any) -> Document:
        """From a page, now."""
        body = {"key": self.shop.keys.publishable.secret, "events": list(events), **more}
        answer = await self.shop.page.post("/public/v1/events", json=body)
        assert answer.status_code == 202, answer.text
        found: Document = answer.json()
        return found

    async def buy(self, *products: str, name: str = "o1", at: datetime = NOON, **fields: Any) -> None:
        """One of each, for 10.00 EUR, by s1 unless somebody else is named."""
        sold = order(name, products or ("p1",), **{"ordered_at": at, "shopper_id": "s1", **fields})
        answer = await self.shop.push("orders", [sold])
        assert answer.json()["rejected"] == 0, answer.text

    async def report(self, **more: str) -> Document:
        answer = await self.shop.api.get("/v1/attribution/report", params={**REPORT, **more})
        assert answer.status_code == 200, answer.text
        found: Document = answer.json()
        return found

    async def earned(self, **more: str) -> dict[str, tuple[int, int]]:
        """By key: revenue after clicks, and after views."""
        rows = (await self.report(**more))["sales"]
        return {row["key"]: (row["clicked_revenue_minor"], row["viewed_revenue_minor"]) for row in rows}

    async def explain(self, **what: str) -> Document:
        answer = await self.shop.api.post("/v1/attribution:explain", json=what)
        assert answer.status_code == 200, answer.text
        found: Document = answer.json()
        return found

    async def why(self, order_id: str = "o1") -> list[str]:
        """A code a line."""
        return [line["code"] for line in (await self.explain(order=order_id))["lines"]]

    async def why_event(self, event_id: str) -> str:
        code: str = (await self.explain(event=event_id))["event"]["code"]
        return code

    async def set_days(self, **days: int) -> None:
        assert (await self.shop.api.put("/v1/attribution-settings", json=days)).status_code == 200

    async def name(self, visitor: str, shopper: str) -> None:
        """The merchant's server says whose browser it is."""
        await self.shop.api.put(f"/v1/shoppers/{shopper}", json={"id": shopper})
        answer = await self.shop.api.post(f"/v1/shopper-visitors/{shopper}", json={"visitor_id": visitor})
        assert answer.status_code == 200, answer.text


async def open_desk(shop: ShopClient) -> Desk:
    async with shop.service.db.tenant(shop.keys.tenant_id) as conn:
        return Desk(shop, await read_shown_tokens(conn))
