"""The maths of experiments: are the arms filled as they should be, and what makes the difference between two of them?

Results are looked at while they come in, so intervals must hold at all times at once. These are asymptotic confidence
sequences: Waudby-Smith, Arbour, Sinha, Kennedy, Ramdas (2024), "Time-uniform central limit theory and asymptotic
confidence sequences", Annals of Statistics 52(6), arXiv:2103.06476, theorem 2.2 with the tuning of its appendix;
the mixture behind it is that of Howard, Ramdas, McAuliffe, Sekhon (2021), "Time-uniform, nonparametric, nonasymptotic
confidence sequences", Annals of Statistics 49(2), arXiv:1810.08240. What an arm's people did has a fixed window, so a
value that has come in no longer changes, which both need.
"""

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import chdtrc

ALPHA = 0.05
"""How often an interval may be wrong at any time, over the whole length of an experiment."""
SUSPICIOUS = 0.001
"""Below this the numbers of subjects do not come from their shares. Fabijan et al. (2019), "Diagnosing sample ratio
mismatch in online controlled experiments", KDD."""
LEAST_EXPECTED = 5
"""Subjects an arm, below which the chi-square distribution does not fit (Cochran 1954)."""
LEAST_COMPLETE, LEAST_BUYERS = 100, 10
"""Subjects and buyers an arm, below which means are too far from normal for any interval."""
SHARPEST_AT = 5_000
"""Subjects of two arms at which the intervals are as narrow as can be. Fixed ahead: it must not follow the data."""

Floats = NDArray[np.float64]


class Sample(NamedTuple):
    """The values of one arm's subjects, as they stood each time somebody looked: arrays of one shape."""

    size: Floats
    buyers: Floats
    """Subjects whose value is not 0."""
    mean: Floats
    variance: Floats
    """With size − 1."""


class Interval(NamedTuple):
    """A difference of means, and the bounds between which it is; NaN while either arm is too small."""

    difference: Floats
    low: Floats
    high: Floats


def sample_ratio_p(counts: Sequence[int], shares: Sequence[float]) -> float | None:
    """How likely such counts, or stranger ones, are under these shares: Pearson's chi-square. None for too few."""
    observed, expected = np.asarray(counts, float), np.asarray(shares, float)
    expected *= observed.sum() / expected.sum()
    if expected.min() < LEAST_EXPECTED:
        return None
    statistic = ((observed - expected) ** 2 / expected).sum()
    return float(chdtrc(len(counts) - 1, statistic))


def compare(treated: Sample, control: Sample, *, alpha: float = ALPHA) -> Interval:
    """What the treatment makes of the mean, at each time.

    The difference is the mean of n = n₁ + n₀ influences of variance n · (s₁²/n₁ + s₀²/n₀), which is what theorem 2.2 is
    about. No arm's variance is taken as less than that of both together: in the smaller of two arms a few big baskets
    that have not come yet make it look too small (without it, 12 % of simulated shares of 10 : 90 were wrong once).
    """
    n = treated.size + control.size
    least = _joint_variance(treated, control)
    squared_error = sum(np.maximum(one.variance, least) / one.size for one in (treated, control))
    rho = best_rho_squared(SHARPEST_AT, alpha)
    grown = n * rho + 1
    margin = np.sqrt(squared_error * 2 * grown / (n * rho) * np.log(np.sqrt(grown) / alpha))
    small = np.minimum(treated.size, control.size) < LEAST_COMPLETE
    small |= np.minimum(treated.buyers, control.buyers) < LEAST_BUYERS
    difference = np.where(small, np.nan, treated.mean - control.mean)
    return Interval(difference, difference - margin, difference + margin)


def _joint_variance(one: Sample, other: Sample) -> Floats:
    """Of all values of both, with n − 1."""
    n = one.size + other.size
    mean = (one.size * one.mean + other.size * other.mean) / n
    squares = ((part.size - 1) * part.variance + part.size * (part.mean - mean) ** 2 for part in (one, other))
    found: Floats = sum(squares, np.zeros_like(n)) / (n - 1)
    return found


def best_rho_squared(at: int, alpha: float) -> float:
    """ρ² of the narrowest sequence after so many subjects, by the approximation of the same appendix."""
    doubt = -2 * math.log(alpha)
    return (doubt + math.log(doubt + 1)) / at
