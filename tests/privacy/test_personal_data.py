"""The list of personal data knows every table that holds any."""

from collections.abc import AsyncIterator

import pytest

from infra.database import Connection
from infra.settings import Settings
from tenants.personal_data import PERSONAL_TABLES
from tests.support.databases import as_admin

LISTED = {table.name for table in PERSONAL_TABLES}


@pytest.fixture
async def admin(settings: Settings) -> AsyncIterator[Connection]:
    """In a transaction that is rolled back."""
    async with as_admin(settings) as conn:
        transaction = conn.transaction()
        await transaction.start()
        try:
            yield conn
        finally:
            await transaction.rollback()


async def personal_tables(conn: Connection) -> set[str]:
    """Tables with a shopper_id, or with a key that leads to shoppers; not their partitions."""
    return {row["name"] for row in await conn.fetch(_PERSONAL)}


async def test_b7_every_table_with_a_shopper_is_exported_and_erased(admin: Connection) -> None:
    assert await personal_tables(admin) <= LISTED
    assert {"shoppers", "orders", "events", "consents", "people"} <= await personal_tables(admin)


async def test_b7_the_list_names_no_table_that_is_not_there(admin: Connection) -> None:
    for table in PERSONAL_TABLES:
        await admin.fetch(f"select * from {table.name} where {table.where}", [])


@pytest.mark.parametrize(
    "columns",
    [
        "tenant_id uuid, shopper_id uuid",
        "tenant_id uuid, buyer uuid, foreign key (tenant_id, buyer) references shoppers",
    ],
)
async def test_b7_a_new_table_with_a_shopper_fails_the_build(admin: Connection, columns: str) -> None:
    await admin.execute(f"create table forgotten ({columns})")

    assert await personal_tables(admin) - LISTED == {"forgotten"}


_PERSONAL = """
select t.relname as name
from pg_class t
where t.relnamespace = 'public'::regnamespace and t.relkind in ('r', 'p') and not t.relispartition
    and (
        exists (select from pg_attribute a where a.attrelid = t.oid and a.attname = 'shopper_id' and not a.attisdropped)
        or exists (
            select from pg_constraint f
            where f.conrelid = t.oid and f.contype = 'f' and f.confrelid = 'shoppers'::regclass
        )
    )
"""
