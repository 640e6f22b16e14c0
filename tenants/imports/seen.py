"""Seen: the ids that an import has met, and the products that a full feed lacks."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from infra.database import Connection

AT_ONCE = 5_000


@dataclass(frozen=True, slots=True)
class Missing:
    """Products that a full feed lacks, and how many there were before it came."""

    missing: int
    before: int

    @property
    def most(self) -> bool:
        return self.missing * 2 > self.before


async def add_seen(conn: Connection, import_id: UUID, ids: Sequence[str]) -> set[str]:
    """Remember them; returns those that were met before."""
    new = await conn.fetch(
        """
        insert into import_seen (import_id, document_id)
        select $1, id from unnest($2::text[]) as met (id)
        on conflict do nothing
        returning document_id
        """,
        import_id,
        ids,
    )
    return set(ids) - {row["document_id"] for row in new}


async def count_missing(conn: Connection, import_id: UUID) -> Missing:
    """Of the catalogue as it was when the import was asked for; archived products are not in it."""
    row = await conn.fetchrow(
        f"""
        select count(*) filter (where {_MISSING}) as missing, count(*) as before
        from products
        cross join (select created_at from imports where import_id = $1) as import (asked_at)
        where deleted_at is null and status <> 'archived' and created_at < import.asked_at
        """,
        import_id,
    )
    assert row is not None  # an aggregate has always a row
    return Missing(**row)


async def archive_missing(conn: Connection, import_id: UUID) -> int:
    """Archive up to 5,000 of them and count them in the import; 0 when none is left.

    Their digest is emptied, so that the next feed that has them again brings them back.
    """
    archived: int = await conn.fetchval(
        f"""
        with gone as (
            update products
            set status = 'archived', digest = '', updated_at = now(), changed_in = pg_current_xact_id()
            where product_id = any(array(
                select product_id
                from products
                cross join (select created_at from imports where import_id = $1) as import (asked_at)
                where deleted_at is null and status <> 'archived' and {_MISSING}
                order by product_id
                limit $2
            ))
            returning 1
        ), counted as (
            update imports
            set archived = coalesce(archived, 0) + (select count(*) from gone)
            where import_id = $1
        )
        select count(*) from gone
        """,
        import_id,
        AT_ONCE,
    )
    if archived:
        await conn.execute("select pg_notify('lastbook_changes', current_tenant()::text)")
    return archived


async def forget_seen(conn: Connection, import_id: UUID) -> int:
    """Drop up to 5,000 of the ids; 0 when none is left."""
    # By row address: joined by id, Postgres chose a plan that took a minute for 30,000 rows.
    dropped = await conn.execute(
        """
        delete from import_seen
        where ctid = any(array(select ctid from import_seen where import_id = $1 limit $2))
        """,
        import_id,
        AT_ONCE,
    )
    return int(dropped.rpartition(" ")[2])


# What the API stored or changed since the import was asked for is newer than the feed.
_MISSING = """
    updated_at < import.asked_at
    and not exists (
        select from import_seen where import_seen.import_id = $1 and document_id = products.product_id
    )
"""
