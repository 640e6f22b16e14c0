"""Dates: moments in the forms that shops write. Day or month first is one decision for a whole file."""

import re
from datetime import UTC, datetime, tzinfo
from email.utils import parsedate_to_datetime
from typing import Literal

from tenants.imports.records import Cell, CellError

Order = Literal["day first", "month first"]
FORMS = "an ISO 8601 date, an RFC 2822 date, DD/MM/YYYY, MM/DD/YYYY, DD.MM.YYYY or Unix seconds"

_SLASHED = re.compile(
    r"\A(\d{1,2})([/.-])(\d{1,2})\2(\d{4})"
    r"(?:,?[ T](\d{1,2}):(\d{2})(?::(\d{2}))?\s*([AaPp][Mm])?)?\Z"
)
_ISO = re.compile(r"\A\d{4}-?\d{2}-?\d{2}")
_SPACED_OFFSET = re.compile(r" (UTC|Z|[+-]\d{2}:?\d{2})\Z")
_EPOCH = re.compile(r"\A\d{9,13}(\.\d+)?\Z")
MILLISECONDS = 10**11
"""Unix seconds of the year 5138, Unix milliseconds of 1973: a larger number is in milliseconds."""


def possible_orders(cell: Cell) -> set[Order]:
    """Which orders of day and month this cell allows; both for every other form."""
    both: set[Order] = {"day first", "month first"}
    parts = _SLASHED.match(cell.strip()) if isinstance(cell, str) else None
    if parts is None or parts[2] == ".":
        return both
    if int(parts[1]) > 12:
        return {"day first"}
    return {"month first"} if int(parts[3]) > 12 else both


def is_open(cell: Cell) -> bool:
    """Whether the cell needs the decision."""
    parts = _SLASHED.match(cell.strip()) if isinstance(cell, str) else None
    return parts is not None and parts[2] != "."


def read_moment(cell: Cell, *, zone: tzinfo, order: Order, field: str) -> datetime:
    """A moment; one without an offset is in the shop's time zone. Raises CellError."""
    try:
        found = cell if isinstance(cell, datetime) else _read(str(cell).strip(), order)
        return found if found.tzinfo is not None else found.replace(tzinfo=zone)
    except (ValueError, OverflowError, TypeError, IndexError):
        raise CellError(field, f"is not {FORMS}") from None


def _read(text: str, order: Order) -> datetime:
    if _ISO.match(text) and not _EPOCH.match(text):
        return datetime.fromisoformat(_SPACED_OFFSET.sub(lambda zone: zone[1].replace("UTC", "Z"), text))
    if _EPOCH.match(text):
        number = float(text)
        return datetime.fromtimestamp(number / 1000 if number > MILLISECONDS else number, UTC)
    parts = _SLASHED.match(text)
    return parsedate_to_datetime(text) if parts is None else _slashed(parts, order)


def _slashed(parts: re.Match[str], order: Order) -> datetime:
    first, second = int(parts[1]), int(parts[3])
    day, month = (first, second) if order == "day first" or parts[2] == "." else (second, first)
    hour = int(parts[5] or 0)
    if parts[8] is not None:
        if not 1 <= hour <= 12:
            raise ValueError("no hour of a half day")
        hour = hour % 12 + (12 if parts[8].lower() == "pm" else 0)
    return datetime(int(parts[4]), month, day, hour, int(parts[6] or 0), int(parts[7] or 0))
