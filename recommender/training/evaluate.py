"""Evaluation: how well lists foretell the purchases of a later window."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recommender.interactions import Interactions


@dataclass(frozen=True, slots=True, eq=False)
class Scored:
    """One row a shopper who has something relevant; the same shoppers for every list on the same labels."""

    ndcg: NDArray[np.float64]
    recall: NDArray[np.float64]
    coverage: float
    """Share of the products that are in someone's top k."""
    novelty: float
    """Mean over what is shown of -log2(share of shoppers who bought it before): larger is less known."""


@dataclass(frozen=True, slots=True)
class Quality:
    """Means over shoppers with a relevant product; fractions of 1, not percent."""

    shoppers: int
    ndcg: float
    ndcg_error: float
    """Standard error of the mean; 1.96 of them to either side hold the true mean in 95 of 100 cases."""
    recall: float
    recall_error: float
    coverage: float
    novelty: float


def score_lists(
    products: NDArray[np.int32], shoppers: NDArray[np.integer], *, relevant: Interactions, bought: Interactions, k: int
) -> Scored:
    """Score the first k of lists of shape (shoppers, at least k), -1 padded, row i for shopper `shoppers[i]`.

    Shoppers must have something relevant; `bought` holds all pairs before, for the novelty.
    """
    products = products[:, :k]
    hits = find_hits(products, relevant.rows(shoppers))
    counts = np.diff(relevant.starts)[shoppers]
    shown = products[products >= 0]
    buyers = np.bincount(bought.products, minlength=bought.product_count)
    share = (buyers[shown] + 1) / (bought.shopper_count + 1)
    return Scored(
        ndcg_at(hits, counts),
        hits.sum(axis=1) / counts,
        coverage=len(np.unique(shown)) / max(relevant.product_count, 1),
        novelty=float(-np.log2(share).mean()) if len(shown) else 0.0,
    )


def summed_up(scored: Scored) -> Quality:
    """Means with their errors."""
    return Quality(
        len(scored.ndcg),
        *mean_and_error(scored.ndcg),
        *mean_and_error(scored.recall),
        coverage=scored.coverage,
        novelty=scored.novelty,
    )


def find_hits(products: NDArray[np.int32], relevant: Interactions) -> NDArray[np.bool_]:
    """Which of the ranked products (shoppers, k) are relevant; row i of both is the same shopper."""
    keys = np.arange(len(products), dtype=np.int64)[:, None] * relevant.product_count + products
    return np.isin(keys, relevant.keys()) & (products >= 0)


def ndcg_at(hits: NDArray[np.bool_], relevant_counts: NDArray[np.integer]) -> NDArray[np.float64]:
    """NDCG of each row: gain 1 / log2(place + 1), over the best that min(k, relevant) hits could reach."""
    gains = 1 / np.log2(np.arange(2, hits.shape[1] + 2))
    ideal = np.concatenate(([0.0], np.cumsum(gains)))[np.minimum(relevant_counts, hits.shape[1])]
    ndcg: NDArray[np.float64] = (hits @ gains) / ideal
    return ndcg


def evenly(shoppers: NDArray[np.intp], most: int | None) -> NDArray[np.intp]:
    """At most so many of them, evenly spaced: the same ones every time."""
    if most is None or len(shoppers) <= most:
        return shoppers
    return shoppers[np.linspace(0, len(shoppers) - 1, most).astype(np.intp)]


def mean_and_error(values: NDArray[np.floating]) -> tuple[float, float]:
    """The mean and its standard error; of no values 0, of one no error."""
    if not len(values):
        return 0.0, 0.0
    error = values.std(ddof=1) / np.sqrt(len(values)) if len(values) > 1 else 0.0
    return float(values.mean()), float(error)
