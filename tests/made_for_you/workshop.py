"""Workshop of the tests: shoes made to the foot, with options, and shoppers who were measured or were not."""

from typing import Any

import httpx2

from tests.record_book.shoemaker import feet, length, measure, open_record_book
from tests.support.polling import until
from tests.support.shop import Document, ShopClient

FOOT: Document = {
    "id": "shoes",
    "products": ["shoe"],
    "base_lead_days": 10,
    "options": [
        {
            "id": "sole", "kind": "choice", "label": {"en": "Sole"}, "default": "cloth",
            "values": [
                {"id": "cloth", "label": {"en": "Stitched cloth"}},
                {"id": "rubber", "price": {"kind": "fixed", "amount_minor": 900}, "lead_days": 2},
            ],
        },
        {"id": "initials", "kind": "text", "label": {"en": "Initials"}, "max_length": 3, "personal": "initials"},
        {"id": "length", "kind": "measurement", "key": "foot_length", "sided": "each", "min": 2000, "max": 3200},
        {"id": "girth", "kind": "measurement", "key": "ball_girth", "sided": "larger"},
    ],
}  # fmt: skip


def both(key: str, left: float, right: float) -> list[Document]:
    """A measure of both feet, in millimetres."""
    return [length(left, "left", key=key), length(right, "right", key=key)]


WHOLE = [*both("foot_length", 254.1, 253.9), *both("ball_girth", 240, 241)]


async def open_workshop(shop: ShopClient, *shoppers: str, **document: Any) -> None:
    """One shoe made to the foot and one ready-made, and shoppers who agreed that measurements are kept."""
    await shop.stock("shoe", price_minor=12_000)
    await shop.stock("brush")
    await open_record_book(shop, *shoppers)
    await publish(shop, {**FOOT, **document})


async def publish(shop: ShopClient, document: Document) -> None:
    stored = await shop.api.put(f"/v1/option-documents/{document['id']}", json=document)
    assert stored.status_code == 200, stored.text
    published = await shop.api.post("/v1/option-documents:publish", json={"id": document["id"]})
    assert published.status_code == 200, published.text

    async def offered() -> bool:
        return (await configure(shop, product=document["products"][0])).status_code == 200

    await until(offered)


async def configure(
    shop: ShopClient, *, shopper: str | None = None, product: str = "shoe", **more: Any
) -> httpx2.Response:
    """What a page asks of one product."""
    body = {"key": shop.keys.publishable.secret, "product": product, **more}
    if shopper is not None:
        body["token"] = shop.token(shopper)
    return await shop.page.post("/public/v1/configure", json=body)


async def configured(shop: ShopClient, **what: Any) -> Document:
    answer = await configure(shop, **what)
    assert answer.status_code == 200, answer.text
    found: Document = answer.json()
    return found


async def card(
    shop: ShopClient, slot: Document | str = "home-made-for-you", *, product: str = "shoe", **more: Any
) -> Document:
    """A product's card in a slot."""
    answer = await shop.ask(slot, **more)
    assert answer.status_code == 200, answer.text
    cards = {one["id"]: one for one in answer.json()["slots"][0]["products"]}
    found: Document = cards[product]
    return found


async def measured(shop: ShopClient, shopper: str, *values: Document, **fields: Any) -> None:
    await measure(shop, feet(f"{shopper}-foot", *values, shopper=shopper, **fields))
