"""Feeds: addresses that a merchant's files are fetched from again and again."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Annotated
from uuid import UUID

import msgspec
from msgspec import Meta, Struct

from infra.database import Connection
from infra.errors import NotFound
from tenants.fields import PublicUrl
from tenants.imports.kinds import KindName
from tenants.imports.plans import Options
from tenants.imports.runs import Mode, open_run


class Feed(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What to fetch, and how often."""

    url: PublicUrl
    kind: KindName
    mode: Mode = "incremental"
    options: Options = Options()
    interval_minutes: Annotated[int, Meta(ge=15, le=44640)] = 1440


class StoredFeed(Feed, frozen=True, kw_only=True):
    """A feed as we hold it."""

    name: str
    next_run_at: datetime
    last_import_id: UUID | None
    created_at: datetime


async def put_feed(conn: Connection, name: str, feed: Feed, *, now: datetime) -> None:
    """Store it; it is fetched for the first time at once."""
    await conn.execute(
        """
        insert into feeds (name, kind, mode, url, options, interval_minutes, next_run_at)
        values ($1, $2, $3, $4, $5, $6, $7)
        on conflict (tenant_id, name) do update
        set (kind, mode, url, options, interval_minutes, next_run_at) = (
            select excluded.kind, excluded.mode, excluded.url, excluded.options, excluded.interval_minutes,
                excluded.next_run_at
        )
        """,
        name, feed.kind, feed.mode, feed.url, msgspec.to_builtins(feed.options), feed.interval_minutes, now,
    )  # fmt: skip


async def list_feeds(conn: Connection) -> Sequence[StoredFeed]:
    """By name."""
    rows = await conn.fetch(_SELECT + "order by name")
    return [msgspec.convert(dict(row), StoredFeed) for row in rows]


async def get_feed(conn: Connection, name: str) -> StoredFeed:
    """Raises NotFound."""
    row = await conn.fetchrow(_SELECT + "where name = $1", name)
    if row is None:
        raise NotFound(f"There is no feed {name!r}.")
    return msgspec.convert(dict(row), StoredFeed)


async def delete_feed(conn: Connection, name: str) -> None:
    """Fetch it no more; its imports stay. Raises NotFound."""
    if await conn.fetchval("delete from feeds where name = $1 returning true", name) is None:
        raise NotFound(f"There is no feed {name!r}.")


async def open_due(conn: Connection, *, now: datetime) -> int:
    """Ask for an import of every feed whose time has come; returns how many.

    A feed whose last import has not ended waits: one that takes longer than its interval is not started twice.
    """
    due = await conn.fetch(_SELECT + _DUE, now)
    for row in due:
        feed = msgspec.convert(dict(row), StoredFeed)
        import_id = await open_run(
            conn, kind=feed.kind, mode=feed.mode, dry_run=False, options=feed.options, url=feed.url, feed=feed.name
        )
        await conn.execute(
            "update feeds set next_run_at = $2, last_import_id = $3 where name = $1",
            feed.name,
            now + timedelta(minutes=feed.interval_minutes),
            import_id,
        )
    return len(due)


_SELECT = """
select name, kind, mode, url, options, interval_minutes, next_run_at, last_import_id, created_at
from feeds
"""

_DUE = """
where next_run_at <= $1 and not exists (
    select from imports where imports.import_id = feeds.last_import_id and imports.finished_at is null
)
order by name
for update skip locked
"""
