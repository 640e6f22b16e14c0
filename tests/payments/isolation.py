"""Isolation of payments: their part of "everything with A's keys and B's ids in every place"."""

import json
from collections.abc import AsyncIterator
from typing import Protocol

import httpx2

from infra.embedded.stripe.outbox import sign
from infra.stripe import WEBHOOK_PATH
from tests.campaigns.merchant import reserve
from tests.payments.till import open_till
from tests.support.shop import Document, ShopClient
from tests.support.stripe import SECRET

Asked = tuple[str, str, httpx2.Response]


class HasB(Protocol):
    """The other shop, which has a campaign `theirs` already."""

    @property
    def b(self) -> ShopClient: ...


async def ask_payments(a: ShopClient, pair: HasB) -> AsyncIterator[Asked]:
    """Template, what, answer. B is connected, and a shopper of its own is about to pay."""
    b = pair.b
    async with open_till(b) as till:
        theirs = await reserve(b, "theirs", product_id="same", shopper_id="same")
        session = await till.session(theirs)
        name, link = theirs["preorder_id"], await _link(b, theirs)
        # Before A has an account of its own.
        yield "GET /v1/payment-account", "", await a.api.get("/v1/payment-account")
        body = {"return_url": "https://shop.example/admin"}
        answer = await a.api.post("/v1/payment-account:connect", json=body)
        assert till.account_id not in answer.text
        yield "POST /v1/payment-account:connect", "", answer
        yield "GET /v1/payment-retries", "", await a.api.get("/v1/payment-retries")
        yield "PUT /v1/payment-retries", "", await a.api.put("/v1/payment-retries", json={"for_days": 1})
        async for asked in _ask_of(a, name, link):
            yield asked
        answer = await a.page.get(f"/p/v1/checkout/{a.tenant_id}/{session['id']}")
        assert answer.status_code == 404
        events = [one["event_id"] for one in (await b.api.get("/v1/stripe-events")).json()["items"]]
        assert events
        async for asked in _ask_events(a, events):
            yield asked
        async for asked in _tell(a, theirs, (await a.api.get("/v1/payment-account")).json()["account_id"]):
            yield asked
        assert await till.states(theirs) == ("reserved", "pending")


async def _link(b: ShopClient, theirs: Document) -> str:
    answer = await b.api.post("/v1/preorders:link", json={"id": theirs["preorder_id"]})
    link: str = answer.json()["url"].rpartition("/")[2]
    return link


async def _ask_of(a: ShopClient, theirs: str, link: str) -> AsyncIterator[Asked]:
    """Of B's preorder."""
    answer = await a.api.post("/v1/preorders:checkout", json={"id": theirs})
    assert answer.status_code == 404
    yield "POST /v1/preorders:checkout", theirs, answer
    answer = await a.api.get(f"/v1/preorder-payments/{theirs}")
    assert answer.status_code == 404
    yield "GET /v1/preorder-payments/{id}", theirs, answer
    for body in ({"link": link}, {"token": a.token("same"), "preorder": theirs}):
        answer = await a.page.post("/public/v1/preorders:pay", json={"key": a.keys.publishable.secret, **body})
        assert answer.status_code == 404
        yield "POST /public/v1/preorders:pay", str(body), answer
    answer = await a.page.options("/public/v1/preorders:pay", headers={"Origin": "https://x.example"})
    yield "OPTIONS /public/v1/preorders:pay", "", answer


async def _ask_events(a: ShopClient, events: list[str]) -> AsyncIterator[Asked]:
    answer = await a.api.get("/v1/stripe-events")
    assert not [one for one in events if one in answer.text]
    yield "GET /v1/stripe-events", "", answer
    answer = await a.api.post("/v1/stripe-events:replay", json={"event_ids": events})
    assert answer.json() == {"event_ids": []}
    yield "POST /v1/stripe-events:replay", str(events), answer


async def _tell(a: ShopClient, theirs: Document, account_id: str) -> AsyncIterator[Asked]:
    """A's account at Stripe claims that B's preorder is paid."""
    now = int(a.service.clock().timestamp())
    intent = {
        "id": "pi_of_a",
        "object": "payment_intent",
        "status": "succeeded",
        "amount_received": theirs["total_minor"],
        "currency": "eur",
        "metadata": {"lastbook_key": f"preorder:{theirs['preorder_id']}:upfront:1"},
    }
    told = {"id": f"evt_{now}", "type": "payment_intent.succeeded", "created": now, "livemode": False}
    body = json.dumps(told | {"account": account_id, "data": {"object": intent}})
    headers = {"content-type": "application/json", "stripe-signature": sign(body, SECRET, now)}
    answer = await a.page.post(WEBHOOK_PATH, content=body, headers=headers)
    assert answer.status_code == 200
    yield f"POST {WEBHOOK_PATH}", "", answer
