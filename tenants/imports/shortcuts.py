"""Shortcuts: the ordinary row of a product table, read in a quarter of the time that `product_of` takes.

What is decided by the columns is decided once a file, and cells that come again are read once. The result is that of
`product_of`; a row that anything is wrong with is left to it, so that every refusal is worded in one place.
"""

from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any, TypeAlias

import msgspec

from tenants.imports.catalogue import READERS, availability_of, images_of, prices_of
from tenants.imports.cells import Context
from tenants.imports.records import Cell, CellError
from tenants.products import Product

KEPT = 4_096
"""Results kept of each kind of cell."""
LONGEST_KEPT = 200
"""Characters of the cells of a result that is kept: memory goes by neither the file nor its longest cell."""
_MONEY = ("price", "price_minor", "sale_price", "sale_price_minor", "sale_period", "currency")
_IMAGES = ("image_url", "image_urls")
_TEXTS = ("id", "title", "url", "description", "brand", "tax_class")

Texts: TypeAlias = tuple[str, ...]
Read: TypeAlias = Callable[..., Any]  # takes the cells' texts, answers a field's value or a part of a document


class Shortcut:
    """Reads rows of one file, whose cells are texts by column."""

    def __init__(self, mapping: Mapping[str, str], context: Context) -> None:
        """`mapping`: a column's field, each field once."""
        columns = {field: column for column, field in mapping.items()}
        self._texts = [(field, columns[field]) for field in _TEXTS if field in columns]
        self._others = [
            (field, columns[field], _kept((field,), _reader(field, context))) for field in READERS if field in columns
            and field not in _TEXTS
        ]  # fmt: skip
        self._attributes = [
            (field.removeprefix("attributes."), column)
            for field, column in columns.items()
            if field.startswith("attributes.")
        ]
        self._whole = [_whole(columns, _MONEY, lambda fields: prices_of(fields, context))]
        self._whole += [_whole(columns, _IMAGES, _images)] if set(_IMAGES) & set(columns) else []
        self._whole += [_whole(columns, ("availability",), _availability)] if "availability" in columns else []

    def read(self, cells: Mapping[str, Cell]) -> Product | None:
        """The product; None when the row must be read at length."""
        document: dict[str, Any] = {}
        for field, column in self._texts:
            if text := cells[column].strip():
                document[field] = text
        try:
            for field, column, read in self._others:
                if (cell := cells[column]) and (value := read(cell)) is not None:
                    document[field] = value
            for columns, read in self._whole:
                document |= read(*[cells[column] for column in columns])
            if attributes := {name: cell for name, column in self._attributes if (cell := cells[column])}:
                document["attributes"] = attributes
            return msgspec.convert(document, Product)
        except (CellError, msgspec.ValidationError, OverflowError):
            return None


def make_shortcut(mapping: Mapping[str, str | None], context: Context) -> Shortcut | None:
    """For a table of texts; None when two columns are one field, which makes lists of cells."""
    mapped = {column: field for column, field in mapping.items() if field}
    return Shortcut(mapped, context) if len(set(mapped.values())) == len(mapped) else None


def _reader(field: str, context: Context) -> Callable[[Mapping[str, Cell]], Any]:
    def read(fields: Mapping[str, Cell]) -> Any:
        value = READERS[field](fields, field, context)
        return None if value in ("", []) else value

    return read


def _whole(
    columns: Mapping[str, str], fields: tuple[str, ...], read: Callable[[Mapping[str, Cell]], dict[str, Any]]
) -> tuple[Texts, Read]:
    """Fields that are read together: their columns, and the part of the document by these columns' cells."""
    have = tuple(field for field in fields if field in columns)
    kept: Read = _one_image if have == ("image_url",) else _kept(have, read)
    return tuple(columns[field] for field in have), kept


def _kept(fields: Texts, read: Callable[[Mapping[str, Cell]], Any]) -> Read:
    def fresh(*cells: str) -> Any:
        return read({field: cell for field, cell in zip(fields, cells, strict=True) if cell})

    kept = lru_cache(KEPT)(fresh)

    def short_or_fresh(*cells: str) -> Any:
        return kept(*cells) if sum(map(len, cells)) <= LONGEST_KEPT else fresh(*cells)

    return short_or_fresh


def _one_image(cell: str) -> dict[str, Any]:
    """Addresses of images rarely come again: kept, they would cost more than they save."""
    if "|" in cell or "\n" in cell:
        return {"image_urls": images_of({"image_url": cell})}
    image = cell.strip()
    return {"image_urls": (image,)} if image else {}


def _images(fields: Mapping[str, Cell]) -> dict[str, Any]:
    return {"image_urls": images_of(fields)}


def _availability(fields: Mapping[str, Cell]) -> dict[str, Any]:
    return availability_of(fields) if fields else {}
