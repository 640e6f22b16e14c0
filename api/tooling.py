"""Tooling: a connection and the artifacts for one job or one command, outside the server's own state."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

from infra.artifacts import Artifacts, open_artifacts
from infra.database import Connection, Database, open_database
from infra.settings import Settings
from tenants.accounts import Tenant, list_tenants


@asynccontextmanager
async def open_tools(settings: Settings) -> AsyncIterator[tuple[Database, Artifacts]]:
    """Closed when the context ends. Raises DatabaseDown."""
    assert settings.database_url is not None
    db = await open_database(settings.database_url, pool_size=1, statement_cache_size=settings.statement_cache_size)
    try:
        yield db, open_artifacts(settings.artifacts_url)
    finally:
        await db.close()


async def for_each_tenant(settings: Settings, act: Callable[[Connection, Tenant], Awaitable[object]]) -> None:
    """Do it for every tenant, oldest first, each in a transaction of its own."""
    async with open_tools(settings) as (db, _):
        async with db.system() as conn:
            tenants = await list_tenants(conn)
        for tenant in tenants:
            async with db.tenant(tenant.tenant_id) as conn:
                await act(conn, tenant)
