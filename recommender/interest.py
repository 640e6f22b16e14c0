"""Interest: looks at products and carts, which say a little of what is wanted and are never trusted like purchases."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from recommender.interactions import Interactions, from_pairs

PAIR_SHARE = 0.5
"""The most that all looks of one shopper at one product count, in purchases of today."""
SHOPPER_SHARE = 0.5
"""The most that a shopper's looks count beside their purchases."""
PRODUCT_SHARE = 0.1
"""The most that all looks at a product count beside its purchases: fake visitors cannot lift what nobody buys."""


@dataclass(frozen=True, slots=True)
class Interest:
    """Columns of equal length, one row a shopper, product and day, in terms of the purchases' id maps."""

    shopper_indices: NDArray[np.int32]
    product_indices: NDArray[np.int32]
    seen_at_s: NDArray[np.int64]
    """Seconds since 1970, UTC: the end of the day is not over."""
    weights: NDArray[np.float32]
    """What the strongest act of the day counts beside a purchase, 0 to 1."""

    def __len__(self) -> int:
        return len(self.weights)

    def where(self, kept: NDArray[np.bool_]) -> "Interest":
        """The rows of a mask."""
        return Interest(
            self.shopper_indices[kept], self.product_indices[kept], self.seen_at_s[kept], self.weights[kept]
        )

    def renumbered(self, shoppers: NDArray[np.int32], products: NDArray[np.int32]) -> "Interest":
        """In terms of other id maps: `shoppers[i]` is the new index of shopper i; rows with -1 are left out."""
        moved = replace(
            self, shopper_indices=shoppers[self.shopper_indices], product_indices=products[self.product_indices]
        )
        return moved.where((moved.shopper_indices >= 0) & (moved.product_indices >= 0))


def no_interest() -> Interest:
    nothing = np.empty(0, np.int32)
    return Interest(nothing, nothing, np.empty(0, np.int64), np.empty(0, np.float32))


def capped(interest: Interest, decayed: NDArray[np.float64], purchased: Interactions) -> Interactions:
    """What the looks add to purchases, each pair once, within all three caps.

    `decayed` are the weights as they count today, `purchased` the decayed counts of purchases.
    """
    shape = purchased.shopper_count, purchased.product_count
    looks = from_pairs(interest.shopper_indices, interest.product_indices, decayed, shape)
    weights = np.minimum(looks.weights, PAIR_SHARE).astype(np.float64)
    for owners, bought_by, share in (
        (looks.shoppers(), purchased.shoppers(), SHOPPER_SHARE),
        (looks.products, purchased.products, PRODUCT_SHARE),
    ):
        length = max(shape)
        most = share * np.bincount(bought_by, purchased.weights, length)
        given = np.bincount(owners, weights, length)
        weights *= np.minimum(1, most / np.maximum(given, 1e-12))[owners]
    return Interactions(looks.starts, looks.products, weights.astype(np.float32), looks.product_count)
