"""Import files: what a merchant uploaded or we fetched, kept until its import has ended and for a few days at most."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

from infra.artifacts import Artifacts
from infra.database import Connection, Database
from tenants.imports.runs import close_run
from tenants.imports.seen import forget_seen
from tenants.retention import read_limit

UPLOADING = timedelta(days=1)
"""A file is there before its import is asked for: one that no import knows is left alone for this long."""
EXPIRED = "The import did not end in time, and its file was deleted. Send the file again: that is harmless."


async def delete_import_files(db: Database, store: Artifacts, tenant_id: UUID, *, now: datetime) -> int:
    """Delete files whose import has ended, was never asked for or waits for too long; returns how many.

    An import usually deletes its own file: these are left when it was killed between its end and that, or the API in
    the middle of an upload. One that waits for too long fails with a sentence.
    """
    files = {key: UUID(key.split("/")[2]) for key in await store.list_keys(f"{tenant_id}/imports")}
    async with db.tenant(tenant_id) as conn:
        await _end_overdue(conn, before=await read_limit(conn, "import_files", now=now), now=now)
        ended = {row["import_id"]: row["ended"] for row in await conn.fetch(_ENDED, list(files.values()))}
    old = [key for key, import_id in files.items() if ended.get(import_id, _made_at(import_id) < now - UPLOADING)]
    for key in old:
        await store.delete(key)
    return len(old) + await store.delete_cut(f"{tenant_id}/imports", before=now - UPLOADING)


async def _end_overdue(conn: Connection, *, before: datetime, now: datetime) -> None:
    """A worker that is at one of them finds it closed and stops."""
    for row in await conn.fetch("select import_id from imports where finished_at is null and created_at < $1", before):
        await close_run(conn, row["import_id"], now=now, error=EXPIRED)
        while await forget_seen(conn, row["import_id"]):
            pass


def _made_at(import_id: UUID) -> datetime:
    """When the upload began: a version-7 UUID starts with its milliseconds."""
    return datetime.fromtimestamp((import_id.int >> 80) / 1000, UTC)


_ENDED = "select import_id, finished_at is not null as ended from imports where import_id = any($1::uuid[])"
