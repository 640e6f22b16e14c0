"""Newcomers: products that the model has never seen sold, placed by what they are described by."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recommender.features import feature_names
from recommender.serving.catalogue import Catalogue
from recommender.serving.learned import Learned

MOST = 2_000
"""So many of the newest are placed; older ones that never sold have had their chance."""


@dataclass(frozen=True, slots=True, eq=False)
class Newcomers:
    """N products. A shopper's score for one is taste · vector + bias."""

    rows: NDArray[np.int32]
    """Shape (N,)."""
    vectors: NDArray[np.float32]
    """Shape (N, t)."""
    biases: NDArray[np.float32]
    """Shape (N,)."""

    def for_taste(self, taste: NDArray[np.float32], *, most: int) -> Sequence[int]:
        """Rows for a shopper with this taste, best first."""
        if not len(self.rows):
            return []
        scores = self.vectors @ taste + self.biases
        best: list[int] = self.rows[np.argsort(-scores, kind="stable")[:most]].tolist()
        return best


def find_newcomers(learned: Learned, catalogue: Catalogue) -> Newcomers:
    """Newest products that have a feature which the model knows."""
    model = learned.model
    known_vectors, known_biases = model.whole("feature_vectors"), model.whole("feature_biases")
    unknown = [row for row in catalogue.newest if not learned.knows(row)][:MOST]
    described = [(row, list(_features(learned, catalogue.document(row)))) for row in unknown]
    placed = [(row, features) for row, features in described if features]
    vectors = [known_vectors[features].mean(axis=0) for _, features in placed]
    biases = [known_biases[features].mean() for _, features in placed]
    return Newcomers(
        np.array([row for row, _ in placed], np.int32),
        np.array(vectors, np.float32).reshape(len(placed), known_vectors.shape[1]),
        np.array(biases, np.float32),
    )


def _features(learned: Learned, document: Mapping[str, object]) -> Iterator[int]:
    for name in feature_names(document):
        index = learned.model.features.find(name)
        if index is not None:
            yield index


def nobody_new() -> Newcomers:
    return Newcomers(np.empty(0, np.int32), np.empty((0, 0), np.float32), np.empty(0, np.float32))
