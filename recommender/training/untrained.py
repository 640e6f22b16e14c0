"""Rankers that learn nothing: the blend, and each single source as a baseline, over the same candidates as ours.

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


def untrained(names: Sequence[str]) -> Ranker:
    """The blend. `names` are a panel's columns."""
    return _by_column("untrained", names, "blend")


def baselines(names: Sequence[str]) -> dict[str, Ranker]:
    """By name; a shop may lack some of the sources."""
    return {name: _by_column(name, names, column) for name, column in _COLUMNS.items() if column in names}


def _by_column(kind: str, names: Sequence[str], column: str) -> Ranker:
    model = Column(names.index(column), names.index("source_popular"))
    return Ranker(kind, model, model)
