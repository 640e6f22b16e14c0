"""Plans: what was found out about a file before its first row is stored. A resumed import reads it by the same plan."""

import codecs
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import BinaryIO, Literal
from urllib.parse import urlsplit

from msgspec import Struct

from tenants.imports.columns import Mapped, apply_mapping
from tenants.imports.dates import Order, is_open, possible_orders
from tenants.imports.delimited import detect_delimiter, read_delimited
from tenants.imports.files import open_file
from tenants.imports.google_xml import read_google_xml
from tenants.imports.ndjson import read_fields, read_ndjson
from tenants.imports.parquet import read_parquet
from tenants.imports.recipes import RECIPES, Recipe, detect_dialect, fields_of, guess_mapping
from tenants.imports.records import BadRecord, FileRefused, Record, Table
from tenants.imports.texts import SAMPLE, check_encoding, detect_encoding

Container = Literal["csv", "ndjson", "parquet", "google_xml"]
Dialect = Literal["plain", "shopify", "woocommerce", "documents"]
"""`documents`: every line is a document in the API's own form."""
FORMATS = ("auto", "csv", "tsv", "ndjson", "parquet", "google_xml", "google_tsv", "shopify", "woocommerce")
LOOKED_AT = 1_000
"""Rows that columns are gathered from where a file has no header."""


