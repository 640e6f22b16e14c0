"""Isolation of what is made to order: its part of "everything with A's keys and B's ids in every place"."""

from collections.abc import AsyncIterator
from typing import Protocol

import httpx2

from tests.options.shoes import choice, document, publish_at, text
from tests.support.shop import Document, ShopClient, order

OFFER: Document = {
    "price_minor": 100, "currency": "EUR", "lead_days": 3, "valid_until": "2199-01-01T00:00:00Z"
}  # fmt: skip
REQUESTS = "/v1/special-requests"
PAGE = "/public/v1/special-requests"


class Pair(Protocol):
    """Two shops with the same ids; the canaries stand in B's rows only."""

    @property
    def b(self) -> ShopClient: ...

    @property
    def canaries(self) -> list[str]: ...


async def ask_made_to_order(a: ShopClient, pair: Pair) -> AsyncIterator[tuple[str, str, httpx2.Response]]:
    """Template, what, answer."""
    async for asked in ask_calendar(a, pair):
        yield asked
    async for asked in ask_requests(a, pair):
        yield asked
    async for asked in ask_pages(a, pair):
        yield asked
    async for asked in ask_quotes(a, pair):
        yield asked
    async for asked in ask_quotes_of_pages(a, pair):
        yield asked


async def ask_calendar(a: ShopClient, pair: Pair) -> AsyncIterator[tuple[str, str, httpx2.Response]]:
    path = "/v1/work-calendar"
    await pair.b.api.put(path, json={"time_zone": "Pacific/Apia"})
    answer = await a.api.get(path)
    assert "Apia" not in answer.text
    yield f"GET {path}", "", answer
    yield f"PUT {path}", "", await a.api.put(path, json={})
    yield f"POST {path}:promise", "", await a.api.post(f"{path}:promise", json={"lead_days": 3})


async def ask_requests(a: ShopClient, pair: Pair) -> AsyncIterator[tuple[str, str, httpx2.Response]]:
    theirs = await _request_of_b(pair)
    for name in ("same", "only-b", pair.b.tenant_id):
        wish: Document = {"shopper_id": name, "text": "plain", "product_id": "same", "person_id": name}
        yield f"POST {REQUESTS}", name, await a.api.post(REQUESTS, json=wish)
        yield f"GET {REQUESTS}", name, await a.api.get(REQUESTS, params={"shopper_id": name})
    answer = await a.api.get(REQUESTS)
    assert theirs not in answer.text
    yield f"GET {REQUESTS}", "", answer
    for name in (theirs, "only-b", pair.b.tenant_id):
        answers = {"GET": await a.api.get(f"{REQUESTS}/{name}")}
        for act in ("quote", "accept", "decline", "start"):
            answers[f"/{act}"] = await a.api.post(f"{REQUESTS}/{name}/{act}", json=OFFER if act == "quote" else None)
        for act, answer in answers.items():
            assert answer.status_code == 404, (act, name)
            template = f"{REQUESTS}/{{id}}"
            yield f"GET {template}" if act == "GET" else f"POST {template}{act}", name, answer


async def ask_pages(a: ShopClient, pair: Pair) -> AsyncIterator[tuple[str, str, httpx2.Response]]:
    theirs = await _request_of_b(pair)
    for token in (a.token("same"), a.token("only-b"), pair.b.token("same")):
        who = {"key": a.keys.publishable.secret, "token": token}
        bodies: dict[str, Document] = {
            "": {"text": "plain", "product": "same", "person": "only-b"}, ":list": {}, ":accept": {"id": theirs},
            ":decline": {"id": theirs},
        }  # fmt: skip
        for act, body in bodies.items():
            answer = await a.page.post(PAGE + act, json=who | body)
            assert theirs not in answer.text.replace(f"'{theirs}'", "")
            yield f"POST {PAGE}{act}", theirs, answer
    for act in ("", ":list", ":accept", ":decline"):
        yield f"OPTIONS {PAGE}{act}", "", await a.page.options(PAGE + act, headers={"Origin": "https://x.example"})


