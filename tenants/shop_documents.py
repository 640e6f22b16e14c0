"""Shop documents: small documents by which a merchant steers what is shown or asked, kept whole, one table a kind.

Every process hears of a change when its transaction commits; a deleted one stays as a tombstone for those that ask
later.
"""

from collections.abc import Sequence
from typing import Literal, TypeVar

import msgspec
from msgspec import Struct

from infra.database import Connection, Row
from infra.errors import Invalid
from tenants.upserts import Upserted, make_document, outcomes

Table = Literal["rules", "placements", "measurement_definitions", "size_charts", "collections", "webhooks"]
MOST: dict[Table, int] = {
    "rules": 1000,
    "placements": 200,
    "measurement_definitions": 300,
    "size_charts": 500,
    "collections": 200,
    "webhooks": 20,
}
"""Documents a tenant."""
D = TypeVar("D", bound=Struct)


class TooManyDocuments(Invalid):
    """The shop has as many of these as it may have."""

    code = "too_many_documents"
    hint = "Delete those that are no longer used."


def refuse_too_many(table: Table, count: int) -> None:
    """Raises TooManyDocuments when a shop may not have that many."""
    if count > MOST[table]:
        raise TooManyDocuments(f"A shop has at most {MOST[table]} {_noun(table)}; with these it would have {count}.")


async def upsert_documents(conn: Connection, table: Table, documents: Sequence[Struct]) -> Upserted:
    """Store each as given, in full; what is the same already is left alone. Each has an `id`, all differ.

    Raises TooManyDocuments.
    """
    made = {_id(one): make_document(one) for one in documents}
    ids = sorted(made)
    rows = await conn.fetch(
        _UPSERT.format(table=table), ids, [made[name].text for name in ids], [made[name].digest for name in ids]
    )
    if rows:
        refuse_too_many(table, await conn.fetchval(_COUNT.format(table=table)))
        await _announce(conn)
    return outcomes(
        made,
        created=(row["document_id"] for row in rows if row["created"]),
        updated=(row["document_id"] for row in rows if not row["created"]),
    )


async def find_document(conn: Connection, table: Table, name: str, stored: type[D]) -> D | None:
    row = await conn.fetchrow(_SELECT.format(table=table) + "and document_id = $1", name)
    return None if row is None else _convert(row, stored)


async def list_documents(
    conn: Connection, table: Table, stored: type[D], *, after: str = "", limit: int | None = None
) -> list[D]:
    """By id, starting behind `after` ('' from the start)."""
    rows = await conn.fetch(
        _SELECT.format(table=table) + "and document_id > $1 order by document_id limit $2", after, limit
    )
    return [_convert(row, stored) for row in rows]


async def delete_document(conn: Connection, table: Table, name: str) -> bool:
    """Whether it was there."""
    done = await conn.fetchval(_DELETE.format(table=table), name)
    if done is not None:
        await _announce(conn)
    return done is not None


async def shop_documents_changed_since(conn: Connection, mark: int) -> bool:
    """Whether a rule or a placement was stored or deleted since a mark of `products.read_change_mark`."""
    changed: bool = await conn.fetchval(_CHANGED, mark)
    return changed


async def _announce(conn: Connection) -> None:
    await conn.execute("select pg_notify('lastbook_changes', current_tenant()::text)")


def _convert(row: Row, stored: type[D]) -> D:
    times = {"created_at": row["created_at"], "updated_at": row["updated_at"]}
    return msgspec.convert({**row["document"], **times}, stored)


def _noun(table: Table) -> str:
    return table.replace("_", " ")


def _id(document: Struct) -> str:
    name: str = document.id  # type: ignore[attr-defined]  # a Struct type cannot demand a field
    return name


_UPSERT = """
insert into {table} (document_id, document, digest)
select name, document::jsonb, digest
from unnest($1::text[], $2::text[], $3::bytea[]) as sent (name, document, digest)
on conflict (tenant_id, document_id) do update
set (document, digest, updated_at, deleted_at, changed_in) = (
    select excluded.document, excluded.digest, now(), null::timestamptz, pg_current_xact_id()
)
where {table}.digest <> excluded.digest or {table}.deleted_at is not null
returning document_id, xmax = 0 as created
"""

_SELECT = """
select document, created_at, updated_at
from {table}
where deleted_at is null
"""

_COUNT = "select count(*) from {table} where deleted_at is null"

_DELETE = """
update {table}
set deleted_at = now(), updated_at = now(), changed_in = pg_current_xact_id()
where document_id = $1 and deleted_at is null
returning document_id
"""

_CHANGED = """
select exists (select from rules where changed_in >= $1)
    or exists (select from placements where changed_in >= $1)
"""
