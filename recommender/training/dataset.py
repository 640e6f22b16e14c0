"""Datasets: purchases cut at a time into what is learned from and what is to be foretold."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recommender.interactions import Interactions, from_pairs
from recommender.purchases import Purchases
from recommender.training.parameters import DAY_S


@dataclass(frozen=True, slots=True)
class Window:
    """A cut in time. Both sides use the id maps of `train`: shoppers and products known before the cut."""

    train: Purchases
    labels: Interactions
    """What train's shoppers bought of train's products in the window; a weight is a number of lines."""


def window(purchases: Purchases, *, start_s: int, end_s: int, min_product_lines: int) -> Window:
    """Learn from everything before `start_s`, foretell `start_s` up to `end_s`."""
    shoppers, products = _known(purchases.before(start_s), min_product_lines)
    times = purchases.ordered_at_s
    inside = _reindexed(purchases.where((times >= start_s) & (times < end_s)), shoppers, products)
    train = _reindexed(purchases.before(start_s), shoppers, products)
    labels = from_pairs(inside.shopper_indices, inside.product_indices, np.ones(len(inside)), _shape(train))
    return Window(train, labels)


def known(purchases: Purchases, *, min_product_lines: int) -> Purchases:
    """Only products with enough lines, and only shoppers that bought one of them; id maps to match."""
    return _reindexed(purchases, *_known(purchases, min_product_lines))


def interactions(purchases: Purchases, *, as_of_s: int, half_life_days: float) -> Interactions:
    """What the model learns from: log1p of the time-decayed number of lines of each pair."""
    counts = decayed_counts(purchases, as_of_s=as_of_s, half_life_days=half_life_days)
    return Interactions(counts.starts, counts.products, np.log1p(counts.weights), counts.product_count)


def decayed_counts(purchases: Purchases, *, as_of_s: int, half_life_days: float) -> Interactions:
    """The number of lines of each pair, each line counting as much as `decay` leaves of it."""
    left = decay(purchases, as_of_s=as_of_s, half_life_days=half_life_days)
    return from_pairs(purchases.shopper_indices, purchases.product_indices, left, _shape(purchases))


def decay(purchases: Purchases, *, as_of_s: int, half_life_days: float) -> NDArray[np.float64]:
    """What is left of each line: 1 at `as_of_s`, a half for every half-life before it."""
    return np.exp2((purchases.ordered_at_s - as_of_s) / (half_life_days * DAY_S))


def _shape(purchases: Purchases) -> tuple[int, int]:
    return len(purchases.shoppers), len(purchases.products)


def _known(purchases: Purchases, min_product_lines: int) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """The indices of the shoppers and products to keep."""
    lines = np.bincount(purchases.product_indices, minlength=len(purchases.products))
    products = np.flatnonzero(lines >= min_product_lines)
    kept = lines[purchases.product_indices] >= min_product_lines
    return np.unique(purchases.shopper_indices[kept]).astype(np.intp), products


def _reindexed(purchases: Purchases, shoppers: NDArray[np.intp], products: NDArray[np.intp]) -> Purchases:
    """The lines of these shoppers and products only, renumbered to them."""
    new_shoppers = _places(shoppers, len(purchases.shoppers))[purchases.shopper_indices]
    new_products = _places(products, len(purchases.products))[purchases.product_indices]
    kept = (new_shoppers >= 0) & (new_products >= 0)
    return Purchases(
        purchases.shoppers.take(shoppers),
        purchases.products.take(products),
        new_shoppers[kept],
        new_products[kept],
        purchases.ordered_at_s[kept],
    )


def _places(kept: NDArray[np.intp], count: int) -> NDArray[np.int32]:
    """The new index of each old one; -1 for those that are not kept."""
    places = np.full(count, -1, np.int32)
    places[kept] = np.arange(len(kept), dtype=np.int32)
    return places
