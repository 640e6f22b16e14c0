"""Databases of a test's own: for what would disturb others, or must be alone with its jobs."""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from urllib.parse import urlsplit
from uuid import uuid4

import asyncpg

from infra.settings import Settings
from tests.support.machines import ADMIN_URL, MIGRATED

EMPTY = "template0"


@asynccontextmanager
async def own_database(settings: Settings, *, template: str = MIGRATED) -> AsyncIterator[Settings]:
    """Settings that name a new database, which goes away with the context. Copying takes a tenth of a second."""
    name = f"own_{uuid4().hex}"
    async with as_admin() as admin:
        await admin.execute(f"create database {name} template {template} strategy wal_log owner lastbook_owner")
        try:
            yield replace(
                settings,
                database_url=_named(settings.database_url, name),
                database_owner_url=_named(settings.database_owner_url, name),
            )
        finally:
            await admin.execute(f"drop database {name} with (force)")


@asynccontextmanager
async def as_admin(settings: Settings | None = None) -> AsyncIterator["asyncpg.Connection[asyncpg.Record]"]:
    """A superuser's connection, to the database that the settings name."""
    url = os.environ[ADMIN_URL]
    if settings is not None:
        assert settings.database_url is not None
        url = _named(url, urlsplit(settings.database_url).path[1:])
    conn: asyncpg.Connection[asyncpg.Record] = await asyncpg.connect(url)
    try:
        yield conn
    finally:
        await conn.close()


def _named(url: str | None, database: str) -> str:
    """The address with another database in its path."""
    assert url is not None
    return urlsplit(url)._replace(path=f"/{database}").geturl()
