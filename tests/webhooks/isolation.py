"""Isolation of webhooks: their part of "everything with A's keys and B's ids in every place"."""

from collections.abc import AsyncIterator
from typing import Protocol

import httpx2

from tests.support.shop import ShopClient

Asked = tuple[str, str, httpx2.Response]


class HasB(Protocol):
    """The other shop."""

    @property
    def b(self) -> ShopClient: ...


async def ask_webhooks(a: ShopClient, pair: HasB) -> AsyncIterator[Asked]:
    """Template, what, answer. B has an address, which was sent a message."""
    theirs = {"id": "theirs", "url": "https://b.example/hook"}
    assert (await pair.b.api.put("/v1/webhooks/theirs", json=theirs)).status_code == 200
    queued = (await pair.b.api.post("/v1/webhooks:test", json={"id": "theirs"})).json()
    yield "GET /v1/webhooks", "", await a.api.get("/v1/webhooks")
    yield "GET /v1/webhooks/{id:path}", "theirs", await a.api.get("/v1/webhooks/theirs")
    yield "DELETE /v1/webhooks/{id:path}", "theirs", await a.api.delete("/v1/webhooks/theirs")
    for act in ("secret", "test"):
        yield f"POST /v1/webhooks:{act}", "theirs", await a.api.post(f"/v1/webhooks:{act}", json={"id": "theirs"})
    answer = await a.api.get("/v1/webhook-deliveries", params={"webhook_id": "theirs"})
    assert answer.json()["items"] == []
    yield "GET /v1/webhook-deliveries", "theirs", answer
    answer = await a.api.post("/v1/webhook-deliveries:replay", json=queued)
    assert answer.status_code == 404
    yield "POST /v1/webhook-deliveries:replay", "theirs", answer
    own = {**theirs, "url": "https://a.example/hook"}
    yield "PUT /v1/webhooks/{id:path}", "theirs", await a.api.put("/v1/webhooks/theirs", json=own)
    yield "POST /v1/webhooks:batch", "theirs", await a.api.post("/v1/webhooks:batch", json=[own])
