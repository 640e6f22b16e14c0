"""Ordering of a test: what a slot shows of a given order under a given ruling, by the very walk that pages wait for."""

from collections.abc import Collection, Sequence

from recommender.serving.catalogue import Catalogue, Shelves
from recommender.serving.live_tenant import LiveTenant
from recommender.serving.needs import Looks, Needs
from recommender.serving.orders import Order, Ordered
from recommender.serving.picking import Wish, pick
from recommender.serving.rulings import Ruling, reorder
from recommender.serving.strategies import Ask
from tenants.placements import Placement
from tests.serving.shops import NOW, TENANT, product

PLACE = Placement(id="home", strategy="for_you", strict=True)
SHELVES = Shelves()


class Book:
    """A rule book that says one thing."""

    until = float("inf")

    def __init__(self, ruling: Ruling) -> None:
        self._ruling = ruling

    def ruling(self, placement: str) -> Ruling:
        return self._ruling


def shown(
    order: Sequence[int], ruling: Ruling, *, barred: Collection[int] = (), sold_out: Collection[int] = ()
) -> list[int]:
    """Rows, best first. The catalogue has twelve products, rows 1 to 12."""
    live = LiveTenant(TENANT, Catalogue(SHELVES), book=Book(ruling))  # type: ignore[arg-type]  # as much as is asked
    live.catalogue.put(product(f"p{row}", offered=row not in sold_out) for row in range(1, 13))
    rows = reorder(order, ruling.factors)
    made = Order((Ordered("model", rows, [0] * len(rows)),), frozenset(barred), frozenset(barred))
    return pick(live, PLACE, Ask(), made, Wish(50, (), Needs(), Looks()), now=NOW, taken=set(barred)).rows
