"""Records: what a reader gives of a file, one row each, with the line where it starts."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from msgspec import Struct

from infra.errors import FieldError, Refusal

Cell: TypeAlias = Any  # a text; from Parquet and JSON also numbers, moments and lists


class FileRefused(Refusal):
    """The file cannot be read, or not to its end."""

    status, code = 422, "file_refused"
    hint = "Rows before that place were stored. Repair the file and import it again: that is harmless."


class CellError(ValueError):
    """One cell is wrong; the record is refused with its field and the reason. Never holds the cell's value."""

    def __init__(self, field: str, reason: str) -> None:
        super().__init__(reason)
        self.field = field
        self.reason = reason


class Record(Struct, frozen=True, gc=False):
    """A row: its first line (from 1; the number of the row in Parquet), and its cells by column."""

    line: int
    cells: Mapping[str, Cell]


class Row(Struct, frozen=True, gc=False):
    """A row of texts as it stands in a table: its first line, its cells in the order of the columns, and roughly its
    characters.
    """

    line: int
    cells: Sequence[str]
    size: int


@dataclass(frozen=True, slots=True)
class BadRecord:
    """A row that cannot be read; the file goes on behind it."""

    line: int
    error: FieldError


@dataclass(frozen=True, slots=True)
class Table:
    """A file opened: its columns where a header names them, and its rows."""

    columns: Sequence[str]
    rows: Iterator[Record | BadRecord]
    plain: Iterator[Row | BadRecord] | None = None
    """The same rows as they stand in a table of texts: to be read instead of `rows`."""
