"""Inviting, for the audience tests: a campaign of a shop of two tastes, and who is chosen for it."""

from typing import Any

import httpx2

from tests.campaigns.merchant import campaign, store
from tests.privacy.people import open_two_tastes
from tests.support.polling import until
from tests.support.shop import Document, ShopClient


async def choose(shop: ShopClient, **fields: Any) -> httpx2.Response:
    """At a cost of 300 a shopper."""
    body: Document = {"id": "c1", "budget_minor": 3000, "unit_cost_minor": 300}
    return await shop.api.post("/v1/campaigns:audience", json=body | fields)


async def chosen(shop: ShopClient, **fields: Any) -> list[str]:
    answer = await choose(shop, **fields)
    assert answer.status_code == 200, answer.text
    shoppers: list[str] = answer.json()["shoppers"]
    return shoppers


async def open_campaign(shop: ShopClient, product_id: str = "beer-3") -> None:
    """A draft for a shop of two tastes, whose model serves."""
    await open_two_tastes(shop)
    await store(shop, campaign(shop, products=[{"product_id": product_id}]))

    async def serves() -> bool:
        return (await choose(shop)).status_code == 200

    await until(serves)
