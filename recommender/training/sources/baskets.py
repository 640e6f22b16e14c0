"""Baskets: what is bought in the same orders, as each product's strongest companions."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from recommender.interactions import Interactions, from_pairs
from recommender.purchases import Purchases
from recommender.serving.ranking import CELLS_AT_ONCE, Ranking, best, rank_pairs

LARGEST_BASKET = 150
"""Orders of more products say nothing about any two of them, and cost their square."""


@dataclass(frozen=True, slots=True)
class Companions:
    """For each product the best others, best first."""

    products: NDArray[np.int32]
    """Shape (P, length), -1 where there are no more."""
    weights: NDArray[np.float32]
    """Shape (P, length), 0 where there are no more."""

    def matrix(self) -> csr_matrix:
        """Shape (P, P): row i holds the weights of the products that product i speaks for."""
        count = len(self.products)
        kept = self.products >= 0
        starts = np.concatenate(([0], np.cumsum(kept.sum(axis=1))))
        return csr_matrix((self.weights[kept], self.products[kept], starts), shape=(count, count))


@dataclass(frozen=True, slots=True)
class FromCompanions:
    """Scores by companions of what a shopper bought."""

    bought: csr_matrix
    """Shape (S, P)."""
    companions: csr_matrix

    def scores(self, shoppers: NDArray[np.integer]) -> NDArray[np.float32]:
        scores: NDArray[np.float32] = (self.bought[shoppers] @ self.companions).toarray()
        return scores


def baskets(purchases: Purchases) -> Interactions:
    """Orders × products, each pair once: an order is what one shopper bought at one time. Its weight is lines."""
    stamps, order = np.unique(purchases.ordered_at_s, return_inverse=True)
    orders = np.unique(purchases.shopper_indices.astype(np.int64) * max(len(stamps), 1) + order, return_inverse=True)
    shape = len(orders[0]), len(purchases.products)
    found = from_pairs(orders[1], purchases.product_indices, np.ones(len(purchases)), shape)
    return found.rows(np.flatnonzero(np.diff(found.starts) <= LARGEST_BASKET))


def find_companions(owned: Interactions, *, length: int, power: float, shrinkage: float) -> Companions:
    """Score = shared / (owners of one × owners of the other)^power × shared / (shared + shrinkage).

    `owned` are orders or shoppers by product. Power ½ is the cosine. Products are taken in parts: memory stays bounded.
    """
    count = owned.product_count
    shape = owned.shopper_count, count
    pairs = csr_matrix((np.ones(len(owned), np.float32), owned.products, owned.starts), shape=shape)
    by_product = pairs.T.tocsr()
    discount = np.maximum(np.bincount(owned.products, minlength=count), 1).astype(np.float32) ** np.float32(power)
    found = Companions(np.full((count, length), -1, np.int32), np.zeros((count, length), np.float32))
    size = max(1, CELLS_AT_ONCE // max(1, count))
    for start in range(0, count, size):
        shared = (by_product[start : start + size] @ pairs).tocoo()
        known = shared.col != start + shared.row
        rows, columns, number = shared.row[known], shared.col[known], shared.data[known]
        closeness = number * number / (number + np.float32(shrinkage)) / discount[columns] / discount[start + rows]
        part = slice(start, min(start + size, count))
        top = _best(rows, columns, closeness, shape=(part.stop - start, count), k=length)
        found.products[part, : top.products.shape[1]] = top.products
        found.weights[part, : top.products.shape[1]] = np.maximum(top.scores, 0)
    return found


DENSE = 0.1
"""Share of cells from which on a table is ranked faster than a list of pairs."""


def _best(
    rows: NDArray[np.integer],
    columns: NDArray[np.integer],
    scores: NDArray[np.float32],
    *,
    shape: tuple[int, int],
    k: int,
) -> Ranking:
    """The best k of each row's pairs, whichever way is faster."""
    if len(rows) >= DENSE * shape[0] * shape[1]:
        table = np.full(shape, -np.inf, np.float32)
        table[rows, columns] = scores
        return best(table, k)
    order = np.argsort(rows.astype(np.int64) * shape[1] + columns)
    return rank_pairs(rows[order], columns[order], scores[order], row_count=shape[0], k=k)
