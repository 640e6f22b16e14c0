"""Migrations: each applied once, whoever comes, and refused when files and database do not agree."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import asyncpg
import pytest

from infra.migrate import Migration, MigrationRefused, list_migrations, migrate
from infra.settings import Settings
from tests.support.databases import EMPTY, own_database

BOOKS = Migration(1, "books", "create table books (title text)")
PAGES = Migration(2, "pages", "create table pages (number integer)")


@pytest.fixture
async def empty(settings: Settings) -> AsyncIterator[str]:
    """The owner's address of a database with nothing in it."""
    async with own_database(settings, template=EMPTY) as own:
        assert own.database_owner_url is not None
        yield own.database_owner_url


async def versions(owner_url: str) -> list[int]:
    conn = await asyncpg.connect(owner_url)
    try:
        return [row["version"] for row in await conn.fetch("select version from schema_migrations order by 1")]
    finally:
        await conn.close()


async def test_an_empty_database_gets_all_migrations_and_a_second_run_changes_nothing(empty: str) -> None:
    assert [one.version for one in await migrate(empty)] == [one.version for one in list_migrations()]
    assert await migrate(empty) == []


async def test_a_new_migration_is_applied_alone(empty: str) -> None:
    await migrate(empty, [BOOKS])
    assert await migrate(empty, [BOOKS, PAGES]) == [PAGES]


async def test_a_file_changed_after_it_was_applied_is_refused(empty: str) -> None:
    await migrate(empty, [BOOKS])
    with pytest.raises(MigrationRefused, match="0001_books was changed"):
        await migrate(empty, [replace(BOOKS, sql=f"{BOOKS.sql} -- better"), PAGES])
    assert await versions(empty) == [1]


async def test_a_database_of_a_newer_release_is_refused(empty: str) -> None:
    await migrate(empty, [BOOKS, PAGES])
    with pytest.raises(MigrationRefused, match="migration 0002, which this release does not know"):
        await migrate(empty, [BOOKS])


async def test_a_migration_that_fails_leaves_nothing_of_itself_and_those_before_it_stay(empty: str) -> None:
    broken = Migration(2, "broken", f"{PAGES.sql}; select 1 / 0")
    with pytest.raises(asyncpg.DivisionByZeroError):
        await migrate(empty, [BOOKS, broken])
    assert await versions(empty) == [1]
    assert await migrate(empty, [BOOKS, PAGES]) == [PAGES]


@pytest.mark.parametrize("names", [["0001_a", "0003_c"], ["0001_a", "0001_b"], ["0002_b"]])
def test_numbers_with_a_gap_or_a_repeat_are_refused(tmp_path: Path, names: list[str]) -> None:
    for name in names:
        (tmp_path / f"{name}.sql").write_text("select 1")
    with pytest.raises(MigrationRefused, match="without gap or repeat"):
        list_migrations(tmp_path)


async def test_many_at_once_apply_each_migration_once(empty: str) -> None:
    applied = await asyncio.gather(*(migrate(empty) for _ in range(4)))
    assert sorted(len(one) for one in applied) == [0, 0, 0, len(list_migrations())]


async def test_waiting_for_another_migration_does_not_deadlock_with_an_index_built_meanwhile(empty: str) -> None:
    await migrate(empty, [BOOKS])
    builder, writer = await asyncpg.connect(empty), await asyncpg.connect(empty)
    async with contextlib.AsyncExitStack() as stack:
        stack.push_async_callback(builder.close)
        stack.push_async_callback(writer.close)
        # The index waits for the writer's transaction, and the migrations for the one who builds the index.
        write = writer.transaction()
        await write.start()
        await writer.execute("insert into books values ('one')")
        await builder.execute("select pg_advisory_lock($1)", LOCK_OF_ALL_WHO_MIGRATE)
        building = asyncio.create_task(builder.execute("create index concurrently books_title on books (title)"))
        migrating = asyncio.create_task(migrate(empty, [BOOKS, PAGES]))
        await write.commit()
        await building
        await builder.execute("select pg_advisory_unlock($1)", LOCK_OF_ALL_WHO_MIGRATE)
        assert await migrating == [PAGES]


LOCK_OF_ALL_WHO_MIGRATE = 0x6C617374
