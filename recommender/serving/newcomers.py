"""Newcomers: products that the model has never seen sold, placed by what they are described by."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recommender.features import feature_names, kinds_of_document
from recommender.id_map import IdMap
from recommender.serving.catalogue import Catalogue
from recommender.serving.learned import Learned

MOST = 2_000
"""So many of the newest are placed; older ones that never sold have had their chance."""


@dataclass(frozen=True, slots=True, eq=False)
class Leanings:
    """A shopper's: the taste, shape (t,), and the weight of each kind, shape (K + 1,), the last one 0."""

    taste: NDArray[np.float32]
    kinds: NDArray[np.float32]


@dataclass(frozen=True, slots=True, eq=False)
class Newcomers:
    """N products. A shopper's score for one is taste · vector + bias + what the shopper leans to its kinds."""

    rows: NDArray[np.int32]
    """Shape (N,)."""
    vectors: NDArray[np.float32]
    """Shape (N, t)."""
    biases: NDArray[np.float32]
    """Shape (N,)."""
    kinds: NDArray[np.int32]
    """Shape (N, 2): of the model's kinds, -1 for none."""

    def best(self, leanings: Leanings, *, most: int) -> Sequence[int]:
        """Rows for a shopper, best first."""
        if not len(self.rows):
            return []
        scores = self.vectors @ leanings.taste + self.biases + leanings.kinds[self.kinds].sum(axis=1)
        best: list[int] = self.rows[np.argsort(-scores, kind="stable")[:most]].tolist()
        return best


def nobody_new() -> Newcomers:
    nothing = np.empty(0, np.float32)
    return Newcomers(np.empty(0, np.int32), nothing.reshape(0, 0), nothing, np.empty((0, 2), np.int32))


def read_leanings(learned: Learned, shopper: int) -> Leanings:
    """Of the shopper at this index of the model."""
    model, kinds = learned.model, np.zeros(len(learned.model.kinds) + 1, np.float32)
    start, stop = model.part("leaning_starts", shopper, shopper + 2).tolist()
    kinds[model.part("leaning_kinds", start, stop)] = model.part("leaning_weights", start, stop)
    return Leanings(model.row("shopper_tastes", shopper), kinds)


def find_newcomers(learned: Learned, catalogue: Catalogue) -> Newcomers:
    """Newest products that have a feature which the model knows."""
    known_vectors, known_biases = learned.model.whole("feature_vectors"), learned.model.whole("feature_biases")
    unknown = [row for row in catalogue.newest if not learned.knows(row)][:MOST]
    described = [(row, catalogue.document(row)) for row in unknown]
    features = {row: _indices(learned.model.features, feature_names(document)) for row, document in described}
    placed = [(row, document) for row, document in described if features[row]]
    vectors = [known_vectors[features[row]].mean(axis=0) for row, _ in placed]
    return Newcomers(
        np.array([row for row, _ in placed], np.int32),
        np.array(vectors, np.float32).reshape(len(placed), known_vectors.shape[1]),
        np.array([known_biases[features[row]].mean() for row, _ in placed], np.float32),
        np.array([_two(learned.model.kinds, document) for _, document in placed], np.int32).reshape(len(placed), 2),
    )


def _two(kinds: IdMap, document: Mapping[str, object]) -> list[int]:
    found = _indices(kinds, kinds_of_document(document))
    return [*found, -1, -1][:2]


def _indices(ids: IdMap, names: Iterable[str]) -> list[int]:
    """Of those that are known."""
    return [index for name in names if (index := ids.find(name)) is not None]
