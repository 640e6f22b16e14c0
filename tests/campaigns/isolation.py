"""Isolation of campaigns: their part of "everything with A's keys and B's ids in every place"."""

from collections.abc import AsyncIterator
from typing import Protocol

import httpx2

from tests.campaigns.merchant import campaign, reserve, wish
from tests.support.shop import Document, ShopClient

Asked = tuple[str, str, httpx2.Response]


class HasB(Protocol):
    """The other shop."""

    @property
    def b(self) -> ShopClient: ...


async def ask_campaigns(a: ShopClient, pair: HasB) -> AsyncIterator[Asked]:
    """Template, what, answer. B has a campaign and a preorder of its own."""
    b = pair.b
    await _fill(b)
    theirs = (await reserve(b, "theirs", product_id="same", shopper_id="same"))["preorder_id"]
    link = (await b.api.post("/v1/preorders:link", json={"id": theirs})).json()["url"].rpartition("/")[2]
    for name in ("theirs", b.tenant_id):
        for act, body in _acts(name).items():
            answer = await a.api.post(f"/v1/campaigns:{act}", json=body)
            assert answer.status_code == 404, answer.text
            yield f"POST /v1/campaigns:{act}", name, answer
        yield "GET /v1/campaigns/{id:path}", name, await a.api.get(f"/v1/campaigns/{name}")
        yield "DELETE /v1/campaigns/{id:path}", name, await a.api.delete(f"/v1/campaigns/{name}")
        answer = await a.api.get(f"/v1/campaign-transitions/{name}")
        assert answer.status_code == 404
        yield "GET /v1/campaign-transitions/{id:path}", name, answer
        answer = await a.api.post("/v1/preorders", json=wish(name))
        assert answer.status_code == 404
        yield "POST /v1/preorders", name, answer
    draft = campaign(a, "ours")
    yield "PUT /v1/campaigns/{id:path}", "ours", await a.api.put("/v1/campaigns/ours", json=draft)
    yield "POST /v1/campaigns:batch", "ours", await a.push("campaigns", [draft])
    yield "GET /v1/campaigns", "", await a.api.get("/v1/campaigns")
    async for asked in _ask_preorders(a, theirs):
        yield asked
    async for asked in _ask_pages(a, theirs, link):
        yield asked


async def _fill(b: ShopClient) -> None:
    """Once: B is asked of more than once."""
    if (await b.api.get("/v1/campaigns/theirs")).status_code == 404:
        document = campaign(b, "theirs", products=[{"product_id": "same"}])
        assert (await b.api.put("/v1/campaigns/theirs", json=document)).status_code == 200
        assert (await b.api.post("/v1/campaigns:publish", json={"id": "theirs"})).status_code == 200


def _acts(name: str) -> dict[str, Document]:
    return {
        "publish": {"id": name},
        "transition": {"id": name, "to": "paused"},
        "dates": {"id": name, "reason": "x", "ship_until": "2030-01-01"},
        "clone": {"id": name, "new_id": "copy"},
        "interest": {"id": name, "shopper_id": "same"},
    }


async def _ask_preorders(a: ShopClient, theirs: str) -> AsyncIterator[Asked]:
    for query in ("", "?campaign=theirs", "?fulfilment=reserved"):
        answer = await a.api.get(f"/v1/preorders{query}")
        assert theirs not in answer.text
        yield "GET /v1/preorders", query, answer
    for address in ("/v1/preorders/{id}", "/v1/preorder-transitions/{id}"):
        answer = await a.api.get(address.replace("{id}", theirs))
        assert answer.status_code == 404
        yield f"GET {address}", theirs, answer
    for act, body in (("move", {"id": theirs, "to": "cancelled"}), ("link", {"id": theirs})):
        answer = await a.api.post(f"/v1/preorders:{act}", json=body)
        assert answer.status_code == 404
        yield f"POST /v1/preorders:{act}", theirs, answer


async def _ask_pages(a: ShopClient, theirs: str, link: str) -> AsyncIterator[Asked]:
    key, token = {"key": a.keys.publishable.secret}, {"token": a.token("same")}
    wanted = {"campaign": "theirs", "product": "same", "quantity": 1, "terms_version": "v1"}
    asked: list[tuple[str, Document, int]] = [
        ("campaigns", {"campaigns": ["theirs"]}, 200),
        ("campaigns", {"products": ["same"]}, 200),
        ("campaigns:interest", {**token, "campaign": "theirs"}, 404),
        ("preorders:open", {**token, **wanted}, 404),
        ("preorders:open", {"guest_email": "x@x.example", **wanted}, 404),
        ("preorders:status", {"link": link}, 404),
        ("preorders:status", token, 200),
        ("preorders:cancel", {"link": link}, 404),
        ("preorders:answer", {"link": link, "answer": "accepted"}, 404),
        ("preorders:answer", {**token, "preorder": theirs, "answer": "accepted"}, 404),
        ("preorders:cancel", {**token, "preorder": theirs}, 404),
        ("preorders:change", {"link": link, "quantity": 2}, 404),
        ("preorders:change", {**token, "preorder": theirs, "quantity": 2}, 404),
    ]
    for address, body, status in asked:
        answer = await a.page.post(f"/public/v1/{address}", json=key | body)
        assert answer.status_code == status, answer.text
        assert theirs not in answer.text
        yield f"POST /public/v1/{address}", str(body), answer
    for address in dict.fromkeys(address for address, _, _ in asked):
        answer = await a.page.options(f"/public/v1/{address}", headers={"Origin": "https://x.example"})
        yield f"OPTIONS /public/v1/{address}", "", answer
