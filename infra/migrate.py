"""Migrations: forward-only numbered SQL, each applied once and known by its checksum."""

import asyncio
import hashlib
from dataclasses import dataclass
from pathlib import Path

import asyncpg
from procrastinate.schema import SchemaManager

MIGRATIONS = Path(__file__).parent / "migrations"
LOCK = 0x6C617374  # "last": the one advisory lock of all who migrate
LOCK_SECONDS = 120.0


class MigrationRefused(RuntimeError):
    """The database's history and the files do not agree."""


@dataclass(frozen=True, slots=True)
class Migration:
    """One file: `0007_name.sql`."""

    version: int
    name: str
    sql: str

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.sql.encode()).hexdigest()


def list_migrations(folder: Path = MIGRATIONS) -> list[Migration]:
    """The files in order. Raises MigrationRefused when two share a number or one is missing."""
    found = [Migration(int(file.name[:4]), file.stem[5:], file.read_text()) for file in sorted(folder.glob("*.sql"))]
    if [one.version for one in found] != list(range(1, len(found) + 1)):
        raise MigrationRefused(f"{folder.name}: the numbers must run from 0001 without gap or repeat")
    return found


async def migrate(owner_url: str, migrations: list[Migration] | None = None) -> list[Migration]:
    """Bring the database up to the files; returns what was applied now. Safe to run from many processes at once.

    Raises MigrationRefused when an applied file has changed since, TimeoutError when another migrates for too long.
    """
    conn: asyncpg.Connection[asyncpg.Record] = await asyncpg.connect(owner_url)
    try:
        await _take_lock(conn)
        await conn.execute(_HISTORY)
        await _install_job_queue(conn)
        history = await conn.fetch("select version, sha256 from schema_migrations")
        applied: dict[int, str] = {row["version"]: row["sha256"] for row in history}
        wanted = list_migrations() if migrations is None else migrations
        _check_history(wanted, applied)
        fresh = [one for one in wanted if one.version not in applied]
        for one in fresh:
            await _apply(conn, one)
        return fresh
    finally:
        await conn.close()


_HISTORY = """
create table if not exists schema_migrations (
    version integer primary key,
    name text not null,
    sha256 text not null,
    applied_at timestamptz not null default now()
)
"""


async def _take_lock(conn: "asyncpg.Connection[asyncpg.Record]") -> None:
    """Poll: a blocking lock would deadlock with an index that is built concurrently."""
    async with asyncio.timeout(LOCK_SECONDS):
        while not await conn.fetchval("select pg_try_advisory_lock($1)", LOCK):  # noqa: ASYNC110 the lock is elsewhere
            await asyncio.sleep(0.2)


async def _install_job_queue(conn: "asyncpg.Connection[asyncpg.Record]") -> None:
    """The job queue's tables come with its library, in the version that requirements.lock pins."""
    if await conn.fetchval("select to_regclass('procrastinate_jobs') is null"):
        async with conn.transaction():
            await conn.execute(SchemaManager.get_schema())


def _check_history(wanted: list[Migration], applied: dict[int, str]) -> None:
    files = {one.version: one for one in wanted}
    for version, sha256 in applied.items():
        if version not in files:
            raise MigrationRefused(f"the database has migration {version:04}, which this release does not know")
        if files[version].sha256 != sha256:
            raise MigrationRefused(f"migration {version:04}_{files[version].name} was changed after it was applied")


async def _apply(conn: "asyncpg.Connection[asyncpg.Record]", one: Migration) -> None:
    async with conn.transaction():
        await conn.execute("set local lock_timeout = '5s'")
        await conn.execute(one.sql)
        await conn.execute(
            "insert into schema_migrations (version, name, sha256) values ($1, $2, $3)",
            one.version,
            one.name,
            one.sha256,
        )
