"""Repeats: how often a product is bought again by those who bought it, so that a durable is not shown to its owner."""

import numpy as np
from numpy.typing import NDArray

from recommender.training.dataset import Cut
from recommender.training.histories import DAYS, Histories

PRIOR_BUYERS = 10.0
"""How many buyers the type's rate counts as, beside the product's own; and the shop's rate beside the type's."""


def repeat_rates(cut: Cut, by_product: Histories) -> NDArray[np.float32]:
    """Shape (P,): share of a product's buyers of whom a purchase on a second day is known.

    Shrunk to its type's rate, and that to the shop's: (again + 10 × rate above) / (buyers + 10).
    """
    products = by_product.keys % max(by_product.things, 1)
    count = cut.shape[1]
    buyers = np.bincount(products, minlength=count)
    again = np.bincount(products, by_product.values[:, DAYS] > np.log1p(1.5), count)
    types = cut.facts.types + 1  # 0: products without a type, which are one type
    type_count = len(cut.facts.features) + 1
    shop_rate = again.sum() / max(buyers.sum(), 1)
    by_type = _shrunk(np.bincount(types, again, type_count), np.bincount(types, buyers, type_count), shop_rate)
    return _shrunk(again, buyers, by_type[types]).astype(np.float32)


def _shrunk(
    again: NDArray[np.number], buyers: NDArray[np.number], rate: NDArray[np.float64] | float
) -> NDArray[np.float64]:
    return np.asarray((again + PRIOR_BUYERS * rate) / (buyers + PRIOR_BUYERS), np.float64)
