"""Merchant of the profile tests: defines attributes, tells of shoppers, reads profiles."""

from typing import Any

from tests.support.shop import Document, ShopClient


async def define(shop: ShopClient, name: str, kind: str, **fields: Any) -> None:
    """A definition, stored."""
    answer = await shop.api.put(f"/v1/attributes/{name}", json={"id": name, "type": kind} | fields)
    assert answer.status_code == 200, answer.text


async def tell(shop: ShopClient, shopper: str, **attributes: Any) -> None:
    """A shopper with these attributes and no others, stored."""
    answer = await shop.api.put(f"/v1/shoppers/{shopper}", json={"id": shopper, "attributes": attributes})
    assert answer.status_code == 200, answer.text


async def profile(shop: ShopClient, shopper: str) -> Document:
    """What is known of the shopper."""
    answer = await shop.api.get(f"/v1/profiles/{shopper}")
    assert answer.status_code == 200, answer.text
    read: Document = answer.json()
    return read


async def known(shop: ShopClient, shopper: str) -> dict[str, Document]:
    """The same, attributes by name."""
    return {one["name"]: one for one in (await profile(shop, shopper))["attributes"]}
