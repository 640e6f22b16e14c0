"""Isolation of placements and kept answers: their part of "everything with A's keys and B's ids in every place"."""

import json
from collections.abc import AsyncIterator
from typing import Protocol

import httpx2

from tests.support.shop import Document, ShopClient


class HasB(Protocol):
    """The other shop."""

    @property
    def b(self) -> ShopClient: ...


async def ask_placements(a: ShopClient, pair: HasB) -> AsyncIterator[tuple[str, str, httpx2.Response]]:
    """Template, what, answer."""
    slots = [{"name": name, "product": "only-b", "cart": ["only-b"]} for name in ("only-b", "home-popular")]
    for page in ({"slots": slots}, {"slots": slots, "locale": "zh"}, {"slots": slots, "region": "DE"}):
        yield "GET /public/v1/slots", str(page), await _get(a, page)
    kept = (await _get(pair.b, {"slots": slots})).headers["etag"]
    asked = await _get(a, {"slots": slots}, {"If-None-Match": kept})
    assert asked.status_code == 200, "B's answer is not A's"
    yield "GET /public/v1/slots", "B's ETag", asked


async def _get(shop: ShopClient, page: Document, headers: dict[str, str] | None = None) -> httpx2.Response:
    query = {"key": shop.keys.publishable.secret, "page": json.dumps(page)}
    return await shop.page.get("/public/v1/slots", params=query, headers=headers or {})
