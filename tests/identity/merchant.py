"""Merchant: what a merchant's server asks and tells about who is who."""

import httpx2

from tests.support.shop import Document, ShopClient


async def tell(shop: ShopClient, shopper_id: str, **fields: object) -> httpx2.Response:
    """Store one shopper."""
    return await shop.api.put(f"/v1/shoppers/{shopper_id}", json={"id": shopper_id, **fields})


async def people(shop: ShopClient) -> list[str]:
    """The ids under which the shop's shoppers stand."""
    return [one["id"] for one in (await shop.api.get("/v1/shoppers")).json()["items"]]


async def person(shop: ShopClient, shopper_id: str) -> Document:
    answer = await shop.api.get(f"/v1/shoppers/{shopper_id}")
    assert answer.status_code == 200, answer.text
    body: Document = answer.json()
    return body


async def known_by(shop: ShopClient, shopper_id: str) -> list[tuple[str, str]]:
    """Kinds and values."""
    return [(one["kind"], one["value"]) for one in (await person(shop, shopper_id))["identifiers"]]


async def merge(shop: ShopClient, keep: str, absorb: str) -> str:
    """The merge's id."""
    answer = await shop.api.post("/v1/merges", json={"keep": keep, "absorb": absorb})
    assert answer.status_code == 200, answer.text
    merge_id: str = answer.json()["merge_id"]
    return merge_id


async def undo(shop: ShopClient, merge_id: str) -> httpx2.Response:
    return await shop.api.post(f"/v1/merges/{merge_id}/undo")


async def owners(shop: ShopClient, kind: str) -> dict[str, str | None]:
    """Whose each order or event is."""
    items = (await shop.api.get(f"/v1/{kind}?limit=1000")).json()["items"]
    return {one["id"]: one["shopper_id"] for one in items}


async def allow(shop: ShopClient, kind: str, limit: int) -> None:
    """Let this many external ids share an identifier of the kind."""
    priority = {"external": 1, "email": 2, "phone": 3, "visitor": 4}[kind]
    rules = {"items": [{"kind": kind, "priority": priority, "limit": limit}]}
    answer = await shop.api.put("/v1/identifier-kinds", json=rules)
    assert answer.status_code == 200, answer.text