class Options(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a merchant may say about a file; the rest is found out."""

    format: str = "auto"
    encoding: str | None = None
    mapping: dict[str, str | None] = {}
    dates: Literal["auto", "day first", "month first"] = "auto"
    site: str = ""
    confirm: bool = False


class Plan(Struct, frozen=True, kw_only=True):
    """How a file is read. `dates` and `dates_because` say which of day and month comes first, and why we think so."""

    container: Container
    dialect: Dialect
    encoding: str
    delimiter: str | None
    mapping: dict[str, str | None]
    money: str
    dates: Order
    dates_because: str


def make_plan(path: Path, kind: str, options: Options) -> Plan:
    """Look at the file: its start, and further only until the order of day and month is certain.

    Raises FileRefused when it is none of the formats or lacks a column, Invalid for a mapping that makes no sense.
    """
    with open_file(path) as (stream, _):
        head = _head(stream)
    container = _container(head, options.format)
    encoding = check_encoding(options.encoding) if options.encoding else detect_encoding(head)
    delimiter = _delimiter(head, encoding, options.format) if container == "csv" else None
    with open_file(path) as (stream, _):
        table = _open(stream, container, encoding, delimiter)
        columns, closed = _columns(table, container)
    dialect = _dialect(kind, columns, container, options)
    if dialect == "documents":
        return Plan(container=container, dialect=dialect, encoding="utf-8", delimiter=None, mapping={},
                    money="minor units", dates="day first", dates_because="dates are RFC 3339")  # fmt: skip
    recipe = _recipe(kind, dialect)
    guessed = guess_mapping(kind, recipe, columns)
    mapping = apply_mapping(kind, fields_of(kind, recipe), guessed, options.mapping, closed=closed)
    _check(recipe, mapping, options)
    plan = Plan(container=container, dialect=dialect, encoding=encoding, delimiter=delimiter, mapping=dict(mapping),
                money=_money(mapping), dates="day first", dates_because="")  # fmt: skip
    return _with_dates(plan, recipe, path, options)


def recipe_of(kind: str, plan: Plan) -> Recipe:
    return RECIPES[kind, plan.dialect]


def open_table(stream: BinaryIO, plan: Plan) -> Table:
    """The file's rows as the plan says. Raises FileRefused."""
    table = _open(stream, plan.container, plan.encoding, plan.delimiter)
    if plan.container == "ndjson" and plan.dialect != "documents":
        rows = (read_fields(row) if isinstance(row, Record) else row for row in table.rows)
        return Table(table.columns, rows)
    return table


def _open(stream: BinaryIO, container: Container, encoding: str, delimiter: str | None) -> Table:
    if container == "csv":
        return read_delimited(stream, encoding=encoding, delimiter=delimiter or ",")
    readers = {"ndjson": read_ndjson, "parquet": read_parquet, "google_xml": read_google_xml}
    return readers[container](stream)


def _head(stream: BinaryIO) -> bytes:
    """The start of the file, or what there is of it before it breaks."""
    head = b""
    try:
        while len(head) < SAMPLE and (piece := stream.read1(SAMPLE)):  # type: ignore[attr-defined]  # it is buffered
            head += piece
    except FileRefused:
        if not head:
            raise
    return head


def _container(head: bytes, said: str) -> Container:
    """By what is said, else by the first bytes. A file that is plainly something else is refused in any case."""
    start = _start(head)
    if start.startswith(("<!doctype html", "<html")):
        raise FileRefused("The file is a web page (HTML), not a feed: check the address it came from.")
    if said in ("google_xml", "parquet", "ndjson"):
        return said  # type: ignore[return-value]  # one of the three
    if said != "auto":
        return "csv"
    if head.startswith(b"PAR1"):
        return "parquet"
    if start.startswith("["):
        raise FileRefused("The file is a JSON array: send one JSON object a line (NDJSON).")
    return "google_xml" if start.startswith("<") else "ndjson" if start.startswith("{") else "csv"


def _start(head: bytes) -> str:
    utf16 = head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    return head[:4096].decode("utf-16" if utf16 else "utf-8-sig", "replace").lstrip().lower()


def _delimiter(head: bytes, encoding: str, said: str) -> str:
    if said in ("tsv", "google_tsv"):
        return "\t"
    return detect_delimiter(codecs.getincrementaldecoder(encoding)("replace").decode(head))


def _columns(table: Table, container: Container) -> tuple[Sequence[str], bool]:
    """The columns, and whether there are no others. JSON and XML have none but what their rows show."""
    if container in ("csv", "parquet"):
        return table.columns, True
    rows = list(islice(_until_broken(table.rows), LOOKED_AT))
    if container == "ndjson":
        rows = [read_fields(row) if isinstance(row, Record) else row for row in rows]
    return [*dict.fromkeys(name for row in rows if isinstance(row, Record) for name in row.cells)], False


def _dialect(kind: str, columns: Sequence[str], container: Container, options: Options) -> Dialect:
    if container == "ndjson" and not options.mapping:
        return "documents"
    if options.format in ("shopify", "woocommerce"):
        return options.format  # type: ignore[return-value]  # one of the two
    return detect_dialect(kind, columns) if options.format == "auto" else "plain"  # type: ignore[return-value]


def _recipe(kind: str, dialect: Dialect) -> Recipe:
    if (kind, dialect) not in RECIPES:
        raise FileRefused(f"There are no {kind} in a {dialect} export.")
    return RECIPES[kind, dialect]


def _check(recipe: Recipe, mapping: Mapped, options: Options) -> None:
    have = set(mapping.values())
    missing = [need for need in recipe.needs if not have & set(need.split("|"))]
    if missing:
        shown = ", ".join(repr(column) for column in list(mapping)[:30])
        raise FileRefused(
            f"No column was found for {', '.join(missing)}. The columns are {shown}.",
            hint='Say which column it is, such as mapping={"Column": "url"}.',
        )
    site = urlsplit(options.site)
    if not recipe.names_site and "url" not in have and not (site.scheme == "https" and site.hostname):
        raise FileRefused(
            "The export names no addresses of products.", hint="Say the shop's address: site=https://your-shop.example"
        )


def _money(mapping: Mapped) -> str:
    minor = sorted(column for column, field in mapping.items() if field and field.endswith("_minor"))
    return f"minor units in {', '.join(minor)}; whole units elsewhere" if minor else "whole units"


def _with_dates(plan: Plan, recipe: Recipe, path: Path, options: Options) -> Plan:
    if options.dates != "auto":
        return _dated(plan, options.dates, "you said so")
    columns = [column for column, field in plan.mapping.items() if field in recipe.moments]
    if not columns:
        return _dated(plan, "day first", "the file has no dates")
    with open_file(path) as (stream, _):
        order, because = _decide(open_table(stream, plan).rows, columns)
    return _dated(plan, order, because)


def _decide(rows: Iterable[Record | BadRecord], columns: Sequence[str]) -> tuple[Order, str]:
    """The first date that allows only one order decides; then those that allow only the other one are refused."""
    needed = False
    for number, row in enumerate(_until_broken(rows)):
        if isinstance(row, BadRecord):
            continue
        for cell in (row.cells.get(column) for column in columns):
            needed = needed or is_open(cell)
            if len(orders := possible_orders(cell)) == 1:
                return orders.pop(), f"line {row.line} allows nothing else"
        if number >= LOOKED_AT and not needed:
            break
    return "day first", "every date can be read both ways" if needed else "no date needs it"


def _until_broken(rows: Iterable[Record | BadRecord]) -> Iterator[Record | BadRecord]:
    """What can be read of a file that breaks further on: the import stores that too."""
    number = 0
    try:
        for row in rows:
            number += 1
            yield row
    except FileRefused:
        if not number:
            raise


def _dated(plan: Plan, order: Order, because: str) -> Plan:
    fields = {name: getattr(plan, name) for name in Plan.__struct_fields__}
    return Plan(**fields | {"dates": order, "dates_because": because})
