"""Ranking: the one function that orders products for shoppers, used by evaluation and by the lists that we serve."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recommender.interactions import Interactions

CELLS_AT_ONCE = 4_000_000
"""Scores held in memory at once (about 50 MB with their sort keys)."""


@dataclass(frozen=True, slots=True)
class Scoring:
    """What a product scores for a shopper: shopper vector · product vector + product bias + habit."""

    shopper_vectors: NDArray[np.float32]
    """Shape (shoppers, components)."""
    product_vectors: NDArray[np.float32]
    """Shape (products, components)."""
    product_biases: NDArray[np.float32]
    """Shape (products,)."""
    habits: Interactions | None = None
    """Added to the pairs that it holds; the others add nothing."""


@dataclass(frozen=True, slots=True)
class Ranking:
    """The best k products of each shopper, best first; where fewer are left: product -1, score -inf."""

    products: NDArray[np.int32]
    scores: NDArray[np.float32]


def rank(
    scoring: Scoring,
    shoppers: NDArray[np.integer],
    *,
    k: int,
    allowed: NDArray[np.bool_] | None = None,
    hidden: Interactions | None = None,
) -> Ranking:
    """Rank for the shoppers at these indices.

    `allowed` (products,) leaves out products for everyone, `hidden` leaves out pairs (its rows are all shoppers).
    Equal scores go by product index, so the same input has one answer. Costs shoppers × products × components.
    """
    ranking = Ranking(np.full((len(shoppers), k), -1, np.int32), np.full((len(shoppers), k), -np.inf, np.float32))
    size = max(1, CELLS_AT_ONCE // max(1, len(scoring.product_biases)))
    for start in range(0, len(shoppers), size):
        rows = slice(start, start + size)
        scores = score(scoring, shoppers[rows])
        if allowed is not None:
            scores[:, ~allowed] = -np.inf
        if hidden is not None:
            at = hidden.rows(shoppers[rows])
            scores[at.shoppers(), at.products] = -np.inf
        top = best(scores, k)
        ranking.products[rows, : top.products.shape[1]] = top.products
        ranking.scores[rows, : top.scores.shape[1]] = top.scores
    return ranking


def score(scoring: Scoring, shoppers: NDArray[np.integer]) -> NDArray[np.float32]:
    """All scores of these shoppers, shape (shoppers, products)."""
    scores: NDArray[np.float32] = scoring.shopper_vectors[shoppers] @ scoring.product_vectors.T
    scores += scoring.product_biases
    if scoring.habits is not None:
        at = scoring.habits.rows(shoppers)
        scores[at.shoppers(), at.products] += at.weights
    return scores


def best(scores: NDArray[np.float32], k: int) -> Ranking:
    """The k best columns of each row (fewer when there are fewer columns); equal scores by column. Scores hold no NaN.

    A score and its column are packed into one whole number of the same order, because a partition of
    distinct numbers has one answer and is faster than an argument partition.
    """
    columns = scores.shape[1]
    k = min(k, columns)
    bits = (scores + np.float32(0)).view(np.int32)  # + 0 makes one zero of -0.0 and 0.0
    ascending = np.where(bits < 0, bits ^ 0x7FFFFFFF, bits).astype(np.int64)
    keys = (ascending << 32) | (0xFFFFFFFF - np.arange(columns, dtype=np.int64))
    top = np.sort(np.partition(keys, columns - k, axis=1)[:, columns - k :], axis=1)[:, ::-1]
    products = (0xFFFFFFFF - (top & 0xFFFFFFFF)).astype(np.int32)
    values = np.take_along_axis(scores, products, axis=1)
    return Ranking(np.where(np.isneginf(values), np.int32(-1), products), values)
