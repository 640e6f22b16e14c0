"""Isolation of made-to-measure campaigns: their part of "everything with A's keys and B's ids in every place"."""

from collections.abc import AsyncIterator
from typing import Protocol

import httpx2

from tests.campaigns.merchant import campaign, reserve
from tests.options.shoes import choice, document, publish_at, text
from tests.support.shop import Document, ShopClient

CARD = {"product_id": "made-card", "made": True}


class Pair(Protocol):
    """Two shops with the same ids; the canaries stand in B's rows only."""

    @property
    def b(self) -> ShopClient: ...

    @property
    def canaries(self) -> list[str]: ...


async def ask_made_campaigns(a: ShopClient, pair: Pair) -> AsyncIterator[tuple[str, str, httpx2.Response]]:
    """Template, what, answer. Both have the same campaign of cards; B has a preorder of one, with the canary on it."""
    for shop in (a, pair.b):
        await _offer(shop)
    words = {"words": pair.canaries[0]}
    used, free = [await _quote(pair.b, words), await _quote(pair.b, words)]
    theirs = (await reserve(pair.b, "cards", product_id="made-card", shopper_id="same", quote_id=used))["preorder_id"]
    assert pair.canaries[0] in (await pair.b.api.get(f"/v1/made-preorders/{theirs}")).text
    for reveal in ("false", "true"):
        answer = await a.api.get(f"/v1/made-preorders/{theirs}", params={"reveal": reveal})
        assert answer.status_code == 404
        yield "GET /v1/made-preorders/{id}", reveal, answer
    for name, status in (("cards", 200), (pair.b.tenant_id, 404)):
        answer = await a.api.get(f"/v1/campaigns-pieces/{name}", params={"shoppers": "true"})
        assert answer.status_code == status
        yield "GET /v1/campaigns-pieces/{id:path}", name, answer
    for quote_id in (used, free):
        wish: Document = {"quantity": 1, "terms_version": "v1"}
        server = wish | {"campaign_id": "cards", "product_id": "made-card", "shopper_id": "same", "quote_id": quote_id}
        page = wish | {"campaign": "cards", "product": "made-card", "quote": quote_id, "token": a.token("same")}
        asked = {
            "/v1/preorders": await a.api.post("/v1/preorders", json=server),
            "/public/v1/preorders:open": await a.page.post(
                "/public/v1/preorders:open", json=page | {"key": a.keys.publishable.secret}
            ),
        }
        for address, answer in asked.items():
            assert answer.status_code == 422, "A stood on a quote of B"
            yield f"POST {address}", quote_id, answer


async def _offer(shop: ShopClient) -> None:
    """Once: they are asked of more than once."""
    if (await shop.api.get("/v1/campaigns/cards")).status_code == 404:
        await shop.stock("made-card")
        options = [choice("paper", "plain"), text("words", max_length=100)]
        await publish_at(shop, document(options, id="made-cards", products=["made-card"]))
        stored = await shop.api.put("/v1/campaigns/cards", json=campaign(shop, "cards", products=[CARD]))
        assert stored.status_code == 200
        assert (await shop.api.post("/v1/campaigns:publish", json={"id": "cards"})).status_code == 200


async def _quote(shop: ShopClient, answers: Document) -> str:
    wish = {"product_id": "made-card", "shopper_id": "same", "answers": answers}
    quote_id: str = (await shop.api.post("/v1/quotes", json=wish)).json()["quote_id"]
    return quote_id
