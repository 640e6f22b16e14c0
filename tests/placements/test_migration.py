"""What was stored before placements had versions is their first one."""

from infra.migrate import list_migrations, migrate
from infra.settings import Settings
from tests.support.databases import EMPTY, as_admin, own_database

BEFORE = 20
STORED = """
insert into tenants (tenant_id, slug, name, currency)
values (gen_random_uuid(), 'shop-a', 'A', 'EUR'), (gen_random_uuid(), 'shop-b', 'B', 'EUR');
insert into placements (tenant_id, document_id, document, digest, deleted_at)
select tenant_id, id, jsonb_build_object('id', id, 'strategy', 'new', 'heading', slug), '', gone
from tenants, (values ('kept', null), ('deleted', now())) as placement (id, gone)
"""
VERSIONS = """
select slug, document_id, version, document ->> 'heading' as heading, act, actor
from placement_versions join tenants using (tenant_id)
order by slug, document_id
"""


async def test_b10_placements_of_an_older_release_begin_with_version_one(settings: Settings) -> None:
    async with own_database(settings, template=EMPTY) as own:
        assert own.database_owner_url is not None
        await migrate(own.database_owner_url, list_migrations()[:BEFORE])
        async with as_admin(own) as admin:
            await admin.execute(STORED)
            await migrate(own.database_owner_url)
            rows = [tuple(row) for row in await admin.fetch(VERSIONS)]
            forced = "select relforcerowsecurity from pg_class where relname = 'placements'"
            assert await admin.fetchval(forced)
    assert rows == [(slug, "kept", 1, slug, "store", "unknown") for slug in ("shop-a", "shop-b")]
