"""Rules (stub until the rules branch is merged)."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple


class Ruling(NamedTuple):
    allowed: bytes | None = None
    pins: tuple[tuple[int, int], ...] = ()
    factors: Mapping[int, float] = {}
    until: float = float("inf")


FREE = Ruling()


def reorder(rows: Sequence[int], ruling: Ruling) -> list[int]:
    if not ruling.factors:
        return list(rows)
    factors = ruling.factors
    places = sorted(range(len(rows)), key=lambda place: ((place + 1) * factors.get(rows[place], 1.0), place))
    return [rows[place] for place in places]
