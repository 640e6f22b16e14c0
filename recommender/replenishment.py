"""Replenishment: how fast a shopper uses a product up, told from when and how much of it was bought.

Say that using u units takes Gamma(κu) / (κλ) days: λ units a day on average, κ says how regularly. The time until a new
purchase is then the time that the units of the one before took, and units and days simply add up: a gamma process.
λ differs between shoppers as Gamma(α, β). What was used, Q units in T days, makes it Gamma(α + κQ, β + κT), and the
last purchase's u units last (b / κ) · B days, where a = α + κQ, b = β + κT, and B is beta prime with (κu, a).
J. Lawless and M. Crowder, "Covariates and random effects in a gamma process model with application to degradation and
failure", Lifetime Data Analysis 10 (2004), 213-227.

From ENOUGH_GAPS on a shopper's own history decides: α = β = 0, and the rate is Q / T. Before, α and β are those of the
shop's other buyers of the product (empirical Bayes: B. Efron and C. Morris, JASA 70 (1975), 311-319). They are found by
moments: a buyer's days a unit T / Q are unbiased for 1 / λ, whose mean is β / (α - 1), and whose squared coefficient of
variation, with that of the sampling h = mean(1 / (κQ)), is c² = 1 / (α - 2) + h (α - 1) / (α - 2).
κ comes from how far gaps are from regular: E (λD - u)² = u / κ for a gap of D days after u units.

Days are whole calendar days. What is bought before the last is used up is not seen apart, and evens out over gaps.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import betaincinv

ENOUGH_GAPS = 2
"""Three purchases: from then on a shopper is told by their own history alone."""
INTERVAL = 0.5
"""The chance that it runs out within the interval."""
USUAL_GAPS, USUAL_VARIATION = 4.0, 0.9
"""Before anything is known, gaps vary by 0.9 of their mean, as if four had been seen that did: so they do in a real
supermarket (decision 0027), and intervals hold as often as they say."""
LEAST_RETURNING = 0.5
"""After one purchase nothing is foretold of a product that fewer than half of its buyers bought again."""
ALPHA = (2.1, 200.0)
"""Below, 1 / λ would have no variance; above, all shoppers are alike anyway."""
REGULARITY = (0.01, 100.0)
MOST_DAYS = 3_650.0


@dataclass(frozen=True, slots=True)
class Pool:
    """How long a product lasted with those who bought it more than once."""

    shoppers: int
    returning_share: float
    """Of the buyers who had time to come back."""
    mean_days: float
    """A unit lasted, on average over shoppers: mean of T / Q."""
    variance: float
    """Of T / Q between shoppers."""
    mean_inverse_units: float
    """Mean of 1 / Q."""
    scatter: float
    """Sum over all gaps of (D · Q / T - u)²."""
    weight: float
    """Sum over all gaps of u (1 - u / Q), which is κ times the expected scatter."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """Days count from the last purchase."""

    units_per_day: float
    lasts_days: float
    earliest_days: float
    latest_days: float
    """Between these with a chance of INTERVAL."""
    pooled: bool
    """Others' purchases told of the rate, not this shopper's alone."""


def estimate(days: NDArray[np.int64], units: NDArray[np.int64], pool: Pool | None = None) -> Estimate | None:
    """When what was bought last runs out; None where too little is known.

    `days`: of purchases, numbered, ascending and different; `units`: bought on each, at least 1.
    """
    gaps = len(days) - 1
    pooled = gaps < ENOUGH_GAPS and pool is not None
    if gaps < 1 and (pool is None or pool.returning_share < LEAST_RETURNING):
        return None
    used, took, last = float(units[:-1].sum()), float(days[-1] - days[0]), float(units[-1])
    regularity = _regularity(np.diff(days).astype(np.float64), units.astype(np.float64), pool)
    alpha, beta = _prior(pool, regularity) if pooled and pool is not None else (0.0, 0.0)
    a, b = alpha + regularity * used, beta + regularity * took
    tails = np.array([(1 - INTERVAL) / 2, (1 + INTERVAL) / 2])
    quantiles = betaincinv(regularity * last, a, tails)
    earliest, latest = np.minimum(b / regularity * quantiles / np.maximum(1 - quantiles, 1e-9), MOST_DAYS)
    lasts = min(last * b / a, MOST_DAYS)
    return Estimate(a / b, lasts, min(float(earliest), lasts), max(float(latest), lasts), pooled)


def _regularity(gaps: NDArray[np.float64], units: NDArray[np.float64], pool: Pool | None) -> float:
    """κ: units of weight over scatter, the shopper's own, the others', and the usual."""
    usual = float(units.mean())
    scatter = USUAL_GAPS * (USUAL_VARIATION * usual) ** 2
    weight = USUAL_GAPS * usual
    if len(gaps):
        used, took = units[:-1].sum(), gaps.sum()
        scatter += float(((gaps * used / took - units[:-1]) ** 2).sum())
        weight += float((units[:-1] * (1 - units[:-1] / used)).sum())
    if pool is not None:
        scatter, weight = scatter + pool.scatter, weight + pool.weight
    return float(np.clip(weight / scatter, *REGULARITY))


def _prior(pool: Pool, regularity: float) -> tuple[float, float]:
    """α (in units times κ) and β (in days times κ)."""
    sampling = pool.mean_inverse_units / regularity
    observed = pool.variance / pool.mean_days**2
    beyond = observed - sampling
    alpha = (1 + 2 * observed - sampling) / beyond if beyond > 0 else ALPHA[1]
    alpha = float(np.clip(alpha, *ALPHA))
    return alpha, pool.mean_days * (alpha - 1)
