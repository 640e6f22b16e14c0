"""Picking: the products of a slot, taken from an order by what sells now and what is not shown elsewhere."""

from collections.abc import Collection, Iterable
from typing import NamedTuple

from recommender.serving.live_tenant import LiveTenant
from recommender.serving.needs import Looks, Needs
from recommender.serving.orders import Order, Ordered, behind
from recommender.serving.reasons import Because, Why, why
from recommender.serving.strategies import Ask, Source
from tenants.placements import Placement

PINNED = why(Because.PINNED)


class Picked(NamedTuple):
    """Rows to show, why each is, and the first source that gave any."""

    rows: list[int]
    whys: list[Why]
    source: Source
    fallen_back: bool
    """Whether the placement's own strategy gave nothing."""


class Wish(NamedTuple):
    """What a slot asks for beside its placement."""

    limit: int
    exclude: Collection[str]
    needs: Needs
    looks: Looks
    cart: Collection[str] = ()
    """What is in the cart already."""
    category: str | None = None
    currency: str | None = None

    @property
    def narrow(self) -> bool:
        """Whether the page wants one category or currency only."""
        return self.category is not None or self.currency is not None


def pick(
    live: LiveTenant, placement: Placement, ask: Ask, order: Order, wish: Wish, *, now: float, taken: set[int]
) -> Picked:
    """Up to `wish.limit` rows that sell now and are neither excluded nor taken; adds them to `taken`."""
    mask = live.mask(
        placement.id, now, ask.collections, category=wish.category, currency=wish.currency,
        preorders=placement.strategy == "campaigns",
    )  # fmt: skip
    barred = {*taken, *map(live.row_of, (*wish.exclude, *wish.cart)), live.row_of(ask.product_id)}
    pins = live.ruling(placement.id).pins
    if pins:
        pins = tuple(
            pin for pin in pins if pin[0] <= wish.limit and _may(live, pin[1], mask, barred | order.gone, wish)
        )
        barred.update(row for _, row in pins)
    walk = _Walk(live, mask, barred, wish, _find_room(wish, mask, barred, len(pins)))
    source, fallen_back = walk.through(order.stages), False
    if walk.left and order.further:
        further = walk.through(order.further)
        if source == "none":
            source, fallen_back = further, further != "none"
    if walk.left:
        gone = order.gone - barred
        barred.update(gone)
        behind_source = walk.through(behind(live, placement, ask))
        if not walk.rows and gone:
            barred.difference_update(gone - order.never)  # what they have already is better than an empty place
            behind_source = walk.through(behind(live, placement, ask))
        if source == "none":
            source, fallen_back = behind_source, behind_source != "none"
    for position, row in pins:
        walk.rows.insert(position - 1, row)
        walk.whys.insert(position - 1, PINNED)
    taken.update(walk.rows)
    return Picked(walk.rows, walk.whys, "picks" if pins and source == "none" else source, fallen_back)


class _Walk:
    """What a page waits for: the way through an order until enough was found."""

    __slots__ = ("_barred", "_live", "_looks", "_mask", "_needs", "left", "rows", "whys")

    def __init__(self, live: LiveTenant, mask: bytes, barred: set[int], wish: Wish, wanted: int) -> None:
        self._live, self._mask, self._barred = live, mask, barred
        self._needs, self._looks = wish.needs, wish.looks
        self.rows, self.whys, self.left = list[int](), list[Why](), wanted

    def through(self, stages: Iterable[Ordered]) -> Source:
        """Take what may be shown; returns the first source that gave any."""
        source: Source = "none"
        for stage in stages:
            if not self.left or self._looks.left < 0:
                break
            if self._take(stage) and source == "none":
                source = stage.source
        return source

    def _take(self, stage: Ordered) -> int:
        mask, barred, needs, rows, whys = self._mask, self._barred, self._needs, self.rows, self.whys
        before, wanted = len(rows), len(rows) + self.left
        for row, reason in zip(stage.rows, stage.whys, strict=False):
            if mask[row] and row not in barred:
                if needs.all and not self._meets(row):
                    if self._looks.left < 0:
                        break
                    continue
                barred.add(row)
                rows.append(row)
                whys.append(reason)
                if len(rows) == wanted:
                    break
        self.left = wanted - len(rows)
        return len(rows) - before

    def _meets(self, row: int) -> bool:
        return self._looks.take() and self._needs.met_by(self._live.catalogue.document(row))


def _find_room(wish: Wish, mask: bytes, barred: Collection[int], pins: int) -> int:
    """How many are looked for beside the pins: a small category is not searched for in all that a shop has."""
    wanted = wish.limit - pins
    return min(wanted, mask.count(1) - sum(mask[row] for row in barred)) if wish.narrow else wanted


def _may(live: LiveTenant, row: int, mask: bytes, barred: Collection[int], wish: Wish) -> bool:
    return bool(mask[row]) and row not in barred and wish.needs.met_by(live.catalogue.document(row))
