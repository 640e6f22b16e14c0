"""Change feed: told once a transaction commits, and told to look everywhere after a gap."""

import asyncio
from functools import partial
from uuid import UUID

import pytest

from infra.change_feed import CHANNEL, follow_changes
from infra.ids import new_id
from infra.settings import Settings
from tests.support.databases import as_admin, own_database
from tests.support.polling import until

PATIENCE_SECONDS = 30


async def test_a_change_is_told_when_it_commits_and_not_when_it_is_rolled_back(settings: Settings) -> None:
    told: asyncio.Queue[UUID | None] = asyncio.Queue()
    async with own_database(settings) as own, as_admin(own) as admin:
        assert own.database_url is not None
        async with follow_changes(own.database_url, told.put_nowait):
            assert await asyncio.wait_for(told.get(), PATIENCE_SECONDS) is None
            undone, done = new_id(), new_id()
            change = admin.transaction()
            await change.start()
            await admin.execute(NOTIFY, str(undone))
            await change.rollback()
            async with admin.transaction():
                await admin.execute(NOTIFY, str(done))
                await admin.execute("select pg_sleep(0.05)")
                assert told.empty()
            assert await asyncio.wait_for(told.get(), PATIENCE_SECONDS) == done


async def test_after_a_lost_connection_everything_may_have_changed(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("infra.change_feed.RETRY_SECONDS", 0.05)
    told: asyncio.Queue[UUID | None] = asyncio.Queue()
    async with own_database(settings) as own, as_admin(own) as admin:
        assert own.database_url is not None
        async with follow_changes(own.database_url, told.put_nowait):
            assert await asyncio.wait_for(told.get(), PATIENCE_SECONDS) is None
            for _ in range(3):
                assert await admin.fetchval(CUT_OTHERS) == 1
                assert await asyncio.wait_for(told.get(), PATIENCE_SECONDS) is None
            changed = new_id()
            await admin.execute(NOTIFY, str(changed))
            assert await asyncio.wait_for(told.get(), PATIENCE_SECONDS) == changed


async def test_leaving_closes_the_connection(settings: Settings) -> None:
    told: asyncio.Queue[UUID | None] = asyncio.Queue()
    async with own_database(settings) as own, as_admin(own) as admin:
        assert own.database_url is not None
        async with follow_changes(own.database_url, told.put_nowait):
            await told.get()
            assert not await admin.fetchval(ALONE)
        await until(partial(admin.fetchval, ALONE))


NOTIFY = f"select pg_notify('{CHANNEL}', $1)"
ALONE = "select count(*) = 1 from pg_stat_activity where datname = current_database()"
CUT_OTHERS = """
select count(*) from (
    select pg_terminate_backend(pid) from pg_stat_activity
    where datname = current_database() and pid <> pg_backend_pid()
) as cut
"""
