"""Page of the record book tests: what `<lastbook-measure>` asks and tells."""

from typing import Any

import httpx2

from tests.support.shop import Document, ShopClient


async def ask(shop: ShopClient, what: str, *, shopper: str | None = "mei", **body: Any) -> httpx2.Response:
    """`what` is read, save or delete; the shopper is vouched for by a token."""
    said = {"key": shop.keys.publishable.secret, **body}
    if shopper is not None:
        said["token"] = shop.token(shopper)
    return await shop.page.post(f"/public/v1/measurements:{what}", json=said)


async def see(shop: ShopClient, **body: Any) -> Document:
    """What the page is shown."""
    answer = await ask(shop, "read", **body)
    assert answer.status_code == 200, answer.text
    seen: Document = answer.json()
    return seen


async def save(shop: ShopClient, *values: Document, agree: bool = False, **body: Any) -> Document:
    """Stored."""
    consent = {"consent": {"text_version": "feet-1"}} if agree else {}
    answer = await ask(shop, "save", **{"kind": "foot", "values": list(values), **consent, **body})
    assert answer.status_code == 200, answer.text
    saved: Document = answer.json()
    return saved


def shown(seen: Document) -> dict[tuple[str, str], int]:
    """Tenths of a millimetre by key and side."""
    return {(one["key"], one["side"]): one["value_tenth_mm"] for one in seen["values"]}
