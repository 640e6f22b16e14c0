"""Ranking: the functions that order products by scores, for evaluation and for the lists that we serve alike."""

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from recommender.interactions import Interactions

CELLS_AT_ONCE = 4_000_000
"""Scores held in memory at once (about 50 MB with their sort keys)."""


class Source(Protocol):
    """Something that scores every product for some shoppers."""

    def scores(self, shoppers: NDArray[np.integer], /) -> NDArray[np.float32]:
        """Shape (shoppers, products), no NaN."""
        ...


@dataclass(frozen=True, slots=True)
class Ranking:
    """The best k products of each shopper, best first; where fewer are left: product -1, score -inf."""

    products: NDArray[np.int32]
    scores: NDArray[np.float32]


def rank(
    source: Source,
    shoppers: NDArray[np.integer],
    *,
    product_count: int,
    k: int,
    only: Interactions | None = None,
    hidden: Interactions | None = None,
) -> Ranking:
    """Rank all products for the shoppers at these indices.

    `only` leaves just its pairs, `hidden` leaves its pairs out (the rows of both are all shoppers).
    Equal scores go by product index, so the same input has one answer.
    """
    ranking = _nothing(len(shoppers), k)
    size = max(1, CELLS_AT_ONCE // max(1, product_count))
    for start in range(0, len(shoppers), size):
        rows = slice(start, start + size)
        scores = source.scores(shoppers[rows]).copy()
        if only is not None:
            at = only.rows(shoppers[rows])
            kept = np.full_like(scores, -np.inf)
            kept[at.shoppers(), at.products] = scores[at.shoppers(), at.products]
            scores = kept
        if hidden is not None:
            at = hidden.rows(shoppers[rows])
            scores[at.shoppers(), at.products] = -np.inf
        top = best(scores, k)
        ranking.products[rows, : top.products.shape[1]] = top.products
        ranking.scores[rows, : top.scores.shape[1]] = top.scores
    return ranking


def rank_pairs(
    rows: NDArray[np.integer], products: NDArray[np.integer], scores: NDArray[np.floating], *, row_count: int, k: int
) -> Ranking:
    """The best k of the scored products of each row 0 … row_count - 1.

    Pairs come once, a row's products in ascending order; scores hold no NaN. Equal scores go by product index, so the
    same input has one answer.
    """
    ranking = _nothing(row_count, k)
    order = np.argsort((rows.astype(np.int64) << 32) + (0x80000000 - _ascending(scores)), kind="stable")
    owners = rows[order]
    places = np.arange(len(owners)) - np.searchsorted(owners, np.arange(row_count))[owners]
    kept = places < k
    at = owners[kept], places[kept]
    ranking.products[at] = products[order][kept]
    ranking.scores[at] = scores[order][kept]
    return ranking


def best(scores: NDArray[np.float32], k: int) -> Ranking:
    """The k best columns of each row (fewer when there are fewer columns); equal scores by column. Scores hold no NaN.

    A score and its column are packed into one whole number of the same order, because a partition of
    distinct numbers has one answer and is faster than an argument partition.
    """
    columns = scores.shape[1]
    k = min(k, columns)
    keys = (_ascending(scores) << 32) | (0xFFFFFFFF - np.arange(columns, dtype=np.int64))
    top = np.sort(np.partition(keys, columns - k, axis=1)[:, columns - k :], axis=1)[:, ::-1]
    products = (0xFFFFFFFF - (top & 0xFFFFFFFF)).astype(np.int32)
    values = np.take_along_axis(scores, products, axis=1)
    return Ranking(np.where(np.isneginf(values), np.int32(-1), products), values)


def _ascending(scores: NDArray[np.floating]) -> NDArray[np.int64]:
    """Whole numbers of 32 bits in the order of the scores, as single floats."""
    bits = (scores.astype(np.float32, copy=False) + np.float32(0)).view(np.int32)  # + 0 makes one zero of -0.0 and 0.0
    return np.where(bits < 0, bits ^ 0x7FFFFFFF, bits).astype(np.int64)


def _nothing(rows: int, k: int) -> Ranking:
    return Ranking(np.full((rows, k), -1, np.int32), np.full((rows, k), -np.inf, np.float32))
