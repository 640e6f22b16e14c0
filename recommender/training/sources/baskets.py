"""Baskets: what is bought in the same orders, as each product's strongest companions."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from recommender.interactions import Interactions, from_pairs
from recommender.purchases import Purchases
from recommender.serving.ranking import CELLS_AT_ONCE, best

LARGEST_BASKET = 150
"""Orders of more products say nothing about any two of them, and cost their square."""
SHRINKAGE = 3
"""Shared orders at which a cosine counts by half."""


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
        shared: NDArray[np.float32] = (by_product[start : start + size] @ pairs).toarray()
        rows = np.arange(len(shared))
        shared[rows, start + rows] = 0
        scores = shared * shared / (shared + np.float32(shrinkage)) / discount / discount[start + rows, None]
        scores[shared == 0] = -np.inf
        top = best(scores.astype(np.float32), length)
        found.products[start : start + size, : top.products.shape[1]] = top.products
        found.weights[start : start + size, : top.products.shape[1]] = np.maximum(top.scores, 0)
    return found
