"""The blend: a fixed sum of sources and habit. It ranks where there is no window to learn from; elsewhere a column."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

WEIGHTS = {"ease": 1.0, "companions": 1.0, "lightfm": 0.3, "types": 0.2, "popular": 0.3}
"""What a standard deviation of a source counts. Reaches 35.7 / 5.06 on Complete Journey's tuning window."""
HABIT = 60.0
"""What log1p of the decayed count adds for a product that people buy again."""
DURABLE, CONSUMABLE = 0.03, 0.13
"""Repeat rates up to which a habit counts nothing, and from which on it counts in full."""


def blend(
    standardised: Mapping[str, NDArray[np.float32]], usual: NDArray[np.float32], repeat_rate: NDArray[np.float32]
) -> NDArray[np.float32]:
    """One number a candidate."""
    again = np.clip((repeat_rate - DURABLE) / (CONSUMABLE - DURABLE), 0, 1)
    scores = np.float32(HABIT) * usual * again
    for name, weight in WEIGHTS.items():
        if name in standardised:
            scores = scores + np.float32(weight) * standardised[name]
    blended: NDArray[np.float32] = scores
    return blended


def damped(values: NDArray[np.float32]) -> NDArray[np.float32]:
    """sign × log1p of the size: the order stays, and a straight line is not ruled by the few largest."""
    return np.asarray(np.copysign(np.log1p(np.abs(values)), values), np.float32)
