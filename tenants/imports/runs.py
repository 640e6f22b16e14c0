"""Runs: one import each, from the moment it is asked for to its report. Counts are exact at every moment."""

from collections.abc import Sequence
from datetime import datetime
from typing import Literal
from uuid import UUID

import msgspec
from msgspec import Struct

from infra.database import Connection, Row
from infra.errors import NotFound
from infra.ids import new_id
from infra.jobs import defer
from tenants.imports.kinds import KindName
from tenants.imports.plans import Options, Plan

RUN_IMPORT = "run_import"
Mode = Literal["incremental", "full"]
Status = Literal["waiting", "running", "done", "failed"]


class Counts(Struct, frozen=True, kw_only=True):
    """What became of the rows; they add up to the rows read. A document that takes several lines is one row."""

    created: int = 0
    updated: int = 0
    unchanged: int = 0
    duplicate: int = 0
    rejected: int = 0

    @property
    def rows(self) -> int:
        return self.created + self.updated + self.unchanged + self.duplicate + self.rejected


class Run(Struct, frozen=True, kw_only=True):
    """An import. `missing` counts products that a full feed lacks, `archived` those taken out for it."""

    import_id: UUID
    kind: KindName
    mode: Mode
    dry_run: bool
    status: Status
    url: str | None
    feed: str | None
    options: Options
    plan: Plan | None
    bytes_total: int
    bytes_read: int
    rows_read: int
    created: int
    updated: int
    unchanged: int
    duplicate: int
    rejected: int
    missing: int | None
    archived: int | None
    error: str | None
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None


async def open_run(
    conn: Connection,
    *,
    kind: KindName,
    mode: Mode,
    dry_run: bool,
    options: Options,
    import_id: UUID | None = None,
    url: str | None = None,
    feed: str | None = None,
    bytes_total: int = 0,
) -> UUID:
    """Ask for an import, in the transaction of its job. `bytes_total` is 0 for what must be fetched first."""
    import_id = import_id or new_id()
    tenant_id: UUID = await conn.fetchval(
        """
        insert into imports (import_id, kind, mode, dry_run, options, url, feed, bytes_total)
        values ($1, $2, $3, $4, $5, $6, $7, $8)
        returning tenant_id
        """,
        import_id, kind, mode, dry_run, msgspec.to_builtins(options), url, feed, bytes_total,
    )  # fmt: skip
    lock = f"import:{tenant_id}:{import_id}"
    args = {"tenant_id": str(tenant_id), "import_id": str(import_id)}
    await defer(conn, RUN_IMPORT, args, queueing_lock=lock, lock=lock)
    return import_id


async def get_run(conn: Connection, import_id: UUID) -> Run:
    """Raises NotFound."""
    return _run(await conn.fetchrow(_SELECT + "where import_id = $1", import_id))


async def list_runs(conn: Connection, *, limit: int = 50) -> Sequence[Run]:
    """The newest first."""
    rows = await conn.fetch(_SELECT + "order by import_id desc limit $1", limit)
    return [msgspec.convert(dict(row), Run) for row in rows]


async def lock_run(conn: Connection, import_id: UUID) -> Run:
    """The run, and nobody else may write it before this transaction ends. Raises NotFound."""
    return _run(await conn.fetchrow(_SELECT + "where import_id = $1 for update", import_id))


async def begin_run(conn: Connection, import_id: UUID, *, now: datetime) -> None:
    await conn.execute(
        """
        update imports
        set status = 'running', started_at = coalesce(started_at, $2)
        where import_id = $1 and finished_at is null
        """,
        import_id,
        now,
    )


async def set_size(conn: Connection, import_id: UUID, size: int) -> None:
    """The file is here, with so many bytes."""
    await conn.execute("update imports set bytes_total = $2 where import_id = $1", import_id, size)


async def set_plan(conn: Connection, import_id: UUID, plan: Plan) -> None:
    """How the file is read from now on."""
    await conn.execute("update imports set plan = $2 where import_id = $1", import_id, msgspec.to_builtins(plan))


async def add_counts(conn: Connection, import_id: UUID, counts: Counts, *, bytes_read: int) -> Run:
    """Count a batch in the transaction that stores it; returns the run with it."""
    row = await conn.fetchrow(
        f"""
        update imports
        set rows_read = rows_read + $2, created = created + $3, updated = updated + $4, unchanged = unchanged + $5,
            duplicate = duplicate + $6, rejected = rejected + $7, bytes_read = greatest(bytes_read, $8)
        where import_id = $1
        returning {_COLUMNS}
        """,
        import_id, counts.rows, counts.created, counts.updated, counts.unchanged, counts.duplicate, counts.rejected,
        bytes_read,
    )  # fmt: skip
    return _run(row)


async def close_run(conn: Connection, import_id: UUID, *, now: datetime, error: str | None = None) -> None:
    """It is done, or failed for this reason; what was stored stays."""
    await conn.execute(
        """
        update imports
        set status = $2, error = $3, finished_at = $4,
            bytes_read = case when $3::text is null then bytes_total else bytes_read end
        where import_id = $1 and finished_at is null
        """,
        import_id, "done" if error is None else "failed", error, now,
    )  # fmt: skip


def artifact_key(tenant_id: UUID, import_id: UUID) -> str:
    """Where the file is kept until its import has ended."""
    return f"{tenant_id}/imports/{import_id}/file"


def _run(row: Row | None) -> Run:
    if row is None:
        raise NotFound("There is no import of that id.")
    return msgspec.convert(dict(row), Run)


_COLUMNS = ", ".join(Run.__struct_fields__)

_SELECT = f"""
select {_COLUMNS}
from imports
"""
