"""Jobs: queued with the transaction that needs them, and never twice."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest

from infra.database import Database, open_database
from infra.ids import new_id
from infra.jobs import defer
from infra.settings import Settings
from recommender.jobs import defer_training
from tests.support.databases import own_database

NOON = datetime(2100, 1, 1, 12, tzinfo=UTC)


@pytest.fixture
async def db(settings: Settings) -> AsyncIterator[Database]:
    """A database in which no other test's jobs wait."""
    async with own_database(settings) as own:
        assert own.database_url is not None
        db = await open_database(own.database_url, pool_size=20)
        yield db
        await db.close()


async def waiting(db: Database) -> list[tuple[str, datetime | None]]:
    """Task and time of the jobs that wait."""
    async with db.system() as conn:
        rows = await conn.fetch(
            "select task_name, scheduled_at from procrastinate_jobs where status = 'todo' order by id"
        )
        return [(row["task_name"], row["scheduled_at"]) for row in rows]


async def test_a_job_exists_if_and_only_if_its_transaction_commits(db: Database) -> None:
    async def defer_and_fail() -> None:
        async with db.tenant(new_id()) as conn:
            await defer(conn, "sweep", {})
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await defer_and_fail()
    assert await waiting(db) == []

    async with db.tenant(new_id()) as conn:
        assert await defer(conn, "sweep", {"floor": "2"}) is not None
        assert await waiting(db) == []
    assert await waiting(db) == [("sweep", None)]


async def test_of_jobs_with_one_queueing_lock_one_waits(db: Database) -> None:
    async with db.tenant(new_id()) as conn:
        first = await defer(conn, "sweep", {}, queueing_lock="broom")
        second = await defer(conn, "sweep", {}, queueing_lock="broom")
        other = await defer(conn, "sweep", {}, queueing_lock="mop")
    assert (first is None, second, other is None) == (False, None, False)
    assert len(await waiting(db)) == 2


async def test_twenty_who_defer_at_once_queue_one_job_and_all_of_them_commit(db: Database) -> None:
    ready = asyncio.Barrier(20)

    async def defer_one(number: int) -> None:
        async with db.tenant(new_id()) as conn:
            await ready.wait()
            await defer(conn, "sweep", {}, queueing_lock="broom", run_at=NOON)
            await conn.execute("insert into accounts (account_id, email) values ($1, $2)", new_id(), f"{number}@x.org")

    await asyncio.gather(*(defer_one(number) for number in range(20)))
    assert await waiting(db) == [("sweep", NOON)]
    async with db.system() as conn:
        assert await conn.fetchval("select count(*) from accounts") == 20


async def test_an_earlier_wish_brings_the_waiting_job_forward_and_a_later_one_does_not_put_it_off(db: Database) -> None:
    times = [NOON, NOON - timedelta(hours=1), NOON + timedelta(hours=1)]
    for run_at in times:
        async with db.tenant(new_id()) as conn:
            await defer(conn, "sweep", {}, queueing_lock="broom", run_at=run_at)
    assert await waiting(db) == [("sweep", NOON - timedelta(hours=1))]


async def test_a_wish_for_now_brings_the_waiting_job_to_now(db: Database) -> None:
    for run_at in (NOON, None):
        async with db.tenant(new_id()) as conn:
            await defer(conn, "sweep", {}, queueing_lock="broom", run_at=run_at)
    [(_, at)] = await waiting(db)
    assert at is not None
    assert at < NOON


async def test_a_job_that_runs_does_not_keep_the_next_one_from_waiting(db: Database) -> None:
    async with db.tenant(new_id()) as conn:
        first = await defer(conn, "sweep", {}, queueing_lock="broom")
    async with db.system() as conn:
        await conn.execute("update procrastinate_jobs set status = 'doing' where id = $1", first)
    async with db.tenant(new_id()) as conn:
        assert await defer(conn, "sweep", {}, queueing_lock="broom") is not None


async def test_each_tenant_has_one_waiting_training_of_its_own(db: Database) -> None:
    ann, bo = new_id(), new_id()
    for tenant_id in (ann, bo, ann):
        async with db.tenant(tenant_id) as conn:
            await defer_training(conn, tenant_id, run_at=NOON)
    async with db.system() as conn:
        rows = await conn.fetch("select args ->> 'tenant_id' as tenant, lock from procrastinate_jobs order by id")
    assert [(row["tenant"], row["lock"]) for row in rows] == [(str(one), f"train:{one}") for one in (ann, bo)]
