"""Shortcuts: the ordinary rows of a product table, read by columns in a third of the time that `product_of` takes.

Cells that come again are read once. The result is that of `product_of`; a row that anything is wrong with is left to
it, so that every refusal is worded in one place.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeAlias, get_type_hints

import msgspec

from tenants.imports.catalogue import READERS, availability_of, images_of, prices_of
from tenants.imports.cells import Context
from tenants.imports.records import Cell, CellError
from tenants.products import DEFAULTS, Product

KEPT, SIZE_KEPT = 4_096, 1_000_000
"""Results kept of each kind of cell, and characters of their cells: memory does not go by the file."""
_TEXTS = ("id", "title", "url", "description", "brand", "tax_class")
_MONEY = ("price", "price_minor", "sale_price", "sale_price_minor", "sale_period", "currency")
_STOCK = ("stock_quantity", "availability")
_PERIOD = ("sale_from", "sale_until")
_IMAGES = ("image_url", "image_urls")
_WRONG = object()
"""A value that fits no field: its row is read at length."""

Texts: TypeAlias = tuple[str, ...]
Columns: TypeAlias = Sequence[Texts]  # the cells of many rows, column by column
Values: TypeAlias = dict[str, Sequence[Any]]  # the products' fields, each with one value a row


class _Part:
    """Fields of the file that are read together, and the fields of a product that come of them."""

    def __init__(
        self, places: Sequence[int], fields: Texts, made: Texts, read: Callable[[Mapping[str, Cell]], dict[str, Any]]
    ) -> None:
        self._places, self._fields, self._made, self._read = places, fields, made, read
        self._known: dict[Texts, tuple[Any, ...]] = {}
        self._size = 0

    def read(self, columns: Columns) -> Values:
        cells = list(zip(*[columns[place] for place in self._places], strict=True))
        if len(self._known) > KEPT or self._size > SIZE_KEPT:
            self._known, self._size = {}, 0
        new = set(cells) - self._known.keys()
        self._known |= {one: self._fresh(one) for one in new}
        self._size += sum(len(cell) for one in new for cell in one)
        return dict(zip(self._made, zip(*map(self._known.__getitem__, cells), strict=True), strict=True))

    def _fresh(self, cells: Texts) -> tuple[Any, ...]:
        try:
            found = self._read({field: cell for field, cell in zip(self._fields, cells, strict=True) if cell})
        except CellError:
            return (_WRONG,) * len(self._made)
        return tuple(DEFAULTS.get(name) if (value := found.get(name)) in _NOTHING else value for name in self._made)


class Shortcut:
    """Reads rows of one file, whose cells are texts."""

    def __init__(self, places: Mapping[str, int], context: Context) -> None:
        """`places`: a field's place in the row."""
        self._texts = [(field, places[field]) for field in _TEXTS if field in places]
        self._parts = _parts(places, context)
        self._images = {field: places[field] for field in _IMAGES if field in places}
        self._attributes = [
            (field.removeprefix("attributes."), place)
            for field, place in places.items()
            if field.startswith("attributes.")
        ]

    def read(self, rows: Sequence[Sequence[str]]) -> Sequence[Product | None]:
        """A product for each; None when the row must be read at length."""
        if not rows:
            return ()
        columns: Columns = list(zip(*rows, strict=True))
        values: Values = {field: list(map(str.strip, columns[place])) for field, place in self._texts}
        for part in self._parts:
            values |= part.read(columns)
        if self._images:
            values["image_urls"] = self._read_images(columns)
        if self._attributes:
            values["attributes"] = self._read_attributes(columns)
        return _products({name: column for name, column in values.items() if not _is_default(name, column)})

    def _read_images(self, columns: Columns) -> Sequence[Sequence[str]]:
        """Addresses rarely come again: kept, they would cost more than they save."""
        fields, cells = list(self._images), [columns[place] for place in self._images.values()]
        if fields == ["image_url"]:
            return list(map(_one_image, cells[0]))
        return [images_of(dict(zip(fields, row, strict=True))) for row in zip(*cells, strict=True)]

    def _read_attributes(self, columns: Columns) -> Sequence[dict[str, str]]:
        names = [name for name, _ in self._attributes]
        cells = [columns[place] for _, place in self._attributes]
        documents = [dict(zip(names, row)) for row in zip(*cells)]  # noqa: B905  # they fit, and the check costs a tenth
        if any("" in column for column in cells):
            return [{name: cell for name, cell in document.items() if cell} for document in documents]
        return documents


def make_shortcut(columns: Sequence[str], mapping: Mapping[str, str | None], context: Context) -> Shortcut | None:
    """For a table of texts; None when two columns are one field, or say the same of a product."""
    places = {field: place for place, column in enumerate(columns) if (field := mapping.get(column))}
    mapped = sum(1 for field in mapping.values() if field)
    if len(places) < mapped or ("sale_period" in places and {*_PERIOD} & places.keys()):
        return None
    return Shortcut(places, context)


def _parts(places: Mapping[str, int], context: Context) -> list[_Part]:
    def part(fields: Texts, made: Texts, read: Callable[[Mapping[str, Cell]], dict[str, Any]]) -> list[_Part]:
        have = tuple(field for field in fields if field in places)
        return [_Part([places[field] for field in have], have, made, read)] if have else []

    def alone(field: str) -> Callable[[Mapping[str, Cell]], dict[str, Any]]:
        return lambda fields: {field: READERS[field](fields, field, context)}

    single = [field for field in READERS if field not in (*_TEXTS, *_STOCK)]
    prices = ("price_minor", "currency", "sale_price_minor", *(_PERIOD if "sale_period" in places else ()))
    return [
        *part(_MONEY, prices, lambda fields: prices_of(fields, context)),
        *part(_STOCK, ("stock_quantity",), lambda fields: alone("stock_quantity")(fields) | availability_of(fields)),
        *(one for field in single for one in part((field,), (field,), alone(field))),
    ]


def _one_image(cell: str) -> Sequence[str]:
    if "|" in cell or "\n" in cell:
        return images_of({"image_url": cell})
    image = cell.strip()
    return (image,) if image else ()


def _products(values: Values) -> Sequence[Product | None]:
    """Whole columns are checked against the types of their fields; when one cell is wrong, every row on its own."""
    try:
        checked = {name: _checked(name, column) for name, column in values.items()}
        return [Product(**document) for document in _documents(checked)]
    except (msgspec.ValidationError, OverflowError, ValueError):
        return [_product(document) for document in _documents(values)]


def _is_default(name: str, column: Sequence[Any]) -> bool:
    return name in DEFAULTS and column.count(DEFAULTS[name]) == len(column)


def _checked(name: str, column: Sequence[Any]) -> Sequence[Any]:
    # Hardly ever two currencies, and their pattern is as dear as ten other fields.
    some = set(column) if name == "currency" else column
    checked: Sequence[Any] = msgspec.convert(some, _COLUMN_TYPES[name])
    return column if name == "currency" else checked


def _documents(values: Values) -> list[dict[str, Any]]:
    names = list(values)
    return [dict(zip(names, row)) for row in zip(*values.values())]  # noqa: B905  # as above


def _product(document: dict[str, Any]) -> Product | None:
    try:
        return msgspec.convert(document, Product)
    except (msgspec.ValidationError, OverflowError):
        return None


_NOTHING: tuple[Any, ...] = (None, "", [])
_COLUMN_TYPES: Mapping[str, Any] = {
    name: list[hint]  # type: ignore[valid-type]  # a type that is only known at run time
    for name, hint in get_type_hints(Product, include_extras=True).items()
}
