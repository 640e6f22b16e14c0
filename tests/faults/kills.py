"""Kills: the ways in which a machine or a process is taken away, by its pid."""

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import asyncpg
import redis

from infra.embedded import run_embedded
from infra.settings import Settings


def postmaster_pid(settings: Settings) -> int:
    return int((settings.data_dir / "postgres" / "postmaster.pid").read_text().splitlines()[0])


def valkey_pid(settings: Settings) -> int:
    assert settings.redis_url is not None
    with redis.Redis.from_url(settings.redis_url) as client:
        return int(client.info("server")["process_id"])


def kill(pid: int) -> None:
    """SIGKILL, as the kernel does when memory runs out."""
    os.kill(pid, signal.SIGKILL)


async def as_admin(settings: Settings) -> "asyncpg.Connection[asyncpg.Record]":
    """A superuser's connection to Lastbook's database. The caller closes it."""
    with run_embedded(settings.data_dir) as embedded:
        conn: asyncpg.Connection[asyncpg.Record] = await asyncpg.connect(
            embedded.database_admin_url, database="lastbook"
        )
        return conn


async def busy_backend_pid(settings: Settings) -> int:
    """A backend in the middle of an app's transaction, or 0 when there is none."""
    conn = await as_admin(settings)
    try:
        found: int | None = await conn.fetchval(
            """
            select pid from pg_stat_activity
            where usename = 'lastbook_app' and state <> 'idle' and xact_start is not null
            limit 1
            """
        )
        return found or 0
    finally:
        await conn.close()


@contextmanager
def postgres_down(settings: Settings) -> Iterator[None]:
    """Postgres is killed and does not come up again while the context lasts."""
    with _spoiled(settings.data_dir / "postgres" / "postgresql.conf"):
        kill(postmaster_pid(settings))
        yield


@contextmanager
def valkey_down(settings: Settings) -> Iterator[None]:
    """Valkey is killed and does not come up again while the context lasts."""
    with _spoiled(settings.data_dir / "valkey.conf"):
        kill(valkey_pid(settings))
        yield


@contextmanager
def _spoiled(configuration: Path) -> Iterator[None]:
    """Settings that no server starts with; its keeper tries again and again."""
    before = configuration.read_bytes()
    configuration.write_bytes(b"nonsense = = nonsense\n")
    try:
        yield
    finally:
        configuration.write_bytes(before)
