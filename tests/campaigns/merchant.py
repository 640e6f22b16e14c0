"""Merchant of the campaign tests: campaigns that can be published, preorders, and a clock that jumps."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import httpx2

from api.campaign_work import move_due
from tenants.preorder_states import move_preorder
from tenants.preorders import mark_joined
from tests.support.shop import Document, ShopClient

VARIANTS = [{"id": "red"}, {"id": "blue", "price_minor": 1500}]


def campaign(shop: ShopClient, campaign_id: str = "c1", **fields: Any) -> Document:
    """Complete, from an hour ago for a week, for the product p1 at its own price."""
    now = shop.service.clock()
    return {
        "id": campaign_id,
        "title": {"en": "Winter boots", "zh": "冬靴"},
        "products": [{"product_id": "p1"}],
        "starts_at": (now - timedelta(hours=1)).isoformat(),
        "ends_at": (now + timedelta(days=7)).isoformat(),
        "caps": {"total": 50},
        "minimum_units": 1,
        "payment": {"mode": "upfront"},
        "ship_from": str((now + timedelta(days=30)).date()),
        "ship_until": str((now + timedelta(days=60)).date()),
        "terms": {"en": "You get boots.", "zh": "您会收到靴子。"},
        "terms_version": "v1",
        "cancellation": {"until": "close"},
        "seller": {"name": "Boots Ltd", "address": "1 Last Lane", "email": "boots@example.com"},
        "checklist": {"total_price_clear": True, "withdrawal_notice": {"en": "You may withdraw in 14 days."}},
    } | fields


async def store(shop: ShopClient, document: Document) -> None:
    answer = await shop.api.put(f"/v1/campaigns/{document['id']}", json=document)
    assert answer.status_code == 200, answer.text


async def launch(shop: ShopClient, campaign_id: str = "c1", **fields: Any) -> Document:
    """Its products stocked, stored and published."""
    document = campaign(shop, campaign_id, **fields)
    await shop.stock(*(one["product_id"] for one in document["products"]), variants=VARIANTS)
    await store(shop, document)
    answer = await shop.api.post("/v1/campaigns:publish", json={"id": campaign_id})
    assert answer.status_code == 200, answer.text
    published: Document = answer.json()
    return published


def wish(campaign_id: str = "c1", **fields: Any) -> Document:
    """One unit of p1, by a guest."""
    who = {} if "shopper_id" in fields else {"guest_email": "guest@example.com"}
    wanted = {"campaign_id": campaign_id, "product_id": "p1", "quantity": 1, "terms_version": "v1"}
    return wanted | who | fields


async def ask(shop: ShopClient, campaign_id: str = "c1", **fields: Any) -> httpx2.Response:
    """A reservation, whatever comes of it."""
    return await shop.api.post("/v1/preorders", json=wish(campaign_id, **fields))


async def reserve(shop: ShopClient, campaign_id: str = "c1", **fields: Any) -> Document:
    answer = await ask(shop, campaign_id, **fields)
    assert answer.status_code == 201, answer.text
    preorder: Document = answer.json()
    return preorder


async def join(shop: ShopClient, campaign_id: str = "c1", **fields: Any) -> Document:
    """Reserved, and all of it paid."""
    preorder = await reserve(shop, campaign_id, **fields)
    await pay(shop, preorder)
    return await read(shop, preorder)


async def pay(shop: ShopClient, preorder: Document) -> None:
    """What is due on joining."""
    deposit = preorder["deposit_minor"] > 0
    amount = preorder["deposit_minor"] if deposit else preorder["total_minor"]
    await settle(shop, preorder, "deposit_paid" if deposit else "paid", amount)


async def settle(shop: ShopClient, preorder: Document, payment: Any, paid_minor: int) -> None:
    """Joined by way of a payment that was begun."""
    preorder_id, now = UUID(preorder["preorder_id"]), shop.service.clock()
    async with shop.service.db.tenant(shop.keys.tenant_id) as conn:
        await move_preorder(conn, preorder_id, payment="pending", now=now)
        await mark_joined(conn, preorder_id, payment=payment, paid_minor=paid_minor, now=now)


async def read(shop: ShopClient, preorder: Document) -> Document:
    answer = await shop.api.get(f"/v1/preorders/{preorder['preorder_id']}")
    assert answer.status_code == 200, answer.text
    found: Document = answer.json()
    return found


async def look(shop: ShopClient, campaign_id: str = "c1") -> Document:
    answer = await shop.api.get(f"/v1/campaigns/{campaign_id}")
    assert answer.status_code == 200, answer.text
    found: Document = answer.json()
    return found


async def state(shop: ShopClient, campaign_id: str = "c1") -> str:
    found: str = (await look(shop, campaign_id))["state"]
    return found


async def steps(shop: ShopClient, campaign_id: str = "c1") -> list[str]:
    """The states it came through."""
    items = (await shop.api.get(f"/v1/campaign-transitions/{campaign_id}")).json()["items"]
    return [items[0]["from_state"], *(one["to_state"] for one in items)] if items else []


async def transition(shop: ShopClient, to: str, campaign_id: str = "c1") -> httpx2.Response:
    return await shop.api.post("/v1/campaigns:transition", json={"id": campaign_id, "to": to, "reason": "asked for"})


async def tick(shop: ShopClient) -> int:
    """The tenant's round, as the worker does it every minute."""
    return await move_due(shop.service.db, shop.keys.tenant_id, clock=shop.service.clock)


@contextmanager
def later(shop: ShopClient, **time: float) -> Iterator[datetime]:
    """So much later, until the context ends."""
    ahead = timedelta(**time)
    shop.service.clock.ahead += ahead
    try:
        yield shop.service.clock()
    finally:
        shop.service.clock.ahead -= ahead


async def caps(shop: ShopClient, campaign_id: str = "c1") -> dict[str, tuple[int | None, int]]:
    """Cap and taken by scope."""
    async with shop.service.db.tenant(shop.keys.tenant_id) as conn:
        rows = await conn.fetch("select scope, cap, taken from campaign_caps where campaign_id = $1", campaign_id)
    return {row["scope"]: (row["cap"], row["taken"]) for row in rows}


async def held_units(shop: ShopClient, campaign_id: str = "c1") -> int:
    """The sum over live preorders."""
    async with shop.service.db.tenant(shop.keys.tenant_id) as conn:
        units: int = await conn.fetchval(
            """
            select coalesce(sum(quantity), 0)::bigint
            from preorders
            where campaign_id = $1 and fulfilment not in ('expired', 'cancelled')
            """,
            campaign_id,
        )
    return units
