"""Candidates: the few hundred products of each shopper that a ranker looks at, out of all sources."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recommender.interactions import Interactions


@dataclass(frozen=True, slots=True)
class Candidates:
    """Pairs of a block of shoppers, in ascending order: `rows` count within the block."""

    rows: NDArray[np.int64]
    products: NDArray[np.int64]


def find_candidates(
    scores: Mapping[str, NDArray[np.float32]],
    lengths: Mapping[str, int],
    bought: Interactions,
    shoppers: NDArray[np.integer],
) -> Candidates:
    """Everything that the shoppers ever bought, and of each source the best so many that they did not.

    `scores` hold one row a shopper and one column a product.
    """
    own = bought.rows(shoppers)
    before = own.shoppers(), own.products
    chosen = np.zeros((len(shoppers), bought.product_count), np.bool_)
    for name, scored in scores.items():
        length = lengths[name]
        if length:
            fresh = scored.copy()
            fresh[before] = -np.inf
            top = np.argpartition(fresh, -length, axis=1)[:, -length:]
            np.put_along_axis(chosen, top, values=True, axis=1)
    chosen[before] = True
    rows, products = np.nonzero(chosen)
    return Candidates(rows, products)
