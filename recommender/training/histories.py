"""Histories: when somebody had something before, in a handful of numbers a pair. Pairs are shopper × product, shopper ×
type, or all shoppers × product."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recommender.training.parameters import DAY_S

COLUMNS = ("days", "in_14", "in_28", "in_56", "in_112", "recent", "usual", "since", "gap", "last_gap", "due", "rate")
DAYS, USUAL, SINCE = (COLUMNS.index(name) for name in ("days", "usual", "since"))
WINDOWS = (14, 28, 56, 112)
PRIOR_GAPS = 2.0
"""Weight of the thing's own mean gap beside the pair's gaps."""
NO_DAY = 400
"""Days since, for what never happened."""


@dataclass(frozen=True, slots=True)
class Histories:
    """One row a pair that ever was."""

    keys: NDArray[np.int64]
    """Ascending: owner × things + thing."""
    values: NDArray[np.float32]
    """Shape (pairs, columns): see COLUMNS; counts, days and gaps as log1p, due as a logarithm."""
    never: NDArray[np.float32]
    """Shape (columns,): what stands for a pair that never was."""
    things: int

    def of(self, owners: NDArray[np.integer], things: NDArray[np.integer]) -> NDArray[np.float32]:
        """Shape (pairs, columns) of these pairs; a thing of -1 never was."""
        keys = owners.astype(np.int64) * self.things + things
        at = np.searchsorted(self.keys, keys)
        found = (
            (things >= 0) & (self.keys[np.minimum(at, len(self.keys) - 1)] == keys) if len(self.keys) else things < -1
        )
        values = np.broadcast_to(self.never, (len(keys), len(self.never))).copy()
        values[found] = self.values[at[found]]
        return values


def read_histories(
    owners: NDArray[np.integer], things: NDArray[np.integer], times_s: NDArray[np.int64], *, as_of_s: int, count: int
) -> Histories:
    """From rows (owner, thing, time before `as_of_s`) in any order; several of a day are one. `count` things exist.

    A gap is the number of days between two of them; the expected gap is the mean of the pair's gaps and twice the
    thing's own mean gap; due is the logarithm of days since the last over the expected gap.
    """
    keys, ages, starts = _visits(owners, things, times_s, as_of_s=as_of_s, count=count)
    if not len(starts):
        empty = np.empty((0, len(COLUMNS)), np.float32)
        return Histories(keys, empty, _never(), count)
    ends = np.append(starts[1:], len(ages)) - 1
    days = (ends - starts + 1).astype(np.float64)
    first, last = ages[starts].astype(np.float64), ages[ends].astype(np.float64)
    before = np.where(days > 1, ages[np.maximum(ends - 1, 0)], last)
    pairs = keys[starts]
    gap = _expected_gap(pairs % count, first - last, days - 1, count)
    columns = [
        np.log1p(days),
        *(np.log1p(np.add.reduceat(ages < window, starts)) for window in WINDOWS),
        np.log1p(np.add.reduceat(np.exp2(-ages / 20), starts)),
        np.log1p(np.add.reduceat(np.exp2(-ages / 90), starts)),
        np.log1p(last),
        np.log1p(gap),
        np.log1p(before - last),
        np.log((last + 1) / (gap + 1)),
        np.log1p(days / (first + 14) * 28),
    ]
    return Histories(pairs, np.stack(columns, axis=1).astype(np.float32), _never(), count)


def _visits(
    owners: NDArray[np.integer], things: NDArray[np.integer], times_s: NDArray[np.int64], *, as_of_s: int, count: int
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.intp]]:
    """Distinct (pair, day): the pair's key, the day's age (0 is the last day), oldest first; and where pairs start."""
    known = things >= 0
    ages = (as_of_s - 1 - times_s[known]) // DAY_S
    span = int(ages.max(initial=0)) + 1
    pairs = owners[known].astype(np.int64) * count + things[known]
    codes = np.unique(pairs * span + (span - 1 - ages))
    keys = codes // span
    starts = np.flatnonzero(np.diff(keys, prepend=-1))
    return keys, span - 1 - codes % span, starts


def _expected_gap(
    things: NDArray[np.int64], total: NDArray[np.float64], gaps: NDArray[np.float64], count: int
) -> NDArray[np.float64]:
    """Days: each pair's mean gap shrunk to its thing's, and that to everything's."""
    overall = total.sum() / max(gaps.sum(), 1.0) if gaps.sum() else float(NO_DAY)
    by_thing = (np.bincount(things, total, count) + PRIOR_GAPS * overall) / (
        np.bincount(things, gaps, count) + PRIOR_GAPS
    )
    expected: NDArray[np.float64] = (total + PRIOR_GAPS * by_thing[things]) / (gaps + PRIOR_GAPS)
    return expected


def _never() -> NDArray[np.float32]:
    never = dict.fromkeys(COLUMNS, 0.0) | {"since": np.log1p(NO_DAY), "gap": np.log1p(NO_DAY)}
    return np.array([never[name] for name in COLUMNS], np.float32)
