"""Datasets: feedback cut at a time into what is learned from and what is to be foretold."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recommender.feedback import Feedback
from recommender.interactions import Interactions, from_pairs
from recommender.interest import Interest, capped
from recommender.product_facts import ProductFacts
from recommender.purchases import Purchases
from recommender.training.parameters import DAY_S, TrainingParameters


@dataclass(frozen=True, slots=True)
class Cut:
    """What is known of a shop at one time: nothing in it comes from that second or later, except the catalogue."""

    as_of_s: int
    purchases: Purchases
    """Known products and the shoppers who bought one of them; all that follows is in terms of its id maps."""
    facts: ProductFacts
    liked: Interactions
    """What LightFM learns from: log1p of the decayed counts and of a little interest."""
    counted: Interactions
    """What EASE learns from: log1p of the plain counts and of a little interest. Holds more pairs than were bought."""
    bought: Interactions
    """Every pair ever bought, weighted with the shopper's decayed personal frequency."""
    popular: NDArray[np.float64]
    """Shape (products,): decayed number of lines."""

    @property
    def shape(self) -> tuple[int, int]:
        return len(self.purchases.shoppers), len(self.purchases.products)


def cut_at(feedback: Feedback, parameters: TrainingParameters, *, as_of_s: int) -> Cut:
    """Know everything before `as_of_s`."""
    past = feedback.purchases.before(as_of_s)
    shoppers, products = _known(past, parameters.min_product_lines(len(past)))
    purchases = _reindexed(past, shoppers, products)
    interest = feedback.interest.where(feedback.interest.seen_at_s < as_of_s).renumbered(
        _places(shoppers, len(past.shoppers)), _places(products, len(past.products))
    )
    return Cut(
        as_of_s=as_of_s,
        purchases=purchases,
        facts=feedback.facts.of(purchases.products),
        liked=_log(purchases, interest, as_of_s, parameters.interaction_half_life_days),
        counted=_log(purchases, interest, as_of_s, np.inf),
        bought=decayed_counts(purchases, as_of_s=as_of_s, half_life_days=parameters.habit_half_life_days),
        popular=popularity(purchases, as_of_s=as_of_s, half_life_days=parameters.popularity_half_life_days),
    )


def labels_of(purchases: Purchases, cut: Cut, *, end_s: int) -> Interactions:
    """What the cut's shoppers bought of its products from then up to `end_s`; a weight is a number of lines."""
    times = purchases.ordered_at_s
    later = purchases.where((times >= cut.as_of_s) & (times < end_s))
    shoppers, products = cut.purchases.shoppers, cut.purchases.products
    inside = _reindexed(
        later, purchases.shoppers.places(shoppers).astype(np.intp), purchases.products.places(products).astype(np.intp)
    )
    return from_pairs(inside.shopper_indices, inside.product_indices, np.ones(len(inside)), cut.shape)


def decayed_counts(purchases: Purchases, *, as_of_s: int, half_life_days: float) -> Interactions:
    """The number of lines of each pair, each line counting as much as `decay` leaves of it."""
    left = decay(purchases.ordered_at_s, as_of_s=as_of_s, half_life_days=half_life_days)
    shape = len(purchases.shoppers), len(purchases.products)
    return from_pairs(purchases.shopper_indices, purchases.product_indices, left, shape)


def popularity(purchases: Purchases, *, as_of_s: int, half_life_days: float) -> NDArray[np.float64]:
    """Time-decayed number of lines of each product, shape (products,)."""
    left = decay(purchases.ordered_at_s, as_of_s=as_of_s, half_life_days=half_life_days)
    sums = np.bincount(purchases.product_indices, weights=left, minlength=len(purchases.products))
    return sums.astype(np.float64)


def decay(times_s: NDArray[np.int64], *, as_of_s: int, half_life_days: float) -> NDArray[np.float64]:
    """What is left of each: 1 at `as_of_s`, a half for every half-life before it."""
    return np.exp2((times_s - as_of_s) / (half_life_days * DAY_S))


def _log(purchases: Purchases, interest: Interest, as_of_s: int, half_life_days: float) -> Interactions:
    """log1p(decayed purchases + capped interest), each pair once."""
    counts = decayed_counts(purchases, as_of_s=as_of_s, half_life_days=half_life_days)
    if len(interest):
        left = decay(interest.seen_at_s, as_of_s=as_of_s, half_life_days=INTEREST_HALF_LIFE_DAYS) * interest.weights
        looks = capped(interest, left, counts)
        counts = from_pairs(
            np.concatenate((counts.shoppers(), looks.shoppers())),
            np.concatenate((counts.products, looks.products)),
            np.concatenate((counts.weights, looks.weights)),
            (counts.shopper_count, counts.product_count),
        )
    return Interactions(counts.starts, counts.products, np.log1p(counts.weights), counts.product_count)


INTEREST_HALF_LIFE_DAYS = 14.0
"""Looks age faster than purchases."""


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
