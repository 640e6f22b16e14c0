"""The worker's side of imports: an import's job, and the feeds whose time has come."""

from datetime import timedelta
from uuid import UUID

import structlog

from api.tooling import for_each_tenant, open_tools
from infra.artifacts import open_artifacts
from infra.clock import system_clock
from infra.database import Connection, Database, DatabaseDown
from infra.http_out import FetchRules, fetch
from infra.settings import Settings
from recommender.jobs import defer_training
from tenants.accounts import Tenant
from tenants.imports.feeds import open_due
from tenants.imports.job import Tools, fail_import, run_import
from tenants.merges import merged_now

log = structlog.get_logger()

BUG = "The import met an error of ours; it is logged. What it counts as stored is stored."


async def do_import(settings: Settings, tenant_id: UUID, import_id: UUID) -> None:
    """Run it. Raises DatabaseDown when the record went away: the import goes on when the job is done again."""
    async with open_tools(settings) as (db, _):
        tools = make_tools(settings, db)
        try:
            run = await run_import(tools, tenant_id, import_id)
        except DatabaseDown:
            raise
        except Exception:
            # The edge of the job: whoever follows the import must hear of its end; the log has the traceback.
            await fail_import(tools, tenant_id, import_id, BUG)
            raise
    if run is not None:
        log.info("imported", tenant_id=str(tenant_id), import_id=str(import_id), status=run.status, rows=run.rows_read)


async def refresh_feeds(settings: Settings) -> int:
    """Ask for the imports of all feeds that are due; returns how many."""
    due = 0

    async def ask(conn: Connection, tenant: Tenant) -> None:
        nonlocal due
        due += await open_due(conn, now=system_clock())

    await for_each_tenant(settings, ask)
    return due


def make_tools(settings: Settings, db: Database) -> Tools:
    """What an import works with in this installation."""
    rules = FetchRules(loopback=settings.fetch_loopback)

    async def after(conn: Connection, tenant_id: UUID, kind: str) -> None:
        if kind == "orders" or (kind == "shoppers" and await merged_now(conn)):
            wait = timedelta(seconds=settings.train_after_seconds)
            await defer_training(conn, tenant_id, run_at=system_clock() + wait)

    return Tools(db, open_artifacts(settings.artifacts_url), lambda url: fetch(url, rules), system_clock, after)
