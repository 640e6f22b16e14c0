"""Learned: a model joined to the catalogue, so that its lists are rows to show."""

from array import array
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from recommender.model import Model
from recommender.serving.catalogue import NOWHERE, Catalogue

DURABLE_RATE = 0.1
"""A product of whose buyers fewer than this buy it again is bought once."""
AT_ONCE = 64

Rows = list[int]


@dataclass(frozen=True, slots=True, eq=False)
class Learned:
    """Rows are the catalogue's; NOWHERE stands for products that it does not hold, and ends a list."""

    model: Model
    began_at: datetime
    """When its training began: it may know who was erased after that."""
    rows: NDArray[np.int32]
    """`rows[i]` is the row of the model's product i; the last is NOWHERE, for the index -1."""
    indices: "array[int]"
    """The other way round: the model's index of a row, -1 for none."""

    def find_shopper(self, external_id: str) -> int | None:
        return self.model.shoppers.find(external_id)

    def rows_of(self, indices: NDArray[np.int32]) -> Rows:
        """The rows of a short list, NOWHERE included, so that lists beside it stay in step."""
        found: Rows = self.rows[indices].tolist()
        return found

    def similar(self, row: int) -> Rows:
        """What may stand in this product's stead, nearest first; empty for a product that the model does not know."""
        return self._beside(self.model.similar, row)

    def together(self, row: int) -> Rows:
        """What is bought in the same orders."""
        return self._beside(self.model.together, row)

    def popular(self) -> Iterator[int]:
        return self._walk(self.model.popular)

    def trending(self) -> Iterator[int]:
        return self._walk(self.model.trending)

    def bought(self, shopper: int) -> Rows:
        """All that the shopper bought before the model learned."""
        starts = self.model.bought_starts
        return self.rows_of(self.model.bought[starts[shopper] : starts[shopper + 1]])

    def is_durable(self, row: int) -> bool:
        """Whether it is bought once. So is what the model does not know: better to miss a sale than to look foolish."""
        index = self._index(row)
        return index < 0 or bool(self.model.repeat_rates[index] < DURABLE_RATE)

    def knows(self, row: int) -> bool:
        return self._index(row) >= 0

    def behind(self, catalogue: Catalogue) -> bool:
        """Whether the catalogue has got rows that `grow` has not met."""
        return len(self.indices) < len(catalogue.ids)

    def grow(self, catalogue: Catalogue) -> None:
        """Take in the rows that the catalogue has got since."""
        for row in range(len(self.indices), len(catalogue.ids)):
            index = self.model.products.find(catalogue.ids[row])
            self.indices.append(-1 if index is None else index)
            if index is not None:
                self.rows[index] = row

    def _index(self, row: int) -> int:
        return self.indices[row] if row < len(self.indices) else -1

    def _beside(self, lists: NDArray[np.int32], row: int) -> Rows:
        index = self._index(row)
        return [] if index < 0 else [found for found in self.rows_of(lists[index]) if found != NOWHERE]

    def _walk(self, indices: NDArray[np.int32]) -> Iterator[int]:
        """A few at a time: a slot seldom looks at more than the head."""
        for start in range(0, len(indices), AT_ONCE):
            yield from self.rows[indices[start : start + AT_ONCE]].tolist()


def join(model: Model, catalogue: Catalogue, *, began_at: datetime) -> Learned:
    """Look every product of the model up. About 0.3 s for a million."""
    rows = np.full(len(model.products) + 1, NOWHERE, np.int32)
    rows[:-1] = np.fromiter((catalogue.rows.get(name, NOWHERE) for name in model.products), np.int32, len(rows) - 1)
    indices = array("i", [-1]) * len(catalogue.ids)
    for index, row in enumerate(rows[:-1].tolist()):
        if row != NOWHERE:
            indices[row] = index
    return Learned(model, began_at, rows, indices)
