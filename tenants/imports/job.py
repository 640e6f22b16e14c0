"""Job: a whole import, from the stored file or the address to the report. Killed anywhere, it goes on from there."""

import asyncio
import contextlib
import sys
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID
from zoneinfo import ZoneInfo

from infra.artifacts import Artifacts
from infra.clock import Clock
from infra.database import CROSSED, Database
from infra.errors import Conflict, NotFound, Refusal, Unavailable
from tenants import attribute_values
from tenants.imports.batches import Batch, Rules, make_batches
from tenants.imports.cells import Context
from tenants.imports.documents import read_documents
from tenants.imports.files import open_file
from tenants.imports.kinds import KINDS
from tenants.imports.known import list_known
from tenants.imports.plans import Plan, make_plan, open_table, recipe_of
from tenants.imports.runs import Run, artifact_key, begin_run, close_run, get_run, set_plan, set_size
from tenants.imports.seen import archive_missing, count_missing, forget_seen
from tenants.imports.stores import AfterChange, TakenOver, store_batch

TRIES = 5
TURN_SECONDS = 0.0001
"""How long the reading thread may keep the interpreter when Postgres has answered. By default it is 5 ms, a dozen times
a batch: longer than Postgres takes to store it."""

Fetch = Callable[[str], AsyncIterator[bytes]]
"""Reads an address; refuses those that are not public."""


class TooMuchMissing(Conflict):
    """A full feed lacks most of the catalogue."""

    code = "too_much_missing"


@dataclass(frozen=True, slots=True)
class Tools:
    """What an import works with."""

    db: Database
    artifacts: Artifacts
    fetch: Fetch
    clock: Clock
    after: AfterChange


async def run_import(tools: Tools, tenant_id: UUID, import_id: UUID) -> Run | None:
    """Do it, or what is left of it; None when another worker does.

    A file that cannot be read to its end fails the import with a sentence; the rows before that place stay stored.
    """
    async with tools.db.tenant(tenant_id) as conn:
        await begin_run(conn, import_id, now=tools.clock())
        run = await get_run(conn, import_id)
    if run.finished_at is not None:
        return run
    try:
        await _import(tools, tenant_id, run)
    except TakenOver:
        return None
    except Unavailable:
        raise  # the database is away: the job is taken up again
    except Refusal as refusal:
        return await fail_import(tools, tenant_id, import_id, f"{refusal.detail} {refusal.said_hint}".strip())
    return await _close(tools, tenant_id, import_id, None)


async def fail_import(tools: Tools, tenant_id: UUID, import_id: UUID, error: str) -> Run:
    """End it with a sentence."""
    return await _close(tools, tenant_id, import_id, error)


async def _import(tools: Tools, tenant_id: UUID, run: Run) -> None:
    if run.url is not None and not run.bytes_total:
        await _fetch(tools, tenant_id, run.import_id, run.url)
    # A file of its own for this worker: the store may be on another machine.
    with tempfile.TemporaryDirectory(prefix="lastbook-import-") as folder:
        path = Path(folder) / "file"
        await _copy(tools, artifact_key(tenant_id, run.import_id), path)
        plan, context, attributes = await _plan(tools, tenant_id, run, path)
        rules = _rules(run, plan, context, attributes)
        await _store_all(tools, tenant_id, run, _open_batches(tools, path, run, plan, context, rules), rules)
    if run.mode == "full":
        await _take_out_missing(tools, tenant_id, run)


async def _fetch(tools: Tools, tenant_id: UUID, import_id: UUID, url: str) -> None:
    """Keep the file first: what the address answers may change before a killed import goes on."""
    size = 0

    async def counted() -> AsyncIterator[bytes]:
        nonlocal size
        async for piece in tools.fetch(url):
            size += len(piece)
            yield piece

    await tools.artifacts.put_stream(artifact_key(tenant_id, import_id), counted())
    async with tools.db.tenant(tenant_id) as conn:
        await set_size(conn, import_id, size)


async def _copy(tools: Tools, key: str, path: Path) -> None:
    try:
        await tools.artifacts.copy_to(key, path)
    except NotFound:
        raise NotFound("The file of this import is gone.", hint="Import it again: that is harmless.") from None


