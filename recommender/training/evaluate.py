"""Evaluation: how well a scoring foretells the purchases of a later window, over all products and over novel ones."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recommender.interactions import Interactions
from recommender.serving.ranking import Scoring, rank


@dataclass(frozen=True, slots=True)
class Quality:
    """Means over shoppers with a relevant product; fractions of 1, not percent."""

    shoppers: int
    ndcg: float
    ndcg_error: float
    """Standard error of the mean."""
    recall: float
    recall_error: float
    coverage: float
    """Share of the products that are in someone's top k."""


@dataclass(frozen=True, slots=True)
class Report:
    """One scoring on both lists."""

    all: Quality
    """Every product is ranked; relevant is what was bought in the window."""
    novel: Quality
    """Products that the shopper ever bought are hidden; relevant is what was bought for the first time."""


def evaluate(
    scoring: Scoring, *, bought: Interactions, labels: Interactions, k: int, max_shoppers: int | None = None
) -> Report:
    """Score against a window's labels; `bought` holds all pairs before it. Both have the scoring's shape."""
    novel = labels.without(bought)
    return Report(
        _quality(scoring, labels, None, k, max_shoppers),
        _quality(scoring, novel, bought, k, max_shoppers),
    )


def _quality(
    scoring: Scoring, relevant: Interactions, hidden: Interactions | None, k: int, max_shoppers: int | None
) -> Quality:
    shoppers = evenly(np.flatnonzero(np.diff(relevant.starts)), max_shoppers)
    if len(shoppers) == 0:
        return Quality(0, 0.0, 0.0, 0.0, 0.0, 0.0)
    products = rank(scoring, shoppers, k=k, hidden=hidden).products
    hits = find_hits(products, relevant.rows(shoppers))
    counts = np.diff(relevant.starts)[shoppers]
    ndcg, recall = ndcg_at(hits, counts), hits.sum(axis=1) / counts
    shown = len(np.unique(products[products >= 0]))
    return Quality(
        len(shoppers), *_mean_and_error(ndcg), *_mean_and_error(recall), coverage=shown / relevant.product_count
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


def _mean_and_error(values: NDArray[np.floating]) -> tuple[float, float]:
    error = values.std(ddof=1) / np.sqrt(len(values)) if len(values) > 1 else 0.0
    return float(values.mean()), float(error)
