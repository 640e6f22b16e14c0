"""Workshop of the made-to-measure campaigns: the shoemaker's cloth shoe and belt, in a campaign, and who joins it."""

import csv
import io
from typing import Any

import httpx2

from tests.campaigns.merchant import ask, campaign, store
from tests.made_orders.shoemaker import open_workshop, quote
from tests.support.shop import Document, ShopClient

MADE: list[Document] = [
    {"product_id": "oxford", "made": True},
    {"product_id": "belt", "made": True},
    {"product_id": "mug"},
]
CHOSEN = {"sole": "rubber", "initials": "ML"}


async def launch_made(shop: ShopClient, campaign_id: str = "c1", **fields: Any) -> None:
    """The workshop open, and a campaign of the shoe and the belt, made to order, and of a mug that is not."""
    await open_workshop(shop)
    await store(shop, campaign(shop, campaign_id, **({"products": MADE} | fields)))
    answer = await shop.api.post("/v1/campaigns:publish", json={"id": campaign_id})
    assert answer.status_code == 200, answer.text


async def ask_made(shop: ShopClient, quoted: Document | None, **fields: Any) -> httpx2.Response:
    """A reservation of the shoe by mei on this quote, whatever comes of it."""
    named = {} if quoted is None else {"quote_id": quoted["quote_id"]}
    who = {} if "guest_email" in fields else {"shopper_id": "mei"}
    return await ask(shop, **({"product_id": "oxford"} | named | who | fields))


async def reserve_made(shop: ShopClient, quoted: Document | None = None, **fields: Any) -> Document:
    """The same, on a quote of mei's shoe unless another is given."""
    quoted = await quote(shop, answers=CHOSEN) if quoted is None else quoted
    answer = await ask_made(shop, quoted, **fields)
    assert answer.status_code == 201, answer.text
    preorder: Document = answer.json()
    return preorder


async def frozen(shop: ShopClient, preorder: Document, **query: Any) -> Document:
    """What the preorder froze, revealed."""
    address = f"/v1/made-preorders/{preorder['preorder_id']}"
    answer = await shop.api.get(address, params={"reveal": "true"} | query)
    assert answer.status_code == 200, answer.text
    found: Document = answer.json()
    return found


async def pieces(shop: ShopClient, campaign_id: str = "c1", **query: str) -> list[dict[str, str]]:
    """The rows of the export for the maker."""
    answer = await shop.api.get(f"/v1/campaigns-pieces/{campaign_id}", params=query)
    assert answer.status_code == 200, answer.text
    assert answer.headers["cache-control"] == "no-store"
    return list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"))))
