"""Size chart files: charts from a spreadsheet, one line a size. All of a file is right, or nothing of it is taken.

    chart,kind,system,unit,products,size,foot_length_min,foot_length_max
    cloth-shoes,foot,eu,mm,cloth-black;cloth-red,40,248,254
    cloth-shoes,,,,,41,255,261

Columns that end in `_min` and `_max` are ranges; the others are the chart's own and may be left empty behind its first
line. Several products or categories are separated by `;`. An empty cell leaves a range open at that end.
"""

import io
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec

from infra.errors import FieldError, Invalid
from tenants.decoding import field_error
from tenants.imports.delimited import detect_delimiter, read_delimited
from tenants.imports.records import BadRecord, FileRefused, Record
from tenants.size_charts import SizeChart

MOST_ERRORS = 100
NEEDED = ("chart", "size")
OWN = ("title", "kind", "system", "basis", "unit", "brand")
LISTS = ("products", "categories")
ENDS = ("min", "max")


class BadChartFile(Invalid):
    """The file holds lines that are no sizes."""

    code = "bad_chart_file"
    hint = "Nothing of it was stored. 'errors' names the lines; repair them and send the file again."


@dataclass(slots=True)
class _Draft:
    """A chart while its lines come in."""

    line: int
    document: dict[str, Any]  # as JSON would have it: msgspec checks it in the end
    rows: list[dict[str, Any]] = field(default_factory=list)


def read_charts(file: bytes) -> list[SizeChart]:
    """The charts of a CSV file in UTF-8, in the order in which they begin. Raises BadChartFile naming up to 100 lines,
    columns and reasons."""
    errors: list[FieldError] = []
    drafts: dict[str, _Draft] = {}
    for record in _records(file):
        if isinstance(record, BadRecord):
            errors.append(FieldError(_place(record.line, record.error.field), record.error.reason))
        else:
            errors += _take(drafts, record)
    charts = list(_finish(drafts, errors))
    if errors or not charts:
        said = "The file has lines that are no sizes." if errors else "The file has no line behind its header."
        raise BadChartFile(said, errors=tuple(errors[:MOST_ERRORS]))
    return charts


def _records(file: bytes) -> Iterator[Record | BadRecord]:
    delimiter = detect_delimiter(file[:10_000].decode("utf-8-sig", "replace"))
    try:
        table = read_delimited(io.BytesIO(file), encoding="utf-8-sig", delimiter=delimiter)
        _check_columns(table.columns)
        yield from table.rows
    except FileRefused as refused:
        raise BadChartFile(refused.detail) from None


def _check_columns(columns: Sequence[str]) -> None:
    known = {*NEEDED, *OWN, *LISTS}
    reason = "is no column of a size chart, and ends in neither _min nor _max"
    errors = [FieldError(_place(1, name), reason) for name in columns if name not in known and not _range_of(name)]
    errors += [FieldError(_place(1, name), "is a column that is needed") for name in NEEDED if name not in columns]
    if not any(map(_range_of, columns)):
        errors.append(FieldError(_place(1, ""), "has no range: a column that ends in _min or _max"))
    if errors:
        raise BadChartFile("The header is not that of a size chart.", errors=tuple(errors[:MOST_ERRORS]))


def _take(drafts: dict[str, _Draft], record: Record) -> list[FieldError]:
    cells = {name: cell.strip() for name, cell in record.cells.items() if cell.strip()}
    name = cells.get("chart")
    if name is None:
        return [FieldError(_place(record.line, "chart"), "must not be empty")]
    own = {one: cells[one] for one in OWN if one in cells} | {
        one: [part.strip() for part in cells[one].split(";") if part.strip()] for one in LISTS if one in cells
    }
    draft = drafts.setdefault(name, _Draft(record.line, {"id": name, **own}))
    errors = [
        FieldError(_place(record.line, one), "differs from the chart's first line")
        for one, value in own.items()
        if draft.document.get(one) != value
    ]
    ranges, wrong = _ranges(cells, record.line)
    draft.rows.append({"size": cells.get("size", ""), "ranges": ranges, "line": record.line})
    return errors + wrong


def _ranges(cells: Mapping[str, str], line: int) -> tuple[list[dict[str, Any]], list[FieldError]]:
    found: dict[str, dict[str, Any]] = {}
    errors: list[FieldError] = []
    for column, cell in cells.items():
        if (named := _range_of(column)) is None:
            continue
        key, end = named
        if _NUMBER.fullmatch(cell):
            found.setdefault(key, {"key": key})[end] = float(cell.replace(",", "."))
        else:
            errors.append(FieldError(_place(line, column), "is not a number"))
    return list(found.values()), errors


def _finish(drafts: Mapping[str, _Draft], errors: list[FieldError]) -> Iterator[SizeChart]:
    """Each draft as a chart; what is wrong with one is added to `errors` with the line that it stands in."""
    for draft in drafts.values():
        lines = [row.pop("line") for row in draft.rows]
        try:
            yield msgspec.convert({**draft.document, "rows": draft.rows}, SizeChart)
        except msgspec.ValidationError as wrong:
            error = field_error(wrong)
            at, column = _locate(error.field, lines, draft.line)
            errors.append(FieldError(_place(at, column), error.reason))


def _locate(path: str, lines: Sequence[int], first: int) -> tuple[int, str]:
    """The line and the column of a path such as `rows[3].ranges[0].min`."""
    if not path.startswith("rows["):
        return first, path
    number, _, rest = path.removeprefix("rows[").partition("]")
    return lines[int(number)], rest.lstrip(".")


def _range_of(column: str) -> tuple[str, str] | None:
    key, _, end = column.rpartition("_")
    return (key, end) if key and end in ENDS else None


_NUMBER = re.compile(r"\d{1,6}([.,]\d{1,4})?", re.ASCII)


def _place(line: int, column: str) -> str:
    return f"line {line}: {column}" if column else f"line {line}"
