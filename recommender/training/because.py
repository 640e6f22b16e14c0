"""Because: for each listed product, which of the shopper's own purchases speaks most for it."""

import numpy as np
from numpy.typing import NDArray

from recommender.interactions import Interactions
from recommender.training.sources.baskets import Companions

CELLS_AT_ONCE = 4_000_000


def find_because(
    listed: NDArray[np.int32], shoppers: NDArray[np.integer], bought: Interactions, companions: Companions
) -> NDArray[np.int32]:
    """Shape of `listed`, row i for shopper `shoppers[i]`: the product itself where it was bought before.

    Otherwise the purchase of the greatest weight × closeness among the product's companions; -1 where there is none.
    """
    because = np.full_like(listed, -1)
    cells = max(bought.product_count, listed.shape[1] * companions.products.shape[1])
    size = max(1, CELLS_AT_ONCE // max(1, cells))
    for start in range(0, len(listed), size):
        part = slice(start, start + size)
        because[part] = _speakers(listed[part], bought.rows(shoppers[part]), companions)
    return because


def _speakers(listed: NDArray[np.int32], own: Interactions, companions: Companions) -> NDArray[np.int32]:
    weights = np.zeros((len(listed), own.product_count), np.float32)
    weights[own.shoppers(), own.products] = own.weights + np.float32(1e-6)
    rows = np.arange(len(listed))[:, None]
    near = companions.products[listed]
    said = np.where(near >= 0, weights[rows[:, :, None], near] * companions.weights[listed], 0)
    loudest = said.argmax(axis=2)[:, :, None]
    speaker = np.take_along_axis(near, loudest, axis=2)[:, :, 0]
    speaker[np.take_along_axis(said, loudest, axis=2)[:, :, 0] <= 0] = -1
    speaker = np.where(weights[rows, listed] > 0, listed, speaker)
    return np.where(listed >= 0, speaker, -1).astype(np.int32)
