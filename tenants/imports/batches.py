"""Batches: so many rows of a file, stored, counted and reported in one transaction."""

from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from infra.database import Connection, savepoint
from infra.errors import FieldError
from tenants.attribute_texts import read_attribute_texts
from tenants.imports.documents import Bad, Good
from tenants.imports.kinds import Kind
from tenants.imports.rejects import add_rejects
from tenants.imports.runs import Counts, Run, add_counts, lock_run
from tenants.imports.seen import add_seen
from tenants.upserts import Upserted

AfterChange = Callable[[Connection, UUID, str], Awaitable[None]]
"""What else to do in the transaction that changed a tenant's documents of a kind."""


class TakenOver(Exception):
    """Another worker goes on with this import: it has stored rows that we were about to store."""


@dataclass(frozen=True, slots=True)
class Batch:
    """Rows that follow each other in the file, and how many stored bytes were read for them."""

    rows: Sequence[Good | Bad]
    bytes_read: int


@dataclass(frozen=True, slots=True)
class Rules:
    """What holds for all batches of an import."""

    kind: Kind
    currency: str
    together: bool
    """The rows of a document stand together: an id that comes again is refused, for it would cut the first one off."""
    remember: bool
    """Every id is remembered to the end."""
    texts: bool
    """Attributes came as texts, whatever their type."""


class _Undo(Exception):
    """Rolls a dry run's effects back."""


async def store_batch(
    conn: Connection, tenant_id: UUID, run: Run, batch: Batch, rules: Rules, *, now: datetime, after: AfterChange
) -> Run:
    """Store it and return the run with its counts. Raises TakenOver when the run has moved on without us."""
    found = await lock_run(conn, run.import_id)
    if found.status != "running" or found.rows_read != run.rows_read:
        raise TakenOver
    chosen, bad, counter = _choose(batch.rows, rules, now)
    if rules.remember:
        ids = [*chosen, *(row.id[:200] for row in bad if row.id)]
        met = await add_seen(conn, run.import_id, sorted({one for one in ids if "\0" not in one}))
        if rules.together:
            bad += [Bad(chosen.pop(one).line, one, _APART) for one in met & set(chosen)]
    documents = await _read_texts(conn, rules, [row.document for row in chosen.values()])
    stored = await _store(conn, tenant_id, rules.kind, documents, run.dry_run, after)
    bad += [Bad(chosen[name].line, name, error) for name, error in stored.refused.items()]
    counter.update(stored.outcomes.values())
    counts = Counts(**counter, rejected=len(bad))
    await add_rejects(conn, run.import_id, bad, before=found.rejected)
    await add_counts(conn, run.import_id, counts, bytes_read=batch.bytes_read)
    return await lock_run(conn, run.import_id)


def _choose(rows: Sequence[Good | Bad], rules: Rules, now: datetime) -> tuple[dict[str, Good], list[Bad], Counter[str]]:
    """By id what is to be stored, what is refused, and a count of the rows that a later one of the batch repeats."""
    chosen: dict[str, Good] = {}
    bad: list[Bad] = []
    counter: Counter[str] = Counter()
    for row in rows:
        error = row.error if isinstance(row, Bad) else rules.kind.check(row.document, now, rules.currency)
        if isinstance(row, Bad) or error is not None:
            bad.append(Bad(row.line, row.id, error or _APART))
        elif row.id not in chosen:
            chosen[row.id] = row
        elif rules.together:
            bad.append(Bad(row.line, row.id, _APART))
        else:
            counter["duplicate"] += 1
            chosen[row.id] = row
    return chosen, bad, counter


async def _read_texts(conn: Connection, rules: Rules, documents: Sequence[Any]) -> Sequence[Any]:
    if not rules.texts or rules.kind.attributes is None:
        return documents
    one_of, field = rules.kind.attributes
    return await read_attribute_texts(conn, one_of, documents, field=field)


async def _store(
    conn: Connection, tenant_id: UUID, kind: Kind, documents: Sequence[Any], dry_run: bool, after: AfterChange
) -> Upserted:
    if not documents:
        return Upserted()
    if not dry_run:
        stored = await kind.store(conn, documents)
        if stored.changed:
            await after(conn, tenant_id, kind.name)
        return stored
    try:
        async with savepoint(conn):
            stored = await kind.store(conn, documents)
            raise _Undo
    except _Undo:
        return stored


_APART = FieldError("id", "was met before: the rows of one document must stand together")
