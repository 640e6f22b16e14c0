"""Boards of the demand tests: a campaign of sizes and colours, and its demand board."""

from typing import Any

from tests.campaigns.merchant import campaign, store
from tests.support.shop import Document, ShopClient

SIZED = [
    {"id": "red-42", "title": "Red", "attributes": {"size": "42", "colour": "red", "lined": True}},
    {"id": "red-43", "attributes": {"Size": 43, "colour": "red"}},
    {"id": "blue", "attributes": {"colour": "blue"}},
]
ALL = [{"product_id": "p1", "variants": ["red-42", "red-43", "blue"]}, {"product_id": "p2"}]


async def launch_sized(shop: ShopClient, campaign_id: str = "c1", **fields: Any) -> None:
    await shop.stock("p1", variants=SIZED)
    await shop.stock("p2")
    await store(shop, campaign(shop, campaign_id, **({"products": ALL, "caps": {}} | fields)))
    answer = await shop.api.post("/v1/campaigns:publish", json={"id": campaign_id})
    assert answer.status_code == 200, answer.text


async def board(shop: ShopClient, campaign_id: str = "c1") -> Document:
    answer = await shop.api.get(f"/v1/campaigns-demand/{campaign_id}")
    assert answer.status_code == 200, answer.text
    found: Document = answer.json()
    return found
