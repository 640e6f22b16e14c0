"""Purchases: a tenant's order lines as columns, the only thing that a model learns from at present."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from recommender.id_map import IdMap, in_order


@dataclass(frozen=True, slots=True)
class Purchases:
    """Columns of equal length, one row an order line, sorted by shopper, product and time."""

    shoppers: IdMap
    products: IdMap
    shopper_indices: NDArray[np.int32]
    product_indices: NDArray[np.int32]
    ordered_at_s: NDArray[np.int64]
    """Seconds since 1970, UTC."""

    def __len__(self) -> int:
        return len(self.ordered_at_s)

    @property
    def end_s(self) -> int:
        """The first second after the last order; windows count back from here, not from the wall clock."""
        return int(self.ordered_at_s.max()) + 1 if len(self) else 0

    def before(self, end_s: int) -> "Purchases":
        """The lines ordered before `end_s`, with the same id maps."""
        return self.where(self.ordered_at_s < end_s)

    def where(self, kept: NDArray[np.bool_]) -> "Purchases":
        """The lines of a mask, with the same id maps."""
        return replace(
            self,
            shopper_indices=self.shopper_indices[kept],
            product_indices=self.product_indices[kept],
            ordered_at_s=self.ordered_at_s[kept],
        )


def from_codes(
    shopper_ids: Sequence[str],
    product_ids: Sequence[str],
    shopper_codes: NDArray[np.integer],
    product_codes: NDArray[np.integer],
    ordered_at_s: NDArray[np.int64],
) -> Purchases:
    """Purchases from dictionary-encoded columns: code c of a column means `ids[c]`.

    The answer does not depend on the order of rows or dictionaries: ids are numbered in their own order.
    """
    shoppers, shopper_order = in_order(shopper_ids)
    products, product_order = in_order(product_ids)
    shopper_indices, product_indices = shopper_order[shopper_codes], product_order[product_codes]
    rows = np.lexsort((ordered_at_s, product_indices, shopper_indices))
    return Purchases(shoppers, products, shopper_indices[rows], product_indices[rows], ordered_at_s[rows])
