"""Delimited: CSV and TSV by Python's own reader, one record a row of the table."""

import csv
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, BinaryIO

from infra.errors import FieldError
from tenants.imports.records import BadRecord, FileRefused, Record, Table
from tenants.imports.texts import LONGEST, BadLine, read_lines

if TYPE_CHECKING:
    from _csv import Reader

DELIMITERS = ",;\t|"
MOST_COLUMNS = 2_000


def detect_delimiter(sample: str) -> str:
    """The one that cuts the header into the most columns, quoted ones left whole."""
    header = sample.partition("\n")[0].partition("\r")[0]
    counts = {one: len(next(csv.reader([header], delimiter=one), [])) for one in DELIMITERS}
    return max(counts, key=lambda one: counts[one])


def read_delimited(stream: BinaryIO, *, encoding: str, delimiter: str) -> Table:
    """The table. Raises FileRefused when there is no usable header."""
    # Strict, because a lenient reader makes one title out of half a file after a forgotten quote.
    lines = _RowLines(read_lines(stream, encoding))
    reader = csv.reader(lines, delimiter=delimiter, strict=True)
    columns = _header(reader)
    return Table(columns, _Rows(reader, lines, columns))


class _RowLines(Iterator[str]):
    """The file's lines, so many characters for one row: cells in quotes can make a row of any number of lines."""

    def __init__(self, lines: Iterator[str]) -> None:
        self._lines, self._size = lines, 0

    def start_row(self) -> None:
        self._size = 0

    def __next__(self) -> str:
        line = next(self._lines)
        self._size += len(line)
        if self._size > LONGEST:
            raise BadLine(f"ends a row that has more than {LONGEST:,} characters")
        return line


class _Rows(Iterator[Record | BadRecord]):
    """Rows behind the header. The csv reader starts afresh behind a line that it refused."""

    def __init__(self, reader: "Reader", lines: _RowLines, columns: Sequence[str]) -> None:
        self._reader, self._lines, self._columns, self._bad_lines = reader, lines, columns, 0

    def __next__(self) -> Record | BadRecord:
        while True:
            line = self._reader.line_num + self._bad_lines + 1
            self._lines.start_row()
            try:
                cells = next(self._reader)
            except BadLine as bad:
                self._bad_lines += 1  # the reader never saw it
                return BadRecord(self._reader.line_num + self._bad_lines, FieldError("", str(bad)))
            except csv.Error as error:
                return BadRecord(line, FieldError("", _reason(error)))
            if len(cells) == len(self._columns):
                return Record(line, dict(zip(self._columns, cells, strict=True)))
            if cells:
                return self._uneven(line, cells)

    def _uneven(self, line: int, cells: list[str]) -> Record | BadRecord:
        """Empty cells at the end are a spreadsheet's habit; other cells have no column."""
        have, need = len(cells), len(self._columns)
        if have < need or any(cells[need:]):
            return BadRecord(line, FieldError("", f"has {have} cells, and the header has {need} columns"))
        return Record(line, dict(zip(self._columns, cells, strict=False)))


def _header(reader: "Reader") -> list[str]:
    try:
        columns = [name.strip() for name in next(reader, [])]
    except (BadLine, csv.Error) as bad:
        raise FileRefused(f"The first line is no header: {bad}.") from None
    while columns and not columns[-1]:
        columns.pop()
    if not columns or len(columns) > MOST_COLUMNS:
        raise FileRefused(f"The first line must name 1 to {MOST_COLUMNS:,} columns.")
    if len(set(columns)) < len(columns):
        twice = sorted({name for name in columns if columns.count(name) > 1})
        raise FileRefused(f"The header names a column twice: {', '.join(twice[:5])}.")
    return columns


def _reason(error: csv.Error) -> str:
    text = str(error)
    if "field larger than" in text:
        return "a quote is opened and not closed within 131,072 characters"
    if "unexpected end" in text:
        return "the file ends inside quotes: it is cut, or a quote is not closed"
    return f"is not valid CSV: {text}"
