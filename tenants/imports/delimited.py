"""Delimited: CSV and TSV by Python's own reader, one record a row of the table."""

import csv
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, BinaryIO

from infra.errors import FieldError
from tenants.imports.records import BadRecord, FileRefused, Record, Row, Table
from tenants.imports.texts import BadLine, Lines

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
    lines = Lines(stream, encoding)
    reader = csv.reader(lines, delimiter=delimiter, strict=True)
    columns = _header(reader)
    plain = _read(reader, lines, len(columns))
    return Table(columns, (_record(row, columns) for row in plain), plain)


def _record(row: Row | BadRecord, columns: Sequence[str]) -> Record | BadRecord:
    return Record(row.line, dict(zip(columns, row.cells, strict=True))) if isinstance(row, Row) else row


def _read(reader: "Reader", lines: Lines, width: int) -> Iterator[Row | BadRecord]:
    """Rows behind the header. The csv reader starts afresh behind a line that it refused."""
    bad_lines = 0
    while True:
        line = reader.line_num + bad_lines + 1
        lines.size = 0
        try:
            cells = next(reader)
        except StopIteration:
            return
        except BadLine as bad:
            bad_lines += 1  # the reader never saw it
            yield BadRecord(reader.line_num + bad_lines, FieldError("", str(bad)))
        except csv.Error as error:
            yield BadRecord(line, FieldError("", _reason(error)))
        else:
            if len(cells) == width:
                yield Row(line, cells, lines.size)
            elif cells:
                yield _uneven(Row(line, cells, lines.size), width)


def _uneven(row: Row, width: int) -> Row | BadRecord:
    """Empty cells at the end are a spreadsheet's habit; other cells have no column."""
    have = len(row.cells)
    if have < width or any(row.cells[width:]):
        return BadRecord(row.line, FieldError("", f"has {have} cells, and the header has {width} columns"))
    return Row(row.line, row.cells[:width], row.size)


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
