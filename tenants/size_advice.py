"""Size advice: which size of a maker's chart a body's measurements lead to. Pure: numbers in, a size out.

A size fits where every measurement lies within its range, its ends included; where two ranges share an end, as those of
EN 13402-3's letters do (M 94–102 cm, L 102–110 cm), the smaller size is taken. Where none fits, the size with the least
misfit is taken: Σ over the measurements of how far outside the range it lies, in steps of the chart, what is too tight
counted twice, because what is too wide can be worn. Of a measurement with two sides the larger counts: shoes are sold
in pairs, and the larger foot has to go in, as buyers are commonly advised.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from math import lcm
from statistics import median
from typing import Literal

Verdict = Literal["tight", "good", "loose"]
Confidence = Literal["high", "medium", "low"]
Shift = Literal[-1, 0, 1]

TIGHT = 2
"""What a tenth of a millimetre too tight counts beside one too wide."""
NEAR = Fraction(1, 10)
"""Of a step: a size that fits worse than the best by no more than that is as likely."""
FAR = Fraction(1, 2)
"""Of a step: beyond this misfit the chart has no size for this body, and the advice is a guess."""
LONE_STEP = 100
"""Tenths of a millimetre: the step of a chart of one size without ends."""


@dataclass(frozen=True, slots=True)
class Range:
    """From and to, both included, in tenths of a millimetre; None where it is open."""

    low: int | None
    high: int | None

    @property
    def middle(self) -> int:
        """Of an open range its end."""
        ends = [end for end in (self.low, self.high) if end is not None]
        return sum(ends) // len(ends)

    def misfit(self, value: int) -> int:
        """Above 0: so much too tight. Below: too loose."""
        if self.high is not None and value > self.high:
            return value - self.high
        return value - self.low if self.low is not None and value < self.low else 0


@dataclass(frozen=True, slots=True)
class Row:
    """A size, and the bodies that it is made for, by measurement key."""

    size: str
    ranges: Mapping[str, Range]


@dataclass(frozen=True, slots=True)
class Fit:
    """How the size sits at one measurement."""

    key: str
    verdict: Verdict


@dataclass(frozen=True, slots=True)
class Advice:
    """`fit` is what the chart says of its own size, before a shift."""

    row: Row | None
    """None when nothing is known that the chart asks for."""
    fit: tuple[Fit, ...] = ()
    between: tuple[str, ...] = ()
    """Sizes that are as likely, from the smaller to the larger; empty when one is clear."""
    confidence: Confidence = "low"
    missing: tuple[str, ...] = ()
    """Keys that the chart asks for and nobody measured."""
    shift: Shift = 0
    """As it was made: 0 at the end of the chart."""


def take_larger(values: Iterable[tuple[str, int]]) -> dict[str, int]:
    """One value a key: of two sides the larger."""
    taken: dict[str, int] = {}
    for key, value in values:
        taken[key] = max(value, taken.get(key, value))
    return taken


def advise(rows: Sequence[Row], measured: Mapping[str, int], *, shift: Shift = 0, sure: bool = True) -> Advice:
    """The size for a body. Rows are in the maker's order, the smaller first, and all have ranges of the same keys.

    `measured` is in tenths of a millimetre. `shift` moves the advice to the next larger (1) or smaller (-1) size, as
    far as there is one. `sure`: whether the measurements can be relied on; advice on old ones is never 'high'.
    """
    asked = list(rows[0].ranges)
    known, missing = [key for key in asked if key in measured], tuple(key for key in asked if key not in measured)
    if not known:
        return Advice(None, missing=missing)
    weights, whole = _weigh(rows, known)
    costs = [_cost(row, measured, weights) for row in rows]
    best = costs.index(min(costs))
    near = tuple(row.size for row, cost in zip(rows, costs, strict=True) if cost <= costs[best] + NEAR * whole)
    between = near if len(near) > 1 else ()
    row = _shifted(rows, best, shift, measured, weights)
    return Advice(
        row=row,
        fit=tuple(Fit(key, _verdict(rows[best].ranges[key].misfit(measured[key]))) for key in known),
        between=between,
        confidence=_confidence(Fraction(costs[best], whole), clear=not between and not missing and sure),
        missing=missing,
        shift=0 if row is rows[best] else shift,
    )


def _weigh(rows: Sequence[Row], keys: Sequence[str]) -> tuple[dict[str, int], int]:
    """What a tenth of a millimetre of misfit weighs by key, and what a whole step weighs, the same of each key: whole
    numbers, so that equal misfits are equal and a large chart takes no time."""
    steps = {key: _step(rows, key) for key in keys}
    whole = lcm(*(step.numerator for step in steps.values()))
    return {key: whole // step.numerator * step.denominator for key, step in steps.items()}, whole


def _cost(row: Row, measured: Mapping[str, int], weights: Mapping[str, int]) -> int:
    misfits = ((row.ranges[key].misfit(measured[key]), weight) for key, weight in weights.items())
    return sum((TIGHT * misfit if misfit > 0 else -misfit) * weight for misfit, weight in misfits)


def _step(rows: Sequence[Row], key: str) -> Fraction:
    """The usual distance from one size to the next, of what the key measures."""
    middles = sorted({row.ranges[key].middle for row in rows})
    distances = [after - before for before, after in pairwise(middles)]
    return Fraction(median(distances)) if distances else Fraction(LONE_STEP)


def _shifted(
    rows: Sequence[Row], best: int, shift: Shift, measured: Mapping[str, int], weights: Mapping[str, int]
) -> Row:
    """The next size by the chart's first key that is known; of several widths of it the one that fits best."""
    if not shift:
        return rows[best]
    first, *others = weights
    here = rows[best].ranges[first].middle
    beyond = [row for row in rows if (row.ranges[first].middle - here) * shift > 0]
    if not beyond:
        return rows[best]
    next_to_it = min(abs(row.ranges[first].middle - here) for row in beyond)
    level = [row for row in beyond if abs(row.ranges[first].middle - here) == next_to_it]
    return min(level, key=lambda row: _cost(row, measured, {key: weights[key] for key in others}))


def _verdict(misfit: int) -> Verdict:
    return "good" if misfit == 0 else "tight" if misfit > 0 else "loose"


def _confidence(cost: Fraction, *, clear: bool) -> Confidence:
    if cost > FAR:
        return "low"
    return "high" if cost == 0 and clear else "medium"