async def _plan(tools: Tools, tenant_id: UUID, run: Run, path: Path) -> tuple[Plan, Context, attribute_values.Rules]:
    """How the file is read, what its cells are read with, and the rules for its attributes."""
    plan = await asyncio.to_thread(make_plan, path, run.kind, run.options) if run.plan is None else run.plan
    async with tools.db.tenant(tenant_id) as conn:
        await set_plan(conn, run.import_id, plan)
        shop = await conn.fetchrow("select currency, time_zone from tenants")
        known = await list_known(conn) if (run.kind, plan.dialect) == ("orders", "shopify") else {}
        has = KINDS[run.kind].attributes
        attributes = await attribute_values.read_rules(conn, has[0]) if has else attribute_values.Rules({}, False)
    assert shop is not None  # the import is the shop's
    site = run.options.site.rstrip("/")
    zone = ZoneInfo(shop["time_zone"])
    return plan, Context(currency=shop["currency"], zone=zone, order=plan.dates, site=site, known=known), attributes


def _rules(run: Run, plan: Plan, context: Context, attributes: attribute_values.Rules) -> Rules:
    together = plan.dialect != "documents" and recipe_of(run.kind, plan).joins is not None
    return Rules(
        KINDS[run.kind],
        context.currency,
        together,
        remember=together or run.mode == "full",
        texts=plan.dialect != "documents",
        attributes=attributes,
    )


@contextmanager
def _open_batches(
    tools: Tools, path: Path, run: Run, plan: Plan, context: Context, rules: Rules
) -> Iterator[Iterator[Batch]]:
    """The file's batches behind the rows that are stored already."""
    with open_file(path) as (stream, position):
        rows = read_documents(open_table(stream, plan), KINDS[run.kind], plan, context, skip=run.rows_read)

        yield make_batches(rows, rules, clock=tools.clock, position=position)


async def _store_all(
    tools: Tools, tenant_id: UUID, run: Run, opened: "AbstractContextManager[Iterator[Batch]]", rules: Rules
) -> None:
    """One batch is read in a thread while Postgres writes the one before it."""
    sys.setswitchinterval(TURN_SECONDS)
    with opened as batches:
        reading = _read_next(batches)
        try:
            while (batch := await reading) is not None:
                reading = _read_next(batches)
                run = await _store(tools, tenant_id, run, batch, rules)
        finally:
            # The thread reads from the open file: it must be done before the file is closed.
            with contextlib.suppress(Exception):
                await asyncio.shield(reading)


def _read_next(batches: Iterator[Batch]) -> "asyncio.Task[Batch | None]":
    return asyncio.create_task(asyncio.to_thread(next, batches, None))


async def _store(tools: Tools, tenant_id: UUID, run: Run, batch: Batch, rules: Rules) -> Run:
    """In one transaction, again when it crossed another one over the same rows."""

    async def once() -> Run:
        async with tools.db.tenant(tenant_id) as conn:
            return await store_batch(conn, tenant_id, run, batch, rules, after=tools.after)

    for attempt in range(TRIES - 1):
        try:
            return await once()
        except CROSSED:
            await asyncio.sleep(0.1 * attempt)
    return await once()


async def _take_out_missing(tools: Tools, tenant_id: UUID, run: Run) -> None:
    """Archive what the feed lacks. Raises TooMuchMissing when that is more than half and nobody confirmed it."""
    async with tools.db.tenant(tenant_id) as conn:
        found = await count_missing(conn, run.import_id)
        if run.archived is None:
            await conn.execute("update imports set missing = $2 where import_id = $1", run.import_id, found.missing)
    if run.dry_run:
        return
    if run.archived is None and found.most and not run.options.confirm:
        raise TooMuchMissing(
            f"The feed lacks {found.missing:,} of {found.before:,} products, so none was taken out.",
            hint="If that is right, send it again with confirm=true.",
        )
    await _until_none(lambda: _archive(tools, tenant_id, run.import_id))


async def _archive(tools: Tools, tenant_id: UUID, import_id: UUID) -> int:
    async with tools.db.tenant(tenant_id) as conn:
        return await archive_missing(conn, import_id)


async def _close(tools: Tools, tenant_id: UUID, import_id: UUID, error: str | None) -> Run:
    async def forget() -> int:
        async with tools.db.tenant(tenant_id) as conn:
            return await forget_seen(conn, import_id)

    async with tools.db.tenant(tenant_id) as conn:
        await close_run(conn, import_id, now=tools.clock(), error=error)
        run = await get_run(conn, import_id)
    await _until_none(forget)
    await tools.artifacts.delete_prefix(f"{tenant_id}/imports/{import_id}")
    return run


async def _until_none(step: Callable[[], Awaitable[int]]) -> None:
    while await step():
        pass
