"""Picking: the products of a slot, taken from an order by what sells now and what is not shown elsewhere."""

from collections.abc import Collection
from itertools import chain
from typing import NamedTuple

from recommender.serving.catalogue import NOWHERE
from recommender.serving.live_tenant import LiveTenant
from recommender.serving.needs import Needs
from recommender.serving.orders import Order, behind
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


def pick(
    live: LiveTenant, placement: Placement, ask: Ask, order: Order, wish: Wish, *, now: float, taken: set[int]
) -> Picked:
    """Up to `wish.limit` rows that sell now and are neither excluded nor taken; adds them to `taken`."""
    mask = live.mask(placement.name, now)
    barred = taken.union(map(live.row_of, wish.exclude), order.gone, (live.row_of(ask.product_id), NOWHERE))
    ruling = live.ruling(placement.name, now)
    pins = [pin for pin in ruling.pins if pin[0] <= wish.limit and _may(live, pin[1], mask, barred, wish.needs)]
    barred.update(row for _, row in pins)
    picked = _walk(live, placement, ask, order, wish._replace(limit=wish.limit - len(pins)), mask, barred)
    for position, row in pins:
        picked.rows.insert(position - 1, row)
        picked.whys.insert(position - 1, PINNED)
    taken.update(picked.rows)
    return picked._replace(source="picks") if pins and picked.source == "none" else picked


def _walk(
    live: LiveTenant, placement: Placement, ask: Ask, order: Order, wish: Wish, mask: bytes, barred: set[int]
) -> Picked:
    """The head of the order stage by stage, and what stands behind it. The loop that a page waits for."""
    rows, whys, needs = list[int](), list[Why](), wish.needs
    source: Source = "none"
    fallen_back = False
    for number, stage in enumerate(chain(order.stages, behind(live, placement, ask))):
        if len(rows) >= wish.limit:
            break
        before = len(rows)
        for row, reason in zip(stage.rows, stage.whys, strict=False):
            if mask[row] and row not in barred and (not needs.all or needs.met_by(live.catalogue.document(row))):
                barred.add(row)
                rows.append(row)
                whys.append(reason)
                if len(rows) == wish.limit:
                    break
        if not before and rows:
            source, fallen_back = stage.source, number >= len(order.stages)
    return Picked(rows, whys, source, fallen_back)


def _may(live: LiveTenant, row: int, mask: bytes, barred: Collection[int], needs: Needs) -> bool:
    return bool(mask[row]) and row not in barred and needs.met_by(live.catalogue.document(row))
