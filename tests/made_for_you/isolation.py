"""Isolation of what is made to measure: A's keys, B's products, shoppers, people and tokens."""

from collections.abc import AsyncIterator
from typing import Protocol

import httpx2

from tests.made_for_you.workshop import WHOLE, configure, measured, open_workshop
from tests.support.shop import Document, ShopClient

FOOTED = "footed"
"""A shopper's id in both shops; this part may not rewrite those whose rows are compared afterwards."""
PAGE, SERVER = "/public/v1/configure", "/v1/option-documents:evaluate"


class HasB(Protocol):
    """The other shop."""

    @property
    def b(self) -> ShopClient: ...


async def ask_made_for_you(a: ShopClient, pair: HasB) -> AsyncIterator[tuple[str, str, httpx2.Response]]:
    """Template, what, answer. B makes a shoe to measure, and has measured a shopper of an id that A has too."""
    await open_workshop(pair.b, FOOTED)
    await a.push("shoppers", [{"id": FOOTED}])
    await measured(pair.b, FOOTED, *WHOLE)
    assert (await configure(pair.b, shopper=FOOTED)).json()["fit"]["ready"]
    for product in ("shoe", "same", pair.b.tenant_id):
        yield f"POST {PAGE}", product, await configure(a, product=product, shopper=FOOTED)
        body: Document = {"product": product, "shopper_id": FOOTED}
        yield f"POST {SERVER}", product, await a.api.post(SERVER, json=body)
    stolen = {"key": a.keys.publishable.secret, "product": "shoe", "token": pair.b.token(FOOTED)}
    refused = await a.page.post(PAGE, json=stolen)
    assert refused.status_code == 401
    yield f"POST {PAGE}", "token", refused
    yield f"OPTIONS {PAGE}", "", await a.page.options(PAGE, headers={"Origin": "https://x.example"})
