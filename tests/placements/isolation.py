"""Isolation of placements and kept answers: their part of "everything with A's keys and B's ids in every place"."""

import json
from collections.abc import AsyncIterator
from typing import Protocol

import httpx2

from api.paging import make_cursor
from tests.support.shop import Document, ShopClient

ADDED = ("standard", "created_at", "updated_at")


class HasB(Protocol):
    """The other shop."""

    @property
    def b(self) -> ShopClient: ...


async def ask_placements(a: ShopClient, pair: HasB) -> AsyncIterator[tuple[str, str, httpx2.Response]]:
    """Template, what, answer."""
    slots = [{"name": name, "product": "only-b", "exclude": ["only-b"]} for name in ("only-b", "home-popular")]
    for page in ({"slots": slots}, {"slots": slots, "locale": "zh"}, {"slots": slots, "region": "DE"}):
        yield "GET /public/v1/slots", str(page), await _get(a, page)
    kept = (await _get(pair.b, {"slots": slots})).headers["etag"]
    asked = await _get(a, {"slots": slots}, {"If-None-Match": kept})
    assert asked.status_code == 200, "B's answer is not A's"
    yield "GET /public/v1/slots", "B's ETag", asked
    await _draft(pair.b)
    for name in ("drafted-by-b", f"{pair.b.tenant_id}/same"):
        for verb in ("publish", "discard", "diff", "preview"):
            answer = await _act(a, verb, {"id": name})
            assert answer.status_code == 404
            yield f"POST /v1/placements:{verb}", name, answer
        answer = await _act(a, "rollback", {"id": name, "version": 1})
        assert answer.status_code == 404
        yield "POST /v1/placements:rollback", name, answer
        listed = await _act(a, "versions", {"id": name})
        assert listed.json() == {"items": [], "next": None}
        yield "POST /v1/placements:versions", name, listed
    for query in ("", f"?after={make_cursor('a')}"):
        yield "GET /v1/placements:drafts", query, await a.api.get(f"/v1/placements:drafts{query}")
    mine = {"id": "same", "strategy": "new", "heading": "plain"}
    for verb, body in (
        ("draft", mine),
        ("diff", {"id": "same"}),
        ("preview", {"id": "same"}),
        ("publish", {"id": "same"}),
    ):
        answer = await _act(a, verb, body)
        assert answer.status_code == 200, answer.text
        yield f"POST /v1/placements:{verb}", "same", answer
    yield "POST /v1/placements:versions", "same", await _act(a, "versions", {"id": "same"})


async def _draft(b: ShopClient) -> None:
    """With B's words in it: of a placement that A has too, and of one that nobody else has."""
    placement = (await b.api.get("/v1/placements/same")).json()
    document = {one: value for one, value in placement.items() if one not in ADDED}
    for name in ("same", "drafted-by-b"):
        assert (await _act(b, "draft", {**document, "id": name, "limit": 3})).status_code == 200


async def _act(shop: ShopClient, verb: str, body: Document) -> httpx2.Response:
    return await shop.api.post(f"/v1/placements:{verb}", json=body)


async def _get(shop: ShopClient, page: Document, headers: dict[str, str] | None = None) -> httpx2.Response:
    query = {"key": shop.keys.publishable.secret, "page": json.dumps(page)}
    return await shop.page.get("/public/v1/slots", params=query, headers=headers or {})
