"""Demand: how many units a preorder campaign will come to, told from how its joins came in so far.

The level comes from the campaign itself, its shape from the shop's past campaigns, or without these from itself too.
Say that k joins came until the share s of the window, and that F is the share of all joins that has come by then. Their
expected count is then known as Gamma(k + 1/2) (Jeffreys' prior for a Poisson count), so that those to come are
Poisson(Gamma(k + 1/2) · (1 − F) / F). Each brings as many units as one of those before, drawn with replacement.

F without past campaigns: joins are taken for a Poisson process of intensity λ β t^(β − 1), front-loaded for β < 1,
steady for 1, with a rush to the end above it. Then F = s^β. b = k / Σ ln(s / tᵢ) estimates β, with 2kβ / b ~ χ²(2k):
L. H. Crow, "Reliability analysis for complex, repairable systems", in Reliability and Biometry, SIAM 1974.

F with at least three: logit F is normal over the shop's campaigns, so that of the next one lies around their mean as
Student's t with one degree of freedom less than campaigns, spread by their deviation · √(1 + 1 / campaigns).

What joined and is cancelled later, and joins that come in bursts, are not foreseen. 4,000 draws, always the same ones.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Method = Literal["own_curve", "past_campaigns", "final", "insufficient_data"]

DRAWS = 4_000
INTERVAL = 0.8
"""The share of campaigns that end within the interval."""
LEAST_PAST = 3
"""Fewer past campaigns tell nothing of how much they differ."""
LEAST_JOINS, LEAST_ELAPSED = 10, 0.1
"""Before these a campaign's own shape is anybody's guess."""
LEAST_JOINS_WITH_PAST = 3
LEAST_SHARE = 0.01
"""Nothing grows more than a hundredfold."""
LEAST_SPREAD = 0.1
"""Of logit F: past campaigns that were alike by chance do not make the next one certain."""


@dataclass(frozen=True, slots=True)
class Forecast:
    """Units when the campaign ends, those that have joined included; None where too little is known."""

    method: Method
    units: int | None = None
    """The median."""
    low: int | None = None
    high: int | None = None
    """Between these with a chance of INTERVAL."""
    chance_of_minimum: float | None = None
    """That the minimum is reached."""


def forecast(
    shares: NDArray[np.float64],
    units: NDArray[np.int64],
    *,
    elapsed: float,
    past: NDArray[np.int64],
    cap: int | None,
    minimum: int,
) -> Forecast:
    """What the campaign will come to. About two milliseconds.

    `shares` and `units`, shape (k,): when each join came, as a share of the window, and what it brought. `elapsed`: the
    share that is over. `past`, shape (campaigns, 2): the joins of each until that share, and until its end.
    """
    joined = int(units.sum())
    if elapsed >= 1:
        return Forecast("final", joined, joined, joined, float(joined >= minimum))
    rng = np.random.default_rng(2026)
    if len(past) >= LEAST_PAST and len(units) >= LEAST_JOINS_WITH_PAST and elapsed > 0:
        method: Method = "past_campaigns"
        completion = _like_past(past, rng)
    elif len(units) >= LEAST_JOINS and elapsed >= LEAST_ELAPSED:
        method = "own_curve"
        completion = _like_itself(shares, elapsed, rng)
    else:
        return Forecast("insufficient_data")
    totals = joined + _draw_more(units, completion, rng)
    totals = totals if cap is None else np.minimum(totals, max(cap, joined))
    return _summarise(method, totals, minimum)


def _like_past(past: NDArray[np.int64], rng: np.random.Generator) -> NDArray[np.float64]:
    """Draws of F, shape (DRAWS,), by other campaigns. A half on each side stands in where one had nothing there."""
    logits = np.log((past[:, 0] + 0.5) / (past[:, 1] - past[:, 0] + 0.5))
    spread = max(float(logits.std(ddof=1)), LEAST_SPREAD) * np.sqrt(1 + 1 / len(past))
    drawn = logits.mean() + spread * rng.standard_t(len(past) - 1, DRAWS)
    completion: NDArray[np.float64] = 1 / (1 + np.exp(-np.clip(drawn, -30, 30)))
    return np.clip(completion, LEAST_SHARE, 1)


def _like_itself(shares: NDArray[np.float64], elapsed: float, rng: np.random.Generator) -> NDArray[np.float64]:
    """Draws of F, shape (DRAWS,), by the campaign's own curve."""
    waited = np.log(elapsed / np.clip(shares, 1e-6, elapsed)).sum()
    shape = rng.chisquare(2 * len(shares), DRAWS) / (2 * max(float(waited), 1e-6))
    return np.clip(elapsed**shape, LEAST_SHARE, 1)


def _draw_more(
    units: NDArray[np.int64], completion: NDArray[np.float64], rng: np.random.Generator
) -> NDArray[np.int64]:
    """Units to come, shape (DRAWS,)."""
    rates = rng.gamma(len(units) + 0.5, size=DRAWS) * (1 - completion) / completion
    sizes, counts = np.unique(units, return_counts=True)
    drawn: NDArray[np.int64] = rng.multinomial(rng.poisson(rates), counts / counts.sum()) @ sizes
    return drawn


def _summarise(method: Method, totals: NDArray[np.int64], minimum: int) -> Forecast:
    edge = (1 - INTERVAL) / 2
    return Forecast(
        method,
        units=int(np.quantile(totals, 0.5, method="nearest")),
        low=int(np.quantile(totals, edge, method="lower")),
        high=int(np.quantile(totals, 1 - edge, method="higher")),
        chance_of_minimum=round(float((totals >= minimum).mean()), 3),
    )
