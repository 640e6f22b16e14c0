"""Isolation of promises and special requests: their part of "everything with A's keys and B's ids in every place"."""

from collections.abc import AsyncIterator
from typing import Protocol

import httpx2

from tests.support.shop import Document, ShopClient

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


async def _request_of_b(pair: Pair) -> str:
    """Quoted, so that it could be answered."""
    wish = {"shopper_id": "same", "text": pair.canaries[0]}
    opened = await pair.b.api.post(REQUESTS, json=wish)
    name: str = opened.json()["id"]
    assert (await pair.b.api.post(f"{REQUESTS}/{name}/quote", json=OFFER)).status_code == 200
    return name
