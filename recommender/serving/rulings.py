"""Rulings: what the rules in force say of one placement."""

import math
from collections.abc import Mapping, Sequence
from typing import NamedTuple


class Ruling(NamedTuple):
    """Rows are the catalogue's. Nothing in it changes once it is made."""

    allowed: bytes | None = None
    """One byte a row, 1 where the product may be shown; None when all may. A row beyond the end may not."""
    pins: tuple[tuple[int, int], ...] = ()
    """(position from 1, row), ascending, no position and no row twice, none that is not allowed."""
    factors: Mapping[int, float] = {}
    """By row: what its place in an order is multiplied by, below 1 to go up."""
    until: float = math.inf
    """POSIX seconds from which on it no longer holds."""


FREE = Ruling()
"""No rule says anything."""


def reorder(order: Sequence[int], factors: Mapping[int, float]) -> list[int]:
    """Boosted rows further up and buried ones further down: stable by place × factor, places from 1."""
    if not factors or factors.keys().isdisjoint(order):
        return list(order)
    factor = factors.get
    places = [place * factor(row, 1.0) for place, row in enumerate(order, start=1)]
    return [order[at] for at in sorted(range(len(order)), key=places.__getitem__)]
