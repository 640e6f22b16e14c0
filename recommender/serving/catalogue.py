"""Catalogue: a tenant's products in memory, by row number, ready to be shown."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from recommender.serving.cards import encode_card
from tenants.products import CatalogueRow

ALWAYS, NEVER = -math.inf, math.inf


@dataclass(frozen=True, slots=True)
class Shelf:
    """One product's place: its cards and when they may be shown. Times are POSIX seconds."""

    product_id: str
    card: bytes
    opens_at: float
    closes_at: float
    sale_card: bytes | None
    sale_from: float
    sale_until: float
    created_at: float

    def card_at(self, now: float) -> bytes:
        if self.sale_card is not None and self.sale_from <= now < self.sale_until:
            return self.sale_card
        return self.card


NOWHERE = 0
"""The row of what the catalogue does not hold: a shelf that never sells, so that nobody has to ask."""

EMPTY = Shelf("", b"", opens_at=NEVER, closes_at=NEVER, sale_card=None, sale_from=NEVER, sale_until=NEVER, created_at=0)


class Catalogue:
    """Rows never move: a changed product keeps its number, a deleted one stays and does not sell."""

    def __init__(self) -> None:
        self.shelves: list[Shelf] = [EMPTY]
        self.rows: dict[str, int] = {}
        self.newest: Sequence[int] = ()

    def __len__(self) -> int:
        """How many products it has ever held."""
        return len(self.rows)

    def put(self, products: Iterable[CatalogueRow]) -> None:
        """Take changed products in. Call `settle` after the last page."""
        for product in products:
            shelf = make_shelf(product)
            row = self.rows.setdefault(product.product_id, len(self.shelves))
            if row == len(self.shelves):
                self.shelves.append(shelf)
            else:
                self.shelves[row] = shelf

    def settle(self) -> None:
        """Order the newest anew. About 30 ms for 100,000 products."""
        self.newest = sorted(self.rows.values(), key=lambda row: self.shelves[row].created_at, reverse=True)


def make_shelf(product: CatalogueRow) -> Shelf:
    on_sale = product.sale_price_minor is not None
    return Shelf(
        product_id=product.product_id,
        card=encode_card(product, on_sale=False),
        opens_at=_seconds(product.available_from, ALWAYS) if product.offered else NEVER,
        closes_at=_seconds(product.available_until, NEVER),
        sale_card=encode_card(product, on_sale=True) if on_sale else None,
        sale_from=_seconds(product.sale_from, ALWAYS),
        sale_until=_seconds(product.sale_until, NEVER),
        created_at=product.created_at.timestamp(),
    )


def _seconds(moment: datetime | None, otherwise: float) -> float:
    return otherwise if moment is None else moment.timestamp()
