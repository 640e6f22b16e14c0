"""Repeats: how often a product is bought again by those who bought it, so that a durable is not shown to its owner."""

import numpy as np
from numpy.typing import NDArray

from recommender.training.dataset import Cut
from recommender.training.histories import DAYS, SINCE, Histories

PRIOR_BUYERS = 10.0
"""How many buyers the type's rate counts as, beside the product's own; and the shop's rate beside the type's."""
SHOP_PRIOR, SHOP_PRIOR_BUYERS = 0.3, 30.0
"""Of a shop of which little is known: a few purchases do not say that nothing is bought twice there."""
PATIENCE_DAYS = 60
"""Who bought later than that and not again may do so yet, and says nothing."""


def repeat_rates(cut: Cut, by_product: Histories) -> NDArray[np.float32]:
    """Shape (P,): share of a product's buyers who bought it on a second day, among those who had time to.

    Shrunk to its type's rate, that to the shop's, and that to 0.3: (again + 10 × rate above) / (buyers + 10).
    """
    products = by_product.keys % max(by_product.things, 1)
    count = cut.shape[1]
    came_back = by_product.values[:, DAYS] > np.log1p(1.5)
    known = came_back | (by_product.values[:, SINCE] >= np.log1p(PATIENCE_DAYS))
    buyers, again = np.bincount(products, known, count), np.bincount(products, came_back, count)
    types = cut.facts.types + 1  # 0: products without a type, which are one type
    type_count = len(cut.facts.features) + 1
    shop_rate = (again.sum() + SHOP_PRIOR_BUYERS * SHOP_PRIOR) / (buyers.sum() + SHOP_PRIOR_BUYERS)
    by_type = _shrunk(np.bincount(types, again, type_count), np.bincount(types, buyers, type_count), shop_rate)
    return _shrunk(again, buyers, by_type[types]).astype(np.float32)


def _shrunk(
    again: NDArray[np.number], buyers: NDArray[np.number], rate: NDArray[np.float64] | float
) -> NDArray[np.float64]:
    return np.asarray((again + PRIOR_BUYERS * rate) / (buyers + PRIOR_BUYERS), np.float64)
