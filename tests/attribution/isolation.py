"""Isolation of attribution: its part of "everything with A's keys and B's ids in every place"."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Protocol

import httpx2

from tests.support.shop import ShopClient, order

Asked = tuple[str, str, httpx2.Response]
REPORT = "/v1/attribution/report?from=2026-01-01&to=2026-12-31"


class HasB(Protocol):
    """The other shop, which sells `same` already."""

    @property
    def b(self) -> ShopClient: ...


async def ask_attribution(a: ShopClient, pair: HasB) -> AsyncIterator[Asked]:
    """Template, what, answer. B's shopper has clicked and bought; their token tells A's shop nothing."""
    b = pair.b
    card = (await b.ask("home-popular", shopper="same")).json()["slots"][0]["products"][0]
    click = {"id": "click-of-b", "type": "click", "token": card["token"]}
    body = {"key": b.keys.publishable.secret, "token": b.token("same"), "events": [click]}
    assert "uncredited" not in (await b.page.post("/public/v1/events", json=body)).json()
    body |= {"key": a.keys.publishable.secret, "token": a.token("same")}
    answer = await a.page.post("/public/v1/events", json=body)
    assert answer.json()["uncredited"][0]["code"] == "wrong"
    yield "POST /public/v1/events", "", answer
    now = datetime.now(UTC)
    await b.push("orders", [order("bought-in-b", [card["id"]], shopper_id="same", ordered_at=now)])
    for asked in ({"order": "bought-in-b"}, {"event": f"client:{click['id']}-2"}, {"order": b.tenant_id}):
        answer = await a.api.post("/v1/attribution:explain", json=asked)
        assert answer.status_code == 404
        yield "POST /v1/attribution:explain", next(iter(asked.values())), answer
    for query in ("", "&by=day", "&by=product", "&format=csv", "&format=csv&table=sold", "&format=csv&table=deeds"):
        answer = await a.api.get(REPORT + query)
        assert answer.status_code == 200, answer.text
        yield "GET /v1/attribution/report", query, answer
    yield "GET /v1/attribution-settings", "", await a.api.get("/v1/attribution-settings")
    yield "PUT /v1/attribution-settings", "", await a.api.put("/v1/attribution-settings", json={"click_days": 7})
    await b.api.delete("/v1/orders/bought-in-b")
