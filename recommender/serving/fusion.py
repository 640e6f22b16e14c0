"""Fusion: several orders of products made one, by their places."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from recommender.serving.reasons import Why

OFFSET = 60
"""How flat places count: 1 / (60 + place), as in reciprocal rank fusion (Cormack, Clarke and Büttcher 2009)."""


class Voice(NamedTuple):
    """An order, how much it counts, and why its products are shown."""

    rows: Sequence[int]
    weight: float
    why: Why


def fuse(voices: Iterable[Voice]) -> tuple[list[int], dict[int, Why]]:
    """Rows by the sum of weight / (60 + place) over the voices; the reason is that of the voice that says most."""
    sums, strongest = dict[int, float](), dict[int, tuple[float, Why]]()
    for rows, weight, why in voices:
        for place, row in enumerate(rows, start=1):
            say = weight / (OFFSET + place)
            sums[row] = sums.get(row, 0.0) + say
            if row not in strongest or say > strongest[row][0]:
                strongest[row] = say, why
    order = sorted(sums, key=lambda row: (-sums[row], row))
    return order, {row: why for row, (_, why) in strongest.items()}
