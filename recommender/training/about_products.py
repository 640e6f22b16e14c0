"""About products: numbers that describe a product at a cut, whoever looks at it."""

import numpy as np
from numpy.typing import NDArray

from recommender.training.dataset import Cut
from recommender.training.firsts import OF_PRODUCTS, Firsts, firsts_of_products
from recommender.training.parameters import DAY_S

NAMES = (
    *(f"bought_in_{days}" for days in (7, 14, 28, 56, 112)),
    "trend",
    "buyers",
    "repeat_rate",
    "price",
    "price_to_type",
    "share_of_type",
    "first_sold",
    "last_sold",
    *OF_PRODUCTS,
)
PRICE, TYPE_SIZE = NAMES.index("price"), NAMES.index("type_size")
LONG_AGO = 400
"""Days: for a product that was never sold."""


def describe_products(cut: Cut, repeat_rate: NDArray[np.float32], firsts: Firsts) -> NDArray[np.float32]:
    """Shape (P, NAMES). Counts, days and prices are log1p; trend is the logarithm of 14 days over the usual 14."""
    lines, count = cut.purchases, cut.shape[1]
    ages = (cut.as_of_s - 1 - lines.ordered_at_s) // DAY_S
    sold = {days: np.bincount(lines.product_indices[ages < days], minlength=count) for days in (7, 14, 28, 56, 112)}
    first, last = np.zeros(count), np.full(count, float(LONG_AGO))
    np.maximum.at(first, lines.product_indices, ages)
    np.minimum.at(last, lines.product_indices, ages)
    price, types = np.log1p(cut.facts.prices_minor), cut.facts.types + 1
    columns = [
        *(np.log1p(number) for number in sold.values()),
        np.log((sold[14] + 1) / (sold[56] / 4 + 1)),
        np.log1p(np.bincount(cut.bought.products, minlength=count)),
        repeat_rate,
        price,
        price - _mean_by(types, price)[types],
        cut.popular / np.maximum(np.bincount(types, cut.popular)[types], 1e-6),
        np.log1p(first),
        np.log1p(last),
    ]
    return np.column_stack([*columns, firsts_of_products(cut, firsts)]).astype(np.float32)


def _mean_by(groups: NDArray[np.integer], values: NDArray[np.float64]) -> NDArray[np.float64]:
    means: NDArray[np.float64] = np.bincount(groups, values) / np.maximum(np.bincount(groups), 1)
    return means
