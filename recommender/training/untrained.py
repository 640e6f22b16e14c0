"""The untrained ranker: a sum of a few columns, for a shop that has no window to learn from yet."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recommender.training.ranker import Ranker

WEIGHTS = {
    "source_ease": 1.0,
    "source_companions": 1.0,
    "source_lightfm": 0.3,
    "source_types": 0.2,
    "source_popular": 0.3,
}
"""Standard deviations count so much. From Complete Journey's tuning window, where it reaches 35.7 / 5.06."""
HABIT = 60.0
"""What log1p of the decayed count adds for a product that people buy again."""
DURABLE, CONSUMABLE = 0.03, 0.13
"""Repeat rates up to which a habit counts nothing, and from which on it counts in full."""


@dataclass(frozen=True, slots=True)
class Sum:
    """Weights of columns, and what a habit adds."""

    columns: Sequence[int]
    weights: NDArray[np.float32]
    usual: int
    repeat_rate: int

    def scores(self, values: NDArray[np.float32]) -> NDArray[np.float32]:
        again = np.clip((values[:, self.repeat_rate] - DURABLE) / (CONSUMABLE - DURABLE), 0, 1)
        scores: NDArray[np.float32] = values[:, self.columns] @ self.weights
        scores += np.float32(HABIT) * values[:, self.usual] * again
        return scores


def untrained(names: Sequence[str]) -> Ranker:
    """`names` are a panel's columns."""
    columns = [place for place, name in enumerate(names) if name in WEIGHTS]
    weights = np.array([WEIGHTS[names[place]] for place in columns], np.float32)
    model = Sum(columns, weights, names.index("pair_usual"), names.index("product_repeat_rate"))
    return Ranker("untrained", model, model)
