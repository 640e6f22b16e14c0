"""Faults: what in a database's catalogue breaks the rules of tenancy, one function a rule, each answering by name."""

from infra.database import Connection

SYSTEM_TABLES = {"accounts", "schema_migrations", "vertical_priors"}
"""Of these, vertical_priors holds averages of three and more tenants that agreed to share, and nothing of one."""
SYSTEM_PREFIX = "procrastinate_"
DIRECTORY_KEYS = {"tenants.tenants_slug_key", "stripe_accounts.stripe_accounts_pkey"}
"""Unique among all tenants on purpose: the directory's short names, and Stripe's accounts, which lead to a tenant."""


async def list_tenant_tables(conn: Connection) -> list[str]:
    """Tables and partitions that have a tenant."""
    return await _names(conn, _TABLES + "and exists (select from tenant_columns where attrelid = c.oid)")


async def list_other_tables(conn: Connection) -> list[str]:
    return await _names(conn, _TABLES + "and not exists (select from tenant_columns where attrelid = c.oid)")


async def find_bad_keys(conn: Connection) -> list[str]:
    """Primary keys, unique constraints, unique indexes and foreign keys that do not start with the tenant."""
    return sorted({*await _names(conn, _INDEXES), *await _names(conn, _FOREIGN)} - DIRECTORY_KEYS)


async def find_open_tables(conn: Connection) -> list[str]:
    """Tenant tables without forced row-level security, without a policy, or with one that forgets the tenant."""
    return await _names(conn, _OPEN)


async def find_ways_around(conn: Connection) -> list[str]:
    """Materialised views, views that read as their owner, and functions that run as theirs."""
    return await _names(conn, _AROUND)


async def find_powers(conn: Connection, role: str) -> list[str]:
    """What a role may do although the app never should."""
    return await _names(conn, _POWERS, role)


async def _names(conn: Connection, query: str, *values: str) -> list[str]:
    return sorted(row[0] for row in await conn.fetch(query, *values))


_TABLES = """
with tenant_columns as (
    select attrelid, attnum
    from pg_attribute
    where attname = 'tenant_id' and not attisdropped
)
select c.relname
from pg_class c
where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p')
"""

_INDEXES = """
select t.relname || '.' || i.relname
from pg_index x
join pg_class i on i.oid = x.indexrelid
join pg_class t on t.oid = x.indrelid
join pg_attribute a on a.attrelid = t.oid and a.attname = 'tenant_id' and not a.attisdropped
where t.relnamespace = 'public'::regnamespace and (x.indisunique or x.indisprimary or x.indisexclusion)
    and x.indkey[0] <> a.attnum
"""

# A key into a system table (accounts) has no tenant on the other side.
_FOREIGN = """
select t.relname || '.' || f.conname
from pg_constraint f
join pg_class t on t.oid = f.conrelid
join pg_attribute a on a.attrelid = t.oid and a.attname = 'tenant_id' and not a.attisdropped
join pg_attribute b on b.attrelid = f.confrelid and b.attname = 'tenant_id' and not b.attisdropped
where f.contype = 'f' and t.relnamespace = 'public'::regnamespace
    and (f.conkey[1] <> a.attnum or f.confkey[1] <> b.attnum)
"""

_OPEN = """
select c.relname
from pg_class c
join pg_attribute a on a.attrelid = c.oid and a.attname = 'tenant_id' and not a.attisdropped
where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p')
    and (
        not c.relrowsecurity
        or not c.relforcerowsecurity
        or not exists (select from pg_policy p where p.polrelid = c.oid)
        or exists (
            select
            from pg_policy p
            where p.polrelid = c.oid
                and coalesce(pg_get_expr(p.polqual, p.polrelid), pg_get_expr(p.polwithcheck, p.polrelid))
                    not like '%tenant_id = current_tenant()%'
        )
    )
"""

_AROUND = """
select 'view ' || relname
from pg_class
where relnamespace = 'public'::regnamespace
    and (
        relkind = 'm'
        or relkind = 'v' and not coalesce(reloptions, '{}') && '{security_invoker=true,security_invoker=on}'
    )
union all
select 'function ' || proname
from pg_proc
where pronamespace = 'public'::regnamespace and prosecdef
"""

_POWERS = """
select power
from pg_roles r
cross join lateral (values
    ('superuser', r.rolsuper),
    ('bypassrls', r.rolbypassrls),
    ('createdb', r.rolcreatedb),
    ('createrole', r.rolcreaterole),
    ('replication', r.rolreplication),
    ('create in public', has_schema_privilege(r.oid, 'public', 'create')),
    ('create in the database', has_database_privilege(r.oid, current_database(), 'create')),
    ('member of a role', exists (select from pg_auth_members m where m.member = r.oid))
) as powers (power, held)
where r.rolname = $1 and held
union all
select 'owner of ' || c.relname
from pg_class c
join pg_roles r on r.oid = c.relowner
where r.rolname = $1 and c.relnamespace = 'public'::regnamespace
union all
select 'truncate ' || c.relname
from pg_class c
where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p') and has_table_privilege($1, c.oid, 'truncate')
"""
