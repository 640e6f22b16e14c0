"""Trending: what is bought more than it used to be."""

import numpy as np
from numpy.typing import NDArray

from recommender.training.dataset import Cut
from recommender.training.parameters import DAY_S

RECENT_DAYS, BEFORE_DAYS = 14, 56
DOUBT = 5.0
"""Buyers added to the expected ones: a handful does not make a trend."""


def trending(cut: Cut) -> NDArray[np.float64]:
    """Shape (P,): (recent - expected) / √(expected + 5), in buyers; popularity breaks ties.

    Recent: different shoppers of the last 14 days, one a day, so that one keen shopper makes no trend. Expected: a
    quarter of the 56 days before, scaled by how much the whole shop grew.
    """
    lines, count = cut.purchases, cut.shape[1]
    ages = (cut.as_of_s - 1 - lines.ordered_at_s) // DAY_S
    recent = _buyers(cut, ages < RECENT_DAYS)
    before = _buyers(cut, (ages >= RECENT_DAYS) & (ages < RECENT_DAYS + BEFORE_DAYS)) * RECENT_DAYS / BEFORE_DAYS
    growth = recent.sum() / max(before.sum(), 1.0) if before.sum() else 0.0
    expected = before * growth
    popular = cut.popular / max(float(cut.popular.max(initial=0)), 1e-9)
    scores: NDArray[np.float64] = (recent - expected) / np.sqrt(expected + DOUBT) + 1e-3 * popular
    return scores[:count]


def _buyers(cut: Cut, kept: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Different (shopper, day) of each product among these lines."""
    lines = cut.purchases.where(kept)
    days = lines.ordered_at_s // DAY_S
    days -= days.min(initial=0) if len(days) else 0
    span = int(days.max(initial=0)) + 1
    keys = np.unique((lines.shopper_indices.astype(np.int64) * cut.shape[1] + lines.product_indices) * span + days)
    return np.bincount(keys // span % cut.shape[1], minlength=cut.shape[1]).astype(np.float64)
