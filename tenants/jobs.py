"""The record's jobs: what an erasure leaves to do outside the database, and what is too old, one tenant a job."""

from datetime import datetime
from uuid import UUID

from infra.artifacts import Artifacts
from infra.clock import Clock
from infra.database import Connection, Database
from infra.jobs import defer
from tenants.erase import finish_ledger, get_erasure
from tenants.erasure_ledger import make_entry, read_ledger, replay_ledger, write_entry
from tenants.export import archive_key, forget_exports, list_old_exports
from tenants.import_columns import forget_columns
from tenants.import_files import delete_import_files
from tenants.merges import end_undo
from tenants.retention import BATCH, KINDS, delete_expired, read_limit
from tenants.suppression import read_suppressed

FINISH_ERASURE = "finish_erasure"
KEEP_RETENTION = "keep_retention"
POOL_CONSUMPTION = "pool_consumption"


async def defer_finish_erasure(conn: Connection, tenant_id: UUID, erasure_id: UUID) -> None:
    """Queue the rest of an erasure, or of its lifting, on the caller's transaction."""
    # One at a time: the rest of the erasure, overtaken by its lifting, would write the ledger's file that this deleted.
    lock = f"erasure:{tenant_id}:{erasure_id}"
    await defer(conn, FINISH_ERASURE, {"tenant_id": str(tenant_id), "erasure_id": str(erasure_id)}, lock=lock)


async def defer_keep_retention(conn: Connection, tenant_id: UUID) -> None:
    """Queue a tenant's daily round, unless one waits."""
    lock = f"retention:{tenant_id}"
    await defer(conn, KEEP_RETENTION, {"tenant_id": str(tenant_id)}, queueing_lock=lock, lock=lock)


async def defer_pool_consumption(conn: Connection, tenant_id: UUID) -> None:
    """Let what all shoppers tell of how long products last be put together anew, unless that waits already."""
    lock = f"pool:{tenant_id}"
    await defer(conn, POOL_CONSUMPTION, {"tenant_id": str(tenant_id)}, queueing_lock=lock, lock=lock)


async def finish_erasure(db: Database, store: Artifacts, tenant_id: UUID, erasure_id: UUID, *, clock: Clock) -> None:
    """Delete archives that nobody owns any more and ended imports' files, write the ledger's. Harmless to repeat."""
    async with db.tenant(tenant_id) as conn:
        erasure = await get_erasure(conn, erasure_id)
        entry = await make_entry(conn, erasure_id, erasure.requested_at)
    await delete_old_exports(db, store, tenant_id, now=clock())
    await delete_import_files(db, store, tenant_id, now=clock())
    await write_entry(store, tenant_id, entry)
    async with db.tenant(tenant_id) as conn:
        await finish_ledger(conn, erasure_id, now=clock())


async def keep_retention(
    db: Database, store: Artifacts, tenant_id: UUID, *, clock: Clock, batch: int = BATCH
) -> dict[str, int]:
    """Delete what is too old, in batches; returns how many rows or files of each kind."""
    files = {
        "exports": await delete_old_exports(db, store, tenant_id, now=clock()),
        "import_files": await delete_import_files(db, store, tenant_id, now=clock()),
    }
    async with db.tenant(tenant_id) as conn:
        await end_undo(conn, before=await read_limit(conn, "merge_undo", now=clock()), now=clock())
        await forget_columns(conn, await read_suppressed(conn))
    rows = {kind: await _delete_all_expired(db, tenant_id, kind, now=clock(), batch=batch) for kind in KINDS}
    return {**rows, **files}


async def delete_old_exports(db: Database, store: Artifacts, tenant_id: UUID, *, now: datetime) -> int:
    """Files first: a row without a file is found again, a file without a row never."""
    async with db.tenant(tenant_id) as conn:
        old = await list_old_exports(conn, before=await read_limit(conn, "exports", now=now))
    for export_id in old:
        await store.delete(archive_key(tenant_id, export_id))
    async with db.tenant(tenant_id) as conn:
        return await forget_exports(conn, old)


async def replay_after_restore(db: Database, store: Artifacts, tenant_id: UUID) -> int:
    """Erase again whoever a restored backup brought back; returns how many shoppers."""
    ledger = await read_ledger(store, tenant_id)
    async with db.tenant(tenant_id) as conn:
        return await replay_ledger(conn, ledger)


async def _delete_all_expired(db: Database, tenant_id: UUID, kind: str, *, now: datetime, batch: int) -> int:
    """A transaction a batch, so that nobody waits for long."""
    total, deleted = 0, batch
    while deleted == batch:
        async with db.tenant(tenant_id) as conn:
            deleted = await delete_expired(conn, kind, now=now, batch=batch)
        total += deleted
    return total
