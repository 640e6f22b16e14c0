"""Interactions: weighted shopper–product pairs, each pair once, as the rows of a sparse matrix."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Interactions:
    """Pairs in order of shopper, then product. Row s is `products[starts[s]:starts[s + 1]]`."""

    starts: NDArray[np.int64]
    """Shape (shoppers + 1,)."""
    products: NDArray[np.int32]
    weights: NDArray[np.float32]
    product_count: int

    @property
    def shopper_count(self) -> int:
        return len(self.starts) - 1

    def __len__(self) -> int:
        return len(self.products)

    def shoppers(self) -> NDArray[np.int32]:
        """The shopper of each pair."""
        return np.repeat(np.arange(self.shopper_count, dtype=np.int32), np.diff(self.starts))

    def keys(self) -> NDArray[np.int64]:
        """One ascending number a pair: shopper × product_count + product."""
        return self.shoppers().astype(np.int64) * self.product_count + self.products

    def rows(self, shoppers: NDArray[np.integer]) -> "Interactions":
        """Only these shoppers' pairs; row i of the answer is row `shoppers[i]` of ours."""
        counts = np.diff(self.starts)[shoppers]
        starts = np.concatenate(([0], np.cumsum(counts)), dtype=np.int64)
        kept = np.repeat(self.starts[shoppers] - starts[:-1], counts) + np.arange(starts[-1])
        return Interactions(starts, self.products[kept], self.weights[kept], self.product_count)

    def without(self, others: "Interactions") -> "Interactions":
        """The pairs that `others`, of the same shape, does not have."""
        kept = ~np.isin(self.keys(), others.keys())
        return from_pairs(
            self.shoppers()[kept], self.products[kept], self.weights[kept], (self.shopper_count, self.product_count)
        )


def from_pairs(
    shoppers: NDArray[np.integer],
    products: NDArray[np.integer],
    values: NDArray[np.floating],
    shape: tuple[int, int],
) -> Interactions:
    """Add up the values of equal pairs. `shape` is (shoppers, products).

    The sum runs in the order of the rows, so rows in another order may differ in the last bit.
    """
    shopper_count, product_count = shape
    keys, inverse = np.unique(shoppers.astype(np.int64) * product_count + products, return_inverse=True)
    sums = np.bincount(inverse, weights=values, minlength=len(keys)).astype(np.float32)
    starts = np.searchsorted(keys, np.arange(shopper_count + 1, dtype=np.int64) * product_count)
    return Interactions(starts.astype(np.int64), (keys % max(product_count, 1)).astype(np.int32), sums, product_count)
