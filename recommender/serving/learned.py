"""Learned: a model joined to the catalogue, so that its lists are rows to show."""

from array import array
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import chain

import numpy as np
from numpy.typing import NDArray

from recommender.serving.catalogue import NOWHERE, Catalogue
from recommender.stored_model import StoredModel

DURABLE_RATE = 0.1
"""A product of whose buyers fewer than this buy it again is bought once."""
OFTEN_RATE = 0.35
"""A product of whose buyers fewer than this buy it again is not needed by who has just bought it. Above what a shop is
credited with of which little is known."""
HEAD = 300
"""Products of the lists for everybody that are kept ready."""

Rows = list[int]


@dataclass(slots=True, eq=False)
class Learned:
    """Rows are the catalogue's; NOWHERE stands for products that it does not hold."""

    model: StoredModel
    began_at: datetime
    """When its training began: it may know who was erased after that."""
    rows: NDArray[np.int32]
    """`rows[i]` is the row of the model's product i; the last is NOWHERE, for the index -1."""
    indices: "array[int]"
    """The other way round: the model's index of a row, -1 for none."""
    once: bytes
    """For each of the model's products: 2 when it is bought once, 1 when it is not bought often, else 0."""
    popular_head: Rows
    trending_head: Rows

    def find_shopper(self, external_id: str) -> int | None:
        return self.model.shoppers.find(external_id)

    def find_cold_segment(self, external_id: str) -> int | None:
        """The segment that speaks for a shopper of whom no purchase is known."""
        index = self.model.cold_shoppers.find(external_id)
        return None if index is None else int(self.model.part("cold_segments", index, index + 1)[0])

    def listed(self, name: str, index: int) -> Rows:
        """A row of one of the model's lists as catalogue rows, NOWHERE included: lists beside it stay in step."""
        found: Rows = self.rows[self.model.row(name, index)].tolist()
        return found

    def similar(self, row: int) -> Rows:
        """What may stand in this product's stead, nearest first; empty for a product that the model does not know."""
        return self._beside("similar", row)

    def together(self, row: int) -> Rows:
        """What is bought in the same orders."""
        return self._beside("together", row)

    def popular(self) -> Iterator[int]:
        """Every product once, by recent purchases."""
        return chain(self.popular_head, self._rest("popular"))

    def trending(self) -> Iterator[int]:
        """Every product once, by how much more it is bought than before."""
        return chain(self.trending_head, self._rest("trending"))

    def bought(self, shopper: int) -> Rows:
        """All that the shopper bought before the model learned."""
        start, stop = self.model.part("bought_starts", shopper, shopper + 2).tolist()
        found: Rows = self.rows[self.model.part("bought", start, stop)].tolist()
        return found

    def is_durable(self, row: int) -> bool:
        """Whether it is bought once in a long time."""
        return self._once(row) == 2

    def is_needed_no_more(self, row: int) -> bool:
        """Whether who has just bought it does not need it: also of what the model does not know."""
        return self._once(row) > 0

    def knows(self, row: int) -> bool:
        return self._index(row) >= 0

    def is_behind(self, catalogue: Catalogue) -> bool:
        """Whether the catalogue has got rows that `grow` has not met."""
        return len(self.indices) < len(catalogue.ids)

    def grow(self, catalogue: Catalogue) -> None:
        """Take in the rows that the catalogue has got since."""
        products = self.model.read_products()
        for row in range(len(self.indices), len(catalogue.ids)):
            index = products.find(catalogue.ids[row])
            self.indices.append(-1 if index is None else index)
            if index is not None:
                self.rows[index] = row
        self.popular_head, self.trending_head = self._head("popular"), self._head("trending")

    def _index(self, row: int) -> int:
        return self.indices[row] if row < len(self.indices) else -1

    def _once(self, row: int) -> int:
        index = self._index(row)
        return 2 if index < 0 else self.once[index]

    def _beside(self, name: str, row: int) -> Rows:
        index = self._index(row)
        return [] if index < 0 else [found for found in self.listed(name, index) if found != NOWHERE]

    def _head(self, name: str) -> Rows:
        return _rows_of(self.rows, self.model.part(name, 0, min(HEAD, len(self.rows) - 1)))

    def _rest(self, name: str) -> Iterator[int]:
        for start in range(HEAD, len(self.rows) - 1, HEAD):
            yield from _rows_of(self.rows, self.model.part(name, start, min(start + HEAD, len(self.rows) - 1)))


def join(model: StoredModel, catalogue: Catalogue, *, began_at: datetime) -> Learned:
    """Look every product of the model up. About 0.3 s for a million."""
    products = model.read_products()
    rows = np.full(len(products) + 1, NOWHERE, np.int32)
    rows[:-1] = np.fromiter((catalogue.rows.get(name, NOWHERE) for name in products), np.int32, len(products))
    indices = array("i", [-1]) * len(catalogue.ids)
    for index, row in enumerate(rows[:-1].tolist()):
        if row != NOWHERE:
            indices[row] = index
    rates = model.whole("repeat_rate")
    once = ((rates < DURABLE_RATE).astype(np.uint8) + (rates < OFTEN_RATE)).tobytes()
    heads = (_rows_of(rows, model.part(name, 0, min(HEAD, len(products)))) for name in ("popular", "trending"))
    return Learned(model, began_at, rows, indices, once, *heads)


def _rows_of(rows: NDArray[np.int32], indices: NDArray[np.int32]) -> Rows:
    found: Rows = rows[indices].tolist()
    return found
