"""Documents: the rows of a file as documents of the record, or the reason why one is none."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import islice
from typing import Any

import msgspec

from infra.errors import FieldError
from tenants.decoding import NUL_REASON, field_error, holds_nul
from tenants.imports.catalogue import product_of
from tenants.imports.cells import Context, Fields
from tenants.imports.columns import rename
from tenants.imports.kinds import Kind
from tenants.imports.ndjson import RAW
from tenants.imports.plans import Plan, recipe_of
from tenants.imports.recipes import Recipe
from tenants.imports.records import BadRecord, CellError, FileRefused, Record, Row, Table
from tenants.imports.shortcuts import Shortcut, make_shortcut

MOST_TOGETHER = 2_000
"""Rows of one document; the record's own limits are lower."""
AT_ONCE = 500
"""Rows of a table that are read at once, by columns,"""
SIZE_AT_ONCE = 2_000_000
"""or fewer when they have this many characters."""


class Good(msgspec.Struct, frozen=True, gc=False):
    """A document with the line where its rows begin."""

    line: int
    id: str
    document: Any  # of the import's kind


@dataclass(frozen=True, slots=True)
class Bad:
    """A row that is none, by its line; the id if it could be read."""

    line: int
    id: str | None
    error: FieldError


@dataclass(frozen=True, slots=True)
class _Group:
    """Rows of one document, by our fields, and their lines."""

    lines: Sequence[int]
    rows: Sequence[Fields]
    lacks: int | None = None
    """The line of a row between them that could not be read."""


def read_documents(table: Table, kind: Kind, plan: Plan, context: Context, *, skip: int) -> Iterator[Good | Bad]:
    """One for every document of the file, in its order, behind the first `skip`, which are not decoded."""
    if plan.dialect == "documents":
        decoder = msgspec.json.Decoder(kind.document)
        return (_decoded(row, decoder) for row in islice(table.rows, skip, None))
    recipe = recipe_of(kind.name, plan)
    at_length = partial(_built, kind=kind, recipe=recipe, context=context)
    if table.plain is not None and recipe.build is product_of:
        shortcut = make_shortcut(table.columns, plan.mapping, context)
        if shortcut is not None:
            return _shortened(islice(table.plain, skip, None), shortcut, table.columns, plan.mapping, at_length)
    return (at_length(group) for group in islice(_groups(table.rows, plan.mapping, recipe), skip, None))


def _shortened(
    rows: Iterator[Row | BadRecord],
    shortcut: Shortcut,
    columns: Sequence[str],
    mapping: Mapping[str, str | None],
    at_length: "Callable[[_Group | BadRecord], Good | Bad]",
) -> Iterator[Good | Bad]:
    for piece in _pieces(rows):
        products = iter(shortcut.read([row.cells for row in piece if isinstance(row, Row)]))
        for row in piece:
            if isinstance(row, BadRecord):
                yield at_length(row)
            elif (product := next(products)) is not None:
                yield Good(row.line, product.id, product)
            else:
                yield at_length(_Group((row.line,), (rename(dict(zip(columns, row.cells, strict=True)), mapping),)))


def _pieces(rows: Iterator[Row | BadRecord]) -> Iterator[list[Row | BadRecord]]:
    """Some rows at a time. Where the file breaks, the rows before that place come first."""
    piece: list[Row | BadRecord] = []
    size = 0
    try:
        for row in rows:
            piece.append(row)
            size += row.size if isinstance(row, Row) else 0
            if len(piece) == AT_ONCE or size > SIZE_AT_ONCE:
                yield piece
                piece, size = [], 0
    except FileRefused as broken:
        yield piece
        raise broken from None
    yield piece


def _decoded(row: Record | BadRecord, decoder: "msgspec.json.Decoder[Any]") -> Good | Bad:
    if isinstance(row, BadRecord):
        return Bad(row.line, None, row.error)
    line: bytes = row.cells[RAW]
    try:
        document = decoder.decode(line)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        return Bad(row.line, _find_id(line), _said(error))
    if holds_nul(line):
        return Bad(row.line, None, FieldError("", NUL_REASON))
    return Good(row.line, document.id, document)


def _groups(
    rows: Iterator[Record | BadRecord], mapping: Mapping[str, str | None], recipe: Recipe
) -> Iterator[_Group | BadRecord]:
    """Neighbouring rows of one document together. A bad row in between is told on its own, before them.

    Rows that may have more to come are held: where the file breaks, half a document is left out.
    """
    lines: list[int] = []
    held: list[Fields] = []
    bad: int | None = None
    lacks: int | None = None
    for row in rows:
        if isinstance(row, BadRecord):
            bad = row.line
            yield row
            continue
        fields = rename(row.cells, mapping)
        if recipe.joins is None:
            yield _Group((row.line,), (fields,))
            continue
        if held and not recipe.joins(held[0], fields):
            yield _Group(lines, held, lacks)
            lines, held, lacks = [], [], None
        elif held and bad is not None:
            lacks = bad
        bad = None
        if len(held) <= MOST_TOGETHER:
            lines.append(row.line)
            held.append(fields)
    if held:
        yield _Group(lines, held, lacks)


def _built(group: _Group | BadRecord, kind: Kind, recipe: Recipe, context: Context) -> Good | Bad:
    if isinstance(group, BadRecord):
        return Bad(group.line, None, group.error)
    if len(group.rows) > MOST_TOGETHER:
        return Bad(group.lines[0], None, FieldError("", f"one document has more than {MOST_TOGETHER:,} rows"))
    if group.lacks is not None:
        return Bad(group.lines[0], _named(group), FieldError("", f"lacks its row in line {group.lacks}"))
    try:
        content = recipe.build(group.rows, context)
    except CellError as wrong:
        return Bad(_line_of(group, recipe, context), _named(group), FieldError(wrong.field, wrong.reason))
    try:
        document: Any = msgspec.convert(content, kind.document)
    except (msgspec.ValidationError, OverflowError) as error:
        return Bad(group.lines[0], _text(content.get("id")), _said(error))
    return Good(group.lines[0], document.id, document)


def _line_of(group: _Group, recipe: Recipe, context: Context) -> int:
    """The line of the first row that spoils the document, alone or beside the first row."""
    for line, row in zip(group.lines, group.rows, strict=True):
        try:
            recipe.build([group.rows[0]] if row is group.rows[0] else [group.rows[0], row], context)
        except CellError:
            return line
    return group.lines[0]


def _said(error: Exception) -> FieldError:
    """Without the value that msgspec quotes: a refused row's report holds nothing of a person."""
    missing = _MISSING.match(str(error))
    if missing is not None:
        path = (missing["path"] or "").lstrip(".")
        return FieldError(f"{path}.{missing['field']}" if path else missing["field"], "is missing")
    if isinstance(error, msgspec.ValidationError) and " - at `$" not in str(error):
        return FieldError("", str(error))
    found = field_error(error)
    if found.reason.startswith("Invalid enum value"):
        return FieldError(found.field, "is not one of the values that this field takes")
    return found


def _named(group: _Group) -> str | None:
    first = group.rows[0]
    return _text(first.get("id") or first.get("handle"))


def _text(value: object) -> str | None:
    return str(value) if value not in (None, "") else None


def _find_id(line: bytes) -> str | None:
    try:
        return _id_decoder.decode(line).id
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None


_MISSING = re.compile(r"Object missing required field `(?P<field>\w+)`(?: - at `\$(?P<path>[^`]*)`)?\Z")


class _OnlyId(msgspec.Struct):
    id: str


_id_decoder = msgspec.json.Decoder(_OnlyId)
