"""Isolation of demand and audiences: their part of "everything with A's keys and B's ids in every place"."""

from collections.abc import AsyncIterator
from typing import Protocol

import httpx2

from tests.campaigns.merchant import campaign
from tests.support.shop import ShopClient

ADDRESSES = ("campaigns-demand", "campaigns-production")


class HasB(Protocol):
    """The other shop."""

    @property
    def b(self) -> ShopClient: ...


async def ask_demand(a: ShopClient, pair: HasB) -> AsyncIterator[tuple[str, str, httpx2.Response]]:
    """Template, what, answer. B has a draft of its own, and A one that B has not."""
    for shop, name in ((pair.b, "their-draft"), (a, "our-draft")):
        document = campaign(shop, name, products=[{"product_id": "same"}])
        assert (await shop.api.put(f"/v1/campaigns/{name}", json=document)).status_code == 200
    for name in ("their-draft", pair.b.tenant_id):
        for address in ADDRESSES:
            answer = await a.api.get(f"/v1/{address}/{name}")
            assert answer.status_code == 404, answer.text
            yield f"GET /v1/{address}/{{id:path}}", name, answer
    for name, products in (("their-draft", ["same"]), ("our-draft", ["only-b"]), ("our-draft", ["same"])):
        for store in (False, True):
            body = {"id": name, "products": products, "budget_minor": 9, "unit_cost_minor": 1, "store": store}
            answer = await a.api.post("/v1/campaigns:audience", json=body)
            assert answer.status_code in (404, 409, 422), answer.text
            yield "POST /v1/campaigns:audience", str(body), answer
