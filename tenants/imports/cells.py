"""Cells: texts, numbers, lists and yes/no from what a file's cells hold."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, tzinfo
from decimal import Decimal
from typing import Any

from tenants.imports.dates import Order, read_moment
from tenants.imports.money import Amount, read_amount
from tenants.imports.records import Cell, CellError

YES = frozenset({"1", "true", "yes", "y", "t", "ja", "oui", "si", "on"})
NO = frozenset({"0", "false", "no", "n", "f", "nein", "non", "off", ""})
Fields = Mapping[str, Cell]
"""A record's cells by our field."""


@dataclass(frozen=True, slots=True)
class Context:
    """What every cell of a file is read with."""

    currency: str
    zone: tzinfo
    order: Order
    site: str
    """The shop's address, for files that name no product's."""
    known: Mapping[str, str]
    """The shop's products by variant id and by title, for orders that name no product's id."""


def text_of(fields: Fields, name: str) -> str:
    """The cell as text, '' when it is empty or there is no such column."""
    cell = fields.get(name)
    if cell is None:
        return ""
    if isinstance(cell, str):
        return cell.strip()
    if isinstance(cell, list):
        return text_of({name: cell[0]}, name) if cell else ""
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    return cell.isoformat() if isinstance(cell, date) else str(cell)


def list_of(fields: Fields, name: str, *, separators: str) -> list[str]:
    """Texts without empties and repetitions: a list is one already, a text is cut at the separators."""
    cell = fields.get(name)
    if isinstance(cell, str) and not any(mark in cell for mark in separators):
        return [cell.strip()] if cell.strip() else []
    cells = cell if isinstance(cell, list) else [cell]
    parts = [part.strip() for one in cells if one is not None for part in re.split(f"[{separators}]", str(one))]
    return list(dict.fromkeys(part for part in parts if part))


def whole_of(fields: Fields, name: str) -> int | None:
    """Raises CellError when it is no whole number."""
    text = text_of(fields, name)
    if not text:
        return None
    if not re.fullmatch(r"[+-]?\d{1,15}(\.0+)?", text, re.ASCII):
        raise CellError(name, "is not a whole number of at most 15 digits")
    return int(text.partition(".")[0])


def number_of(fields: Fields, name: str) -> float | None:
    text = text_of(fields, name).replace(",", ".")
    if not text:
        return None
    if not re.fullmatch(r"[+-]?\d{1,15}(\.\d{1,15})?", text, re.ASCII):
        raise CellError(name, "is not a number")
    return float(text)


def yes_of(fields: Fields, name: str) -> bool | None:
    text = text_of(fields, name).lower()
    if not text:
        return None
    if text not in YES | NO:
        raise CellError(name, "is not yes or no")
    return text in YES


def moment_of(fields: Fields, name: str, context: Context) -> datetime | None:
    cell = fields.get(name)
    if isinstance(cell, datetime):
        return read_moment(cell, zone=context.zone, order=context.order, field=name)
    text = text_of(fields, name)
    return read_moment(text, zone=context.zone, order=context.order, field=name) if text else None


def amount_of(fields: Fields, name: str, currency: str) -> Amount | None:
    text = text_of(fields, name)
    return read_amount(text, currency=currency, field=name) if text else None


def attributes_of(fields: Fields) -> dict[str, Any]:
    """Cells of columns that are mapped to `attributes.<name>`; a list becomes a text."""
    found: dict[str, Any] = {}
    for name, cell in fields.items():
        if name.startswith("attributes.") and cell is not None and cell != "":
            found[name.removeprefix("attributes.")] = _scalar(cell)
    return found


def _scalar(cell: Cell) -> Any:
    if isinstance(cell, list):
        return ", ".join(str(one) for one in cell)
    if isinstance(cell, Decimal):
        return float(cell)
    return cell if isinstance(cell, str | int | float | bool) else str(cell)
