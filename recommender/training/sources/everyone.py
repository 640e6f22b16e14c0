"""Everyone: the same order for every shopper, as by popularity."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class FromEveryone:
    """Scores that do not depend on the shopper."""

    products: NDArray[np.float32]
    """Shape (P,)."""

    def scores(self, shoppers: NDArray[np.integer]) -> NDArray[np.float32]:
        return np.broadcast_to(self.products, (len(shoppers), len(self.products)))
