"""Isolation of themes, style sheets and included markup: their part of "everything with A's keys and B's ids"."""

from collections.abc import AsyncIterator
from typing import Protocol

import httpx2

from tests.support.shop import ShopClient


class HasB(Protocol):
    """The other shop."""

    @property
    def b(self) -> ShopClient: ...


async def ask_include(a: ShopClient, pair: HasB) -> AsyncIterator[tuple[str, str, httpx2.Response]]:
    """Template, what, answer. B's theme and placements have colours and names of their own."""
    stored = await pair.b.api.put("/v1/theme", json={"sale": "#b0b1b2"})
    assert stored.status_code == 200, stored.text
    for document in ({}, {"sale": "#101112"}):
        yield "PUT /v1/theme", str(document), await a.api.put("/v1/theme", json=document)
    yield "GET /v1/theme", "", await a.api.get("/v1/theme")
    key = a.keys.publishable.secret
    sheet = await a.page.get("/w/v1/shop.css", params={"key": key})
    assert "only-b" not in sheet.text
    assert "#b0b1b2" not in sheet.text
    yield "GET /w/v1/shop.css", "", sheet
    theirs = await pair.b.page.get("/w/v1/include", params={"key": pair.b.keys.publishable.secret, "name": "only-b"})
    for name in ("same", "only-b", "home-popular", pair.b.tenant_id):
        for more in ({}, {"product": "only-b"}, {"cart": "only-b same"}, {"exclude": "only-b"}):
            query = {"key": key, "name": name, **more}
            for headers in ({}, {"Lastbook-Token": a.token("same")}, {"If-None-Match": theirs.headers["etag"]}):
                asked = await a.page.get("/w/v1/include", params=query, headers=headers)
                assert asked.status_code == 200, asked.text
                yield "GET /w/v1/include", name, asked
    asked = await a.page.get(
        "/w/v1/include", params={"key": key, "name": "same"}, headers={"Lastbook-Token": pair.b.token("same")}
    )
    assert asked.status_code == 401, asked.text
    yield "GET /w/v1/include", "B's token", asked