async def ask_quotes(a: ShopClient, pair: Pair) -> AsyncIterator[tuple[str, str, httpx2.Response]]:
    theirs = await _quote_of_b(pair)
    for name in ("same", "only-b", pair.b.tenant_id):
        wish: Document = {"product_id": name, "shopper_id": name, "person_id": name, "answers": {"words": "plain"}}
        yield "POST /v1/quotes", name, await a.api.post("/v1/quotes", json=wish)
        body = {"order_id": name, "line_id": "1"}
        answer = await a.api.post("/v1/quotes:reorder", json=body)
        assert answer.status_code == 404, name
        yield "POST /v1/quotes:reorder", name, answer
        for address in ("made-lines", "production-sheets"):
            answer = await a.api.get(f"/v1/{address}/{name}")
            assert answer.status_code == 404, name
            yield f"GET /v1/{address}/{{id:path}}", name, answer
    answer = await a.api.get(f"/v1/quotes/{theirs['quote_id']}")
    assert answer.status_code == 404
    yield "GET /v1/quotes/{id}", theirs["quote_id"], answer
    stolen = order("stolen", []) | {"lines": [_line(theirs)]}
    answer = await a.api.put("/v1/orders/stolen", json=stolen)
    assert answer.status_code == 422, "A stood on a quote of B"
    yield "PUT /v1/orders/{id:path}", theirs["quote_id"], answer
    for address in ("quote-settings", "withdrawal-notice"):
        yield f"GET /v1/{address}", "", await a.api.get(f"/v1/{address}")
        yield f"PUT /v1/{address}", "", await a.api.put(f"/v1/{address}", json={})


async def ask_quotes_of_pages(a: ShopClient, pair: Pair) -> AsyncIterator[tuple[str, str, httpx2.Response]]:
    await _quote_of_b(pair)
    page = "/public/v1"
    for token in (a.token("same"), a.token("only-b"), pair.b.token("same")):
        who = {"key": a.keys.publishable.secret, "token": token}
        for name in ("same", "only-b"):
            asked = await a.page.post(f"{page}/quotes", json={**who, "product": name, "person": "only-b"})
            yield f"POST {page}/quotes", name, asked
            again = await a.page.post(f"{page}/quotes:reorder", json={**who, "order": name, "line": "1"})
            yield f"POST {page}/quotes:reorder", name, again
        yield f"POST {page}/made-orders", "", await a.page.post(f"{page}/made-orders", json=who)
    for act in ("quotes", "quotes:reorder", "made-orders"):
        yield (
            f"OPTIONS {page}/{act}",
            "",
            await a.page.options(f"{page}/{act}", headers={"Origin": "https://x.example"}),
        )


async def _quote_of_b(pair: Pair) -> Document:
    """One that is to be ordered; another one is, with the canary in both, in the settings and in the notice."""
    word = pair.canaries[0]
    card = document([choice("paper", "plain"), text("words", max_length=100)], id="cards", products=["isolated-card"])
    await pair.b.stock("isolated-card")
    await publish_at(pair.b, card)
    await pair.b.api.put("/v1/withdrawal-notice", json={"texts": {"en": word}})
    wish = {"product_id": "isolated-card", "shopper_id": "same", "answers": {"words": word}}
    first, second = [(await pair.b.api.post("/v1/quotes", json=wish)).json() for _ in range(2)]
    assert word in str(first["withdrawal"])
    name = f"made-{first['quote_id']}"
    stored = order(name, [], shopper_id="same") | {"lines": [_line(first)]}
    assert (await pair.b.api.put(f"/v1/orders/{name}", json=stored)).status_code == 200
    assert word in (await pair.b.api.get(f"/v1/made-lines/{name}")).text
    found: Document = second
    return found


def _line(quoted: Document) -> Document:
    return {
        "product_id": quoted["product_id"], "quantity": 1, "unit_price_minor": quoted["price_minor"],
        "quote_id": quoted["quote_id"],
    }  # fmt: skip


async def _request_of_b(pair: Pair) -> str:
    """Quoted, so that it could be answered."""
    wish = {"shopper_id": "same", "text": pair.canaries[0]}
    opened = await pair.b.api.post(REQUESTS, json=wish)
    name: str = opened.json()["id"]
    assert (await pair.b.api.post(f"{REQUESTS}/{name}/quote", json=OFFER)).status_code == 200
    return name
