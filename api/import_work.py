"""The worker's side of imports: an import's job, and the feeds whose time has come."""

from datetime import timedelta
from uuid import UUID

import structlog

from infra.artifacts import open_artifacts
from infra.clock import system_clock
from infra.database import Connection, Database, DatabaseDown, open_database
from infra.http_out import FetchRules, fetch
from infra.settings import Settings
from recommender.jobs import defer_training
from tenants.accounts import list_tenants
from tenants.imports.feeds import open_due
from tenants.imports.job import Tools, fail_import, run_import

log = structlog.get_logger()

BUG = "The import met an error of ours; it is logged. What it counts as stored is stored."


async def do_import(settings: Settings, tenant_id: UUID, import_id: UUID) -> None:
    """Run it. Raises DatabaseDown when the record went away: the import goes on when the job is done again."""
    db = await _open(settings)
    tools = make_tools(settings, db)
    try:
        run = await run_import(tools, tenant_id, import_id)
        if run is not None:
            log.info(
                "imported", tenant_id=str(tenant_id), import_id=str(import_id), status=run.status, rows=run.rows_read
            )
    except DatabaseDown:
        raise
    except Exception:
        # The edge of the job: whoever follows the import must hear of its end; the log has the traceback.
        await fail_import(tools, tenant_id, import_id, BUG)
        raise
    finally:
        await db.close()


async def refresh_feeds(settings: Settings) -> int:
    """Ask for the imports of all feeds that are due; returns how many."""
    db, due = await _open(settings), 0
    try:
        async with db.system() as conn:
            tenants = await list_tenants(conn)
        for tenant in tenants:
            async with db.tenant(tenant.tenant_id) as conn:
                due += await open_due(conn, now=system_clock())
    finally:
        await db.close()
    return due


def make_tools(settings: Settings, db: Database) -> Tools:
    """What an import works with in this installation."""
    rules = FetchRules(loopback=settings.fetch_loopback)

    async def after(conn: Connection, tenant_id: UUID, kind: str) -> None:
        if kind == "orders":
            wait = timedelta(seconds=settings.train_after_seconds)
            await defer_training(conn, tenant_id, run_at=system_clock() + wait)

    return Tools(db, open_artifacts(settings.artifacts_url), lambda url: fetch(url, rules), system_clock, after)


async def _open(settings: Settings) -> Database:
    assert settings.database_url is not None
    return await open_database(settings.database_url, pool_size=1, statement_cache_size=settings.statement_cache_size)
