"""Stores: a batch stored, counted and reported in one transaction."""

from collections.abc import Awaitable, Callable, Collection
from uuid import UUID

from infra.database import Connection, savepoint
from tenants.imports.batches import APART, Batch, Rules
from tenants.imports.documents import Bad
from tenants.imports.rejects import add_rejects
from tenants.imports.runs import Counts, Run, add_counts, lock_run
from tenants.imports.seen import add_seen
from tenants.upserts import Tally

AfterChange = Callable[[Connection, UUID, str], Awaitable[None]]
"""What else to do in the transaction that changed a tenant's documents of a kind."""


class TakenOver(Exception):
    """Another worker goes on with this import: it has stored rows that we were about to store."""


class _Undo(Exception):
    """Rolls a dry run's effects back."""


async def store_batch(
    conn: Connection, tenant_id: UUID, run: Run, batch: Batch, rules: Rules, *, after: AfterChange
) -> Run:
    """Store it and return the run with its counts. Raises TakenOver when the run has moved on without us."""
    found = await lock_run(conn, run.import_id)
    if found.status != "running" or found.rows_read != run.rows_read:
        raise TakenOver
    apart = await _remember(conn, run.import_id, batch, rules) if rules.remember else frozenset()
    stored = await _store(conn, batch, rules, apart, run.dry_run)
    if stored.changed and not run.dry_run:
        await after(conn, tenant_id, rules.kind.name)
    bad = [*batch.bad, *(Bad(batch.lines[name], name, APART) for name in apart)]
    bad += [Bad(batch.lines[name], name, error) for name, error in stored.refused.items() if name not in apart]
    await add_rejects(conn, run.import_id, bad, before=found.rejected)
    return await add_counts(conn, run.import_id, _count(stored, batch, len(bad)), bytes_read=batch.bytes_read)


async def _remember(conn: Connection, import_id: UUID, batch: Batch, rules: Rules) -> Collection[str]:
    """Which of the batch's documents stood further up in the file already, though they must not."""
    ids = [*batch.lines, *(row.id[:200] for row in batch.bad if row.id)]
    met = await add_seen(conn, import_id, sorted({one for one in ids if "\0" not in one}))
    return met & batch.lines.keys() if rules.together else frozenset()


async def _store(conn: Connection, batch: Batch, rules: Rules, without: Collection[str], dry_run: bool) -> Tally:
    if not dry_run:
        return await rules.kind.store(conn, batch.ready, without)
    try:
        async with savepoint(conn):
            stored = await rules.kind.store(conn, batch.ready, without)
            raise _Undo
    except _Undo:
        return stored


def _count(stored: Tally, batch: Batch, rejected: int) -> Counts:
    """A duplicate is one in the file, or an event that is there already."""
    outcomes = stored.outcomes
    return Counts(
        created=outcomes.get("created", 0),
        updated=outcomes.get("updated", 0),
        unchanged=outcomes.get("unchanged", 0),
        duplicate=outcomes.get("duplicate", 0) + batch.duplicates,
        rejected=rejected,
    )
