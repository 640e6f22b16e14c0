"""Staged products: many at once on their way from a file into the catalogue, through a temporary table.

A call of the API sends JSON that Postgres takes apart; here the columns are made beforehand, off the event loop, and
Postgres copies them, which costs it two thirds of the time.
"""

from collections.abc import AsyncIterator, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from operator import attrgetter
from typing import Any

import msgspec
import pyarrow
from pyarrow import csv

from infra.database import Connection
from infra.errors import FieldError
from tenants.attribute_values import Rules, list_wrong
from tenants.products import COLUMNS, DEFAULTS, ON_CONFLICT, Product, announce_products
from tenants.upserts import Outcome, Tally, make_digest


@dataclass(frozen=True, slots=True)
class StagedProducts:
    """Products as Postgres copies them, in the order of their ids; the refused ones are not among them."""

    count: int
    columns: Sequence[str]
    """Those that any of the products sets."""
    rows: memoryview
    """CSV; a null is unquoted, everything else is quoted."""
    refused: Mapping[str, FieldError]


def stage_products(products: Sequence[Product], rules: Rules) -> StagedProducts:
    """Make them ready to be stored. Ids must differ; one with an attribute against the rules is refused."""
    refused = list_wrong({product.id: product.attributes for product in products}, rules) if rules.any else {}
    kept = sorted((product for product in products if product.id not in refused), key=attrgetter("id"))
    columns = {"product_id": pyarrow.array([product.id for product in kept], pyarrow.string())}
    columns |= {name: _column(name, values) for name in _NAMES if (values := _values(name, kept)) is not None}
    columns["digest"] = pyarrow.array([f"\\x{make_digest(product).hex()}" for product in kept], pyarrow.string())
    return StagedProducts(len(kept), list(columns), _write(columns), refused)


async def merge_products(conn: Connection, staged: StagedProducts, *, without: Collection[str] = ()) -> Tally:
    """Store each product in full as `upsert_products` does, but those `without`. Once in a transaction."""
    if not staged.count:
        return Tally(refused=staged.refused)
    columns = ", ".join(staged.columns)
    await conn.execute(f"create temp table staged_products on commit drop as select {columns} from products limit 0")
    await conn.copy_to_table("staged_products", source=_pieces(staged.rows), columns=staged.columns, format="csv")
    count = staged.count - (await _drop(conn, without) if without else 0)
    created, updated = await conn.fetchrow(_MERGE.format(columns=columns))  # type: ignore[misc]  # one row
    if created or updated:
        await announce_products(conn)
    outcomes: dict[Outcome, int] = {"created": created, "updated": updated, "unchanged": count - created - updated}
    return Tally(outcomes, staged.refused)


async def _drop(conn: Connection, ids: Collection[str]) -> int:
    dropped = await conn.execute("delete from staged_products where product_id = any($1::text[])", list(ids))
    return int(dropped.rpartition(" ")[2])


def _values(name: str, products: Sequence[Product]) -> Sequence[Any] | None:
    """A column's values; None when all are the default that the table has too."""
    values = list(map(attrgetter(name), products))
    return None if name in DEFAULTS and values.count(DEFAULTS[name]) == len(values) else values


def _column(name: str, values: Sequence[Any]) -> pyarrow.Array:
    make = _MAKE.get(name)
    return pyarrow.array(values if make is None else list(map(make, values)), _TYPES.get(name, pyarrow.string()))


def _write(columns: Mapping[str, pyarrow.Array]) -> memoryview:
    written = pyarrow.BufferOutputStream()
    options = csv.WriteOptions(include_header=False, quoting_style="all_valid")
    csv.write_csv(pyarrow.table(columns), written, options)
    return memoryview(written.getvalue())


async def _pieces(rows: memoryview) -> AsyncIterator[bytes]:
    for start in range(0, len(rows), PIECE):
        yield bytes(rows[start : start + PIECE])


def _list(texts: Sequence[str]) -> str:
    """As Postgres writes an array of texts."""
    quoted = [text.replace("\\", "\\\\").replace('"', '\\"') for text in texts]
    return '{"' + '","'.join(quoted) + '"}' if quoted else "{}"


def _json(value: object) -> str:
    return _encoder.encode(value).decode()


PIECE = 1 << 18
"""Bytes given to Postgres at once."""

_encoder = msgspec.json.Encoder()
_NAMES = [name.strip() for name in COLUMNS.split(",")]
_MAKE: Mapping[str, Callable[[Any], str]] = {
    **dict.fromkeys(("image_urls", "categories", "restricted_to_segments"), _list),
    **dict.fromkeys(("attributes", "variants"), _json),
}
_TYPES: Mapping[str, pyarrow.DataType] = {
    **dict.fromkeys(
        ("price_minor", "sale_price_minor", "stock_quantity", "pack_size", "minimum_order_quantity"), pyarrow.int64()
    ),
    **dict.fromkeys(("sale_from", "sale_until", "available_from", "available_until"), pyarrow.timestamp("us", "UTC")),
}
"""Of the columns that are not texts."""

_MERGE = f"""
with stored as (
    insert into products ({{columns}})
    select {{columns}}
    from staged_products
    {ON_CONFLICT}
    returning xmax = 0 as created
)
select count(*) filter (where created) as created, count(*) filter (where not created) as updated
from stored
"""
