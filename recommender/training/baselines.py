"""Baselines: what any shop could do without a model, and what a model has to beat."""

import numpy as np
from numpy.typing import NDArray

from recommender.interactions import Interactions
from recommender.purchases import Purchases
from recommender.serving.ranking import Scoring
from recommender.training.dataset import decay, decayed_counts


def popularity(purchases: Purchases, *, as_of_s: int, half_life_days: float) -> NDArray[np.float64]:
    """Time-decayed number of lines of each product, shape (products,)."""
    left = decay(purchases, as_of_s=as_of_s, half_life_days=half_life_days)
    sums = np.bincount(purchases.product_indices, weights=left, minlength=len(purchases.products))
    return sums.astype(np.float64)


def by_popularity(popular: NDArray[np.float64], shopper_count: int) -> Scoring:
    """The same order for everyone."""
    return Scoring(
        np.zeros((shopper_count, 1), np.float32), np.zeros((len(popular), 1), np.float32), popular.astype(np.float32)
    )


def personal_frequency(purchases: Purchases, *, as_of_s: int, half_life_days: float) -> Interactions:
    """Time-decayed number of lines of each shopper and product."""
    return decayed_counts(purchases, as_of_s=as_of_s, half_life_days=half_life_days)


def by_frequency(frequency: Interactions, popular: NDArray[np.float64]) -> Scoring:
    """What the shopper bought most; behind that, and among equals, what everyone buys."""
    far_below = popular / max(float(popular.sum()), 1.0) * 1e-3
    everyone = by_popularity(far_below, frequency.shopper_count)
    return Scoring(everyone.shopper_vectors, everyone.product_vectors, everyone.product_biases, frequency)
