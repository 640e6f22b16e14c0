"""Isolation of experiments: their part of "everything with A's keys and B's ids in every place"."""

from collections.abc import AsyncIterator
from typing import Protocol
from uuid import uuid4

import httpx2

from tests.support.polling import until
from tests.support.shop import Document, ShopClient


class HasB(Protocol):
    """The other shop, and words that stand in its rows only."""

    @property
    def b(self) -> ShopClient: ...

    @property
    def canaries(self) -> list[str]: ...


async def ask_experiments(a: ShopClient, pair: HasB) -> AsyncIterator[tuple[str, str, httpx2.Response]]:
    """Template, what, answer. B runs an experiment with a canary in the place "same"; A has one of the same id."""
    many, one, reports = "/v1/experiments", "/v1/experiments/{id:path}", "/v1/experiment-reports/{id:path}"
    name, shop = f"only-b-{uuid4().hex}", pair.b
    theirs = _document(name, pair.canaries[0])
    assert (await shop.api.put(f"{many}/{name}", json=theirs)).status_code == 200
    assert (await shop.api.post(f"{many}:start", json={"id": name})).status_code == 200
    token = await _see(shop)
    await _expose(shop, token)
    assert pair.canaries[0] in (await shop.api.get(f"/v1/experiment-reports/{name}")).text
    for mine in ("same", name):
        yield f"GET {reports}", mine, await a.api.get(f"/v1/experiment-reports/{mine}")
        yield f"GET {one}", mine, await a.api.get(f"{many}/{mine}")
        for act, body in (("start", {}), ("stop", {}), ("promote", {"arm": pair.canaries[0]})):
            answer = await a.api.post(f"{many}:{act}", json={"id": mine, **body})
            assert answer.status_code in (404, 409, 422)
            yield f"POST {many}:{act}", pair.canaries[0], answer
    yield f"PUT {one}", "same", await a.api.put(f"{many}/same", json=_document("same", "plain"))
    yield f"POST {many}:batch", "same", await a.push("experiments", [_document("same", "plain"), {"id": name}])
    yield f"GET {many}", "", await a.api.get(many)
    yield f"DELETE {one}", name, await a.api.delete(f"{many}/{name}")
    told = await _expose(a, token)
    assert told.json()["accepted"] == 0
    yield "POST /public/v1/events", "exposure", told
    yield f"DELETE {one}", "same", await a.api.delete(f"{many}/same")
    assert (await shop.api.post(f"{many}:stop", json={"id": name})).status_code == 200


def _document(name: str, word: str) -> Document:
    arms = [{"id": word, "share": 0.5, "changes": {"heading": word}}, {"id": "other", "share": 0.5}]
    return {"id": name, "placement": "same", "arms": arms, "note": word}


async def _see(shop: ShopClient) -> str:
    async def given() -> str:
        slot = (await shop.ask("same", visitor="visitor-0001")).json()["slots"][0]
        return str(slot.get("exposure", ""))

    return await until(given, seconds=5)


async def _expose(shop: ShopClient, token: str) -> httpx2.Response:
    event = {"id": uuid4().hex, "type": "exposure", "token": token}
    body = {"key": shop.keys.publishable.secret, "visitor": "visitor-0001", "events": [event]}
    return await shop.page.post("/public/v1/events", json=body)
