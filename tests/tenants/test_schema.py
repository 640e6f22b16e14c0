"""The schema keeps tenants apart: read from the catalogue of the migrated database."""

from collections.abc import AsyncIterator

import asyncpg
import pytest

from infra.database import Connection
from infra.settings import Settings
from tests.tenants.faults import (
    SYSTEM_PREFIX,
    SYSTEM_TABLES,
    find_bad_keys,
    find_open_tables,
    find_powers,
    find_ways_around,
    list_other_tables,
    list_tenant_tables,
)

APP, OWNER = "lastbook_app", "lastbook_owner"


@pytest.fixture
async def owner(settings: Settings) -> AsyncIterator[Connection]:
    """The schema's owner, in a transaction that is rolled back."""
    conn: asyncpg.Connection[asyncpg.Record] = await asyncpg.connect(settings.database_owner_url)
    transaction = conn.transaction()
    await transaction.start()
    try:
        yield conn
    finally:
        await transaction.rollback()
        await conn.close()


async def test_every_key_of_a_tenant_table_starts_with_the_tenant(owner: Connection) -> None:
    assert await find_bad_keys(owner) == []


async def test_every_tenant_table_and_partition_is_under_a_forced_policy(owner: Connection) -> None:
    tables = await list_tenant_tables(owner)

    assert {"tenants", "api_keys", "products", "orders", "order_lines_00", "events_15", "model_versions"} <= {*tables}
    assert await find_open_tables(owner) == []


async def test_tables_without_a_tenant_are_a_short_known_list(owner: Connection) -> None:
    others = await list_other_tables(owner)

    assert {name for name in others if not name.startswith(SYSTEM_PREFIX)} == SYSTEM_TABLES


async def test_the_app_role_cannot_step_over_a_policy(owner: Connection) -> None:
    assert await owner.fetchval("select count(*) from pg_roles where rolname = $1", APP) == 1
    assert await find_powers(owner, APP) == []


async def test_no_view_or_function_leads_around_the_policies(owner: Connection) -> None:
    assert await find_ways_around(owner) == []


async def test_order_lines_and_events_are_hash_partitioned_by_tenant(owner: Connection) -> None:
    rows = await owner.fetch(
        """
        select c.relname, p.partstrat::text, a.attname,
            (select count(*) from pg_inherits i where i.inhparent = c.oid) as parts
        from pg_partitioned_table p
        join pg_class c on c.oid = p.partrelid
        join pg_attribute a on a.attrelid = c.oid and a.attnum = p.partattrs[0]
        """
    )

    assert {tuple(row) for row in rows} == {
        ("order_lines", "h", "tenant_id", 16),
        ("events", "h", "tenant_id", 16),
    }


@pytest.mark.parametrize(
    ("columns", "fault"),
    [
        ("id integer primary key", "bad.bad_pkey"),
        ("id integer, primary key (id, tenant_id)", "bad.bad_pkey"),
        ("id integer, unique (id)", "bad.bad_id_key"),
        ("shopper_id uuid, unique (tenant_id, shopper_id), parent uuid, parent_tenant uuid, constraint crossing"
         " foreign key (parent_tenant, parent) references bad (tenant_id, shopper_id)", "bad.crossing"),
    ],
)  # fmt: skip
async def test_the_checker_catches_a_key_without_the_tenant(owner: Connection, columns: str, fault: str) -> None:
    await owner.execute(f"create table bad (tenant_id uuid, {columns})")

    assert await find_bad_keys(owner) == [fault]


@pytest.mark.parametrize(
    "security",
    [
        "select",
        "alter table bad enable row level security",
        "alter table bad enable row level security; alter table bad force row level security",
        "alter table bad enable row level security; create policy p on bad using (tenant_id = current_tenant())",
        "alter table bad enable row level security; alter table bad force row level security;"
        " create policy p on bad using (tenant_id = current_tenant()); create policy q on bad using (true)",
    ],
)
async def test_the_checker_catches_an_open_table(owner: Connection, security: str) -> None:
    await owner.execute(f"create table bad (tenant_id uuid primary key); {security}")

    assert await find_open_tables(owner) == ["bad"]


async def test_the_checker_catches_an_open_partition(owner: Connection) -> None:
    await owner.execute("alter table order_lines_03 no force row level security")

    assert await find_open_tables(owner) == ["order_lines_03"]


async def test_the_checker_catches_ways_around_and_powers(owner: Connection) -> None:
    await owner.execute(
        f"""
        create materialized view all_products as select * from products;
        create view some_products as select * from products;
        create function every_product() returns bigint language sql security definer as 'select count(*) from products';
        grant truncate on products to {APP};
        """
    )

    assert await find_ways_around(owner) == ["function every_product", "view all_products", "view some_products"]
    assert await find_powers(owner, APP) == ["truncate products"]
    assert {"create in public", "owner of products", "truncate orders"} <= {*await find_powers(owner, OWNER)}
