"""Shelf of the collection tests: boots and lanterns, a widget for collections, and windows around now."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from tests.support.polling import until
from tests.support.shop import Document, ShopClient

LANTERNS = ["lantern-1", "lantern-2", "lantern-3"]
BOOTS = ["boots-1", "boots-2"]
WIDGET = "limited"


async def open_shelf(shop: ShopClient) -> None:
    """Products, and a place that shows nothing but collections."""
    await shop.stock(*BOOTS, *LANTERNS)
    placement = {"id": WIDGET, "strategy": "collections", "heading": "For a short time", "strict": True}
    assert (await shop.api.put(f"/v1/placements/{WIDGET}", json=placement)).status_code == 200
    await becomes(shop, lambda ids: {*ids} == {*BOOTS, *LANTERNS}, "home-popular")


async def put(shop: ShopClient, name: str, **fields: Any) -> None:
    answer = await shop.api.put(f"/v1/collections/{name}", json=festival(name, **fields))
    assert answer.status_code == 200, answer.text


def festival(name: str = "lanterns", **fields: Any) -> Document:
    return {
        "id": name,
        "title": {"en": "Lantern festival", "zh": "元宵"},
        "theme": "light",
        "products": LANTERNS,
    } | fields


def at(shop: ShopClient, **ahead: float) -> str:
    """A moment so far from now, as in minutes=5."""
    return (shop.service.clock() + timedelta(**ahead)).isoformat()


async def becomes(shop: ShopClient, wanted: Callable[[list[str]], bool], slot: Any = WIDGET, **who: Any) -> list[str]:
    """What is shown as soon as it is as wanted."""
    last: list[str] = []

    async def shown() -> bool:
        nonlocal last
        last = await shop.shown(slot, **who)
        return wanted(last)

    await until(shown, seconds=5)
    return last


async def shows_all(shop: ShopClient, slot: Any = WIDGET, **who: Any) -> None:
    await becomes(shop, lambda ids: ids == LANTERNS, slot, **who)


async def everywhere(shop: ShopClient, **who: Any) -> set[str]:
    """What a page can be shown in any place, by any strategy."""
    places = ("home-for-you", "home-popular", "product-similar", "cart-for-you", "every-new", "every-seen", WIDGET)
    found = set[str]()
    for place in places:
        found |= {*await shop.shown({"name": place, "product": "boots-1", "limit": 50}, **who)}
    return found
