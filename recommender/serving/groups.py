"""Groups: products of the same categories and currency, so that a page of one category finds its products at once."""

from array import array
from collections.abc import Collection, Iterable, Sequence

import numpy as np

_Group = tuple[str, tuple[str, ...]]


class Groups:
    """One number a row. There are about as many groups as a shop has leaves in its tree of categories."""

    def __init__(self) -> None:
        self._of_row = array("i", [0])
        self._numbers: dict[_Group, int] = {("", ()): 0}
        self._by_category: dict[str, list[int]] = {}
        self._by_currency: dict[str, list[int]] = {}

    def put(self, row: int, categories: Sequence[str], currency: str) -> None:
        """Rows come in order; one that is known already is changed."""
        group = (currency, tuple(categories))
        number = self._numbers.get(group)
        if number is None:
            number = self._numbers[group] = len(self._numbers)
            self._by_currency.setdefault(currency, []).append(number)
            for name in dict.fromkeys(categories):
                self._by_category.setdefault(name, []).append(number)
        if row == len(self._of_row):
            self._of_row.append(number)
        else:
            self._of_row[row] = number

    def select(self, category: str | None, currency: str | None) -> bytes | None:
        """1 for each row of this category and currency (None: any); None where that is every row. A millisecond a
        million rows."""
        wanted: Collection[int] | None = None if category is None else self._by_category.get(category, ())
        if currency is not None:
            priced = self._by_currency.get(currency, ())
            if wanted is None and len(priced) == len(self._numbers) - 1:
                return None
            wanted = priced if wanted is None else {*wanted}.intersection(priced)
        return None if wanted is None else self._mark(wanted)

    def _mark(self, wanted: Iterable[int]) -> bytes:
        table = np.zeros(len(self._numbers), np.uint8)
        table[list(wanted)] = 1
        return table[np.frombuffer(self._of_row, np.int32)].tobytes()
