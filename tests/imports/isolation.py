"""Isolation of imports and feeds: their part of "everything with A's keys and B's ids in every place"."""

from collections.abc import AsyncIterator
from typing import Protocol
from uuid import uuid4

import httpx2

from tests.support.shop import ShopClient

FEED = {"url": "https://feeds.shop.example/products.csv", "kind": "products"}


class HasB(Protocol):
    """The other shop."""

    @property
    def b(self) -> ShopClient: ...


async def ask_imports(a: ShopClient, pair: HasB) -> AsyncIterator[tuple[str, str, httpx2.Response]]:
    """Template, what, answer. B has an import and a feed of its own."""
    content = f"id,title,url,price\n{uuid4()},Mug,https://shop.example/x,1.00\n"
    theirs = await pair.b.api.post("/v1/imports", params={"kind": "products"}, content=content)
    await pair.b.api.put("/v1/feeds/only-b", json=FEED)
    import_id = theirs.json()["import_id"]
    ours = await a.api.post("/v1/imports", params={"kind": "products"}, content=content)
    yield "POST /v1/imports", "", ours
    yield "GET /v1/imports", "", await a.api.get("/v1/imports")
    for address in ("/v1/imports/{id}", "/v1/imports/{id}/rejects"):
        for name in (import_id, "only-b", pair.b.tenant_id):
            answer = await a.api.get(address.replace("{id}", name))
            assert answer.status_code == 404
            yield f"GET {address}", name, answer
    yield "PUT /v1/feeds/{id}", "", await a.api.put("/v1/feeds/mine", json=FEED)
    yield "GET /v1/feeds", "", await a.api.get("/v1/feeds")
    yield "DELETE /v1/feeds/{id}", "only-b", await a.api.delete("/v1/feeds/only-b")
