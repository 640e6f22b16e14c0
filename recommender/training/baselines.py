"""Baselines: each single source as if it were the ranker, over the same candidates.

The candidates hold all that was bought and each source's best, so a source's first twenty are the same as over the
whole catalogue.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recommender.training.ranker import Ranker

POPULARITY, FREQUENCY = "popularity", "personal_frequency"
_COLUMNS = {
    POPULARITY: "source_popular",
    FREQUENCY: "pair_usual",
    "ease": "source_ease",
    "companions": "source_companions",
    "lightfm": "source_lightfm",
    "baskets": "source_baskets",
}


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a panel; another, far below it, decides among equals."""

    place: int
    then: int

    def scores(self, values: NDArray[np.float32]) -> NDArray[np.float32]:
        scores: NDArray[np.float32] = values[:, self.place] + np.float32(1e-4) * values[:, self.then]
        return scores


def baselines(names: Sequence[str]) -> dict[str, Ranker]:
    """By name; `names` are a panel's columns, of which a shop may lack some."""
    popular = names.index("source_popular")
    columns = {name: names.index(column) for name, column in _COLUMNS.items() if column in names}
    models = {name: Column(place, popular) for name, place in columns.items()}
    return {name: Ranker(name, model, model) for name, model in models.items()}
