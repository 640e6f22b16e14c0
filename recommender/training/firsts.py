"""First purchases: who bought a product for the first time, and when; what shoppers discover lately."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recommender.training.dataset import Cut
from recommender.training.histories import Histories
from recommender.training.parameters import DAY_S

OF_PRODUCTS = (
    "first_in_14",
    "first_in_28",
    "first_in_56",
    "first_rate",
    "first_trend",
    "type_first_share",
    "type_size",
)
OF_SHOPPERS = ("first_in_28", "first_in_84")
OF_TYPES = ("different", "first_in_28", "first_in_84")
"""Different products of a type that a shopper bought, and bought for the first time."""


@dataclass(frozen=True, slots=True)
class Firsts:
    """One row a pair ever bought: its first day's age (0 is the last day before the cut)."""

    shoppers: NDArray[np.int32]
    products: NDArray[np.int32]
    ages: NDArray[np.int64]
    types: NDArray[np.int32]
    """The product's, -1 for none."""


def find_firsts(cut: Cut) -> Firsts:
    lines = cut.purchases
    keys = lines.shopper_indices.astype(np.int64) * cut.shape[1] + lines.product_indices
    order = np.lexsort((lines.ordered_at_s, keys))
    first = order[np.flatnonzero(np.diff(keys[order], prepend=-1))]
    products = lines.product_indices[first]
    ages = (cut.as_of_s - 1 - lines.ordered_at_s[first]) // DAY_S
    return Firsts(lines.shopper_indices[first], products, ages, cut.facts.types[products])


def firsts_of_products(cut: Cut, firsts: Firsts) -> NDArray[np.float32]:
    """Shape (P, OF_PRODUCTS): new buyers as log1p; the last 28 days' as a share of those who had not bought it; the
    logarithm of 14 days over the usual 14; and of the product's type the share of lines that were firsts, and its size.
    """
    shoppers, count = cut.shape
    new = {days: _count(firsts.products[firsts.ages < days], count) for days in (14, 28, 56)}
    before = _count(firsts.products, count)
    groups, length = cut.facts.types + 1, len(cut.facts.features) + 1
    lines = cut.purchases.where((cut.as_of_s - 1 - cut.purchases.ordered_at_s) // DAY_S < 28)
    sold = _count(groups[lines.product_indices], length)
    found = _count(firsts.types[firsts.ages < 28] + 1, length)
    columns = [
        *(np.log1p(number) for number in new.values()),
        new[28] / (shoppers - before + 10),
        np.log((new[14] + 1) / (new[56] / 4 + 1)),
        ((found + 1) / (sold + 4))[groups],
        np.log1p(_count(groups, length))[groups],
    ]
    return np.stack(columns, axis=1).astype(np.float32)


def firsts_of_shoppers(cut: Cut, firsts: Firsts) -> NDArray[np.float32]:
    """Shape (S, OF_SHOPPERS): how many products were new to the shopper, as log1p."""
    counts = (_count(firsts.shoppers[firsts.ages < days], cut.shape[0]) for days in (28, 84))
    return np.stack([np.log1p(number) for number in counts], axis=1).astype(np.float32)


def firsts_of_types(cut: Cut, firsts: Firsts) -> Histories:
    """Shopper × type with the columns OF_TYPES, as log1p."""
    length = max(1, len(cut.facts.features))
    typed = firsts.types >= 0
    pairs = firsts.shoppers[typed].astype(np.int64) * length + firsts.types[typed]
    keys, inverse = np.unique(pairs, return_inverse=True)
    counts = (_count(inverse[firsts.ages[typed] < days], len(keys)) for days in (np.inf, 28, 84))
    values = np.stack([np.log1p(number) for number in counts], axis=1).astype(np.float32)
    return Histories(keys, values, np.zeros(len(OF_TYPES), np.float32), length)


def _count(indices: NDArray[np.integer], length: int) -> NDArray[np.int64]:
    return np.bincount(indices, minlength=length).astype(np.int64)
