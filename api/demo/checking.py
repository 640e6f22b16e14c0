"""Checking: one slot asked for three households over HTTP, and whether the answers are what they should be."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import httpx2
from rich.console import Console

from api.demo.ledger import Entry
from widgets.examples.shopper_token import sign_shopper_token

SHOWN = 6


@dataclass(frozen=True, slots=True)
class Filled:
    """One shopper's slot."""

    shopper_id: str | None
    source: str
    products: tuple[dict[str, Any], ...]

    @property
    def ids(self) -> tuple[str, ...]:
        return tuple(product["id"] for product in self.products)


def ask(url: str, entry: Entry, shopper_id: str | None, slot: str = "home-for-you", limit: int = 12) -> Filled:
    """What a page of this merchant would show this shopper."""
    body: dict[str, Any] = {"key": entry.publishable_key, "slots": [{"name": slot, "limit": limit}]}
    if shopper_id is not None:
        body["token"] = sign_shopper_token(entry.signing, shopper_id, datetime.now(UTC))
    response = httpx2.post(f"{url}/public/v1/slots", json=body, trust_env=False, timeout=30)
    response.raise_for_status()
    filled = response.json()["slots"][0]
    return Filled(shopper_id, filled["source"], tuple(filled["products"]))


def check(url: str, grocery: Entry, shoemaker: Entry, households: tuple[str, ...], console: Console) -> list[str]:
    """Print three households' products; returns what is wrong, in sentences."""
    filled = [ask(url, grocery, household) for household in households]
    shoes = ask(url, shoemaker, households[0])
    for one in [*filled, shoes]:
        console.print(f"\n[bold]{'Household' if one is not shoes else 'Shoemaker’s shop, same id'} {one.shopper_id}[/]")
        for product in one.products[:SHOWN]:
            console.print(f"  {product['title']}", highlight=False)
    return _findings(filled, shoes)


def _findings(filled: list[Filled], shoes: Filled) -> list[str]:
    findings = [f"household {one.shopper_id} got {len(one.products)} products" for one in filled if not one.products]
    findings += [f"household {one.shopper_id} was served from {one.source}" for one in filled if one.source != "model"]
    if len({one.ids for one in filled}) < len(filled):
        findings.append("two households got the same products in the same order")
    if not shoes.products:
        findings.append("the shoemaker's shop shows nothing")
    groceries = {product["url"] for one in filled for product in one.products}
    if groceries & {product["url"] for product in shoes.products}:
        findings.append("the shoemaker's shop shows the grocery's products")
    return findings
