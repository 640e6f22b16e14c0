"""Database: two roads to rows, and what happens on them when something goes wrong."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from uuid import UUID

import asyncpg
import pytest

from infra.database import Database, DatabaseDown, NotCommitted, open_database, savepoint
from infra.settings import Settings
from tests.support.databases import as_admin
from tests.support.service import Service
from tests.support.shop import ShopClient


@pytest.fixture
async def one_connection(settings: Settings) -> AsyncIterator[Database]:
    """A pool of one, so that transactions follow each other on the same connection."""
    assert settings.database_url is not None
    db = await open_database(settings.database_url, pool_size=1)
    yield db
    await db.close()


async def add_shopper(db: Database, tenant_id: UUID, name: str) -> None:
    async with db.tenant(tenant_id) as conn:
        await conn.execute(INSERT, name)


async def shoppers(db: Database, tenant_id: UUID) -> list[str]:
    async with db.tenant(tenant_id) as conn:
        return [row["external_id"] for row in await conn.fetch("select external_id from shoppers order by 1")]


async def test_an_exception_rolls_the_tenants_transaction_back(service: Service, shop: ShopClient) -> None:
    async def stumble() -> None:
        async with service.db.tenant(shop.keys.tenant_id) as conn:
            await conn.execute(INSERT, "ann")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await stumble()
    assert await shoppers(service.db, shop.keys.tenant_id) == []


async def test_a_cancelled_transaction_is_rolled_back_and_its_connection_is_good(
    one_connection: Database, shop: ShopClient
) -> None:
    async def linger() -> None:
        async with one_connection.tenant(shop.keys.tenant_id) as conn:
            await conn.execute(INSERT, "ann")
            await conn.execute("select pg_sleep(30)")

    for turns in range(12):
        task = asyncio.create_task(linger())
        for _ in range(turns * 3):
            await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
    assert await shoppers(one_connection, shop.keys.tenant_id) == []


async def test_an_sql_error_that_was_swallowed_is_not_taken_for_a_commit(service: Service, shop: ShopClient) -> None:
    async def swallow() -> None:
        async with service.db.tenant(shop.keys.tenant_id) as conn:
            await conn.execute(INSERT, "ann")
            with contextlib.suppress(asyncpg.UniqueViolationError):
                await conn.execute(INSERT, "ann")

    with pytest.raises(NotCommitted):
        await swallow()
    assert await shoppers(service.db, shop.keys.tenant_id) == []


async def test_a_savepoint_undoes_only_its_inside(service: Service, shop: ShopClient) -> None:
    async with service.db.tenant(shop.keys.tenant_id) as conn:
        await conn.execute(INSERT, "ann")
        with contextlib.suppress(asyncpg.UniqueViolationError):
            async with savepoint(conn):
                await conn.execute(INSERT, "bo")
                await conn.execute(INSERT, "ann")
        await conn.execute(INSERT, "cy")
    assert await shoppers(service.db, shop.keys.tenant_id) == ["ann", "cy"]


async def test_a_tenant_sees_and_changes_its_own_rows_only(
    service: Service, shop: ShopClient, other_shop: ShopClient
) -> None:
    await add_shopper(service.db, shop.keys.tenant_id, "ann")

    async with service.db.tenant(other_shop.keys.tenant_id) as conn:
        assert await conn.fetch("select from shoppers") == []
        assert await conn.execute("delete from shoppers") == "DELETE 0"
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            async with savepoint(conn):
                await conn.execute(
                    "insert into shoppers (tenant_id, shopper_id, external_id, digest) values ($1, $1, 'x', '')",
                    shop.keys.tenant_id,
                )
    assert await shoppers(service.db, shop.keys.tenant_id) == ["ann"]


async def test_the_tenant_does_not_leak_into_the_connections_next_transaction(
    one_connection: Database, shop: ShopClient
) -> None:
    await add_shopper(one_connection, shop.keys.tenant_id, "ann")
    with pytest.raises(ZeroDivisionError):
        async with one_connection.tenant(shop.keys.tenant_id) as conn:
            raise ZeroDivisionError

    async with one_connection.system() as conn:
        assert await conn.fetchval("select current_tenant()") is None
        assert await conn.fetch("select from shoppers") == []
    async with one_connection.tenant(shop.keys.tenant_id) as conn:
        assert await conn.fetchval("select nullif(current_setting('app.system', true), '')") is None


async def test_the_system_road_sees_the_directory_and_no_tenants_rows(
    service: Service, shop: ShopClient, other_shop: ShopClient
) -> None:
    await add_shopper(service.db, shop.keys.tenant_id, "ann")
    async with as_admin(service.settings) as admin:
        policed = await admin.fetch(
            """
            select relname from pg_class
            where relrowsecurity and relkind in ('r', 'p') and relname not in ('tenants', 'stripe_accounts')
            """
        )
    assert len(policed) >= 40  # tables and their partitions

    async with service.db.system() as conn:
        known = {row["tenant_id"] for row in await conn.fetch("select tenant_id from tenants")}
        assert {shop.keys.tenant_id, other_shop.keys.tenant_id} <= known
        for table in policed:
            assert await conn.fetchval(f"select count(*) from {table['relname']}") == 0


async def test_a_pool_that_stays_full_is_a_refusal_with_a_time_to_come_again(
    one_connection: Database, shop: ShopClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("infra.database.ACQUIRE_SECONDS", 0.05)
    async with one_connection.tenant(shop.keys.tenant_id):
        with pytest.raises(DatabaseDown) as refused:
            async with one_connection.tenant(shop.keys.tenant_id):
                pass
    assert (refused.value.status, refused.value.retry_after_seconds) == (503, 1)
    assert await shoppers(one_connection, shop.keys.tenant_id) == []


@pytest.mark.parametrize("noticed", ["at the next statement", "before the next statement", "before the commit"])
async def test_a_connection_cut_in_a_transaction_is_a_refusal_and_the_next_one_works(
    one_connection: Database, shop: ShopClient, settings: Settings, noticed: str
) -> None:
    async def be_cut() -> None:
        async with one_connection.tenant(shop.keys.tenant_id) as conn:
            await conn.execute(INSERT, "ann")
            gone = asyncio.Event()
            conn.add_termination_listener(lambda _: gone.set())
            async with as_admin(settings) as admin:
                await admin.execute("select pg_terminate_backend($1)", await conn.fetchval("select pg_backend_pid()"))
            if noticed != "at the next statement":
                await gone.wait()
            if noticed != "before the commit":
                await conn.execute(INSERT, "bo")

    for _ in range(5):
        with pytest.raises(DatabaseDown):
            await be_cut()
    assert await shoppers(one_connection, shop.keys.tenant_id) == []


async def test_a_database_out_of_reach_is_a_refusal_at_the_start() -> None:
    with pytest.raises(DatabaseDown):
        await open_database("postgresql://nobody@127.0.0.1:1/nothing")


async def test_jsonb_comes_back_as_it_went(one_connection: Database, shop: ShopClient) -> None:
    document = {"sizes": [41, 42], "é": None, "nested": {"deep": [True, 1.5, "\u2028"]}}
    async with one_connection.tenant(shop.keys.tenant_id) as conn:
        assert await conn.fetchval("select $1::jsonb", document) == document


INSERT = "insert into shoppers (shopper_id, external_id, digest) values (gen_random_uuid(), $1, '')"
