"""Accounts: the directory of tenants and of the people who sign in."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import asyncpg

from infra.database import Connection
from infra.errors import Conflict, Invalid, NotFound
from infra.ids import new_id


class SlugTaken(Conflict):
    """Another tenant already goes by this short name."""

    code = "slug_taken"
    hint = "Choose another short name."


class BadTenant(Invalid):
    """A tenant's short name, name, currency or address is not in the form that we store."""

    code = "bad_tenant"
    hint = "Short name: 2 to 63 lower-case letters, digits and hyphens. Currency: three capitals. E-mail: with an @."


@dataclass(frozen=True, slots=True)
class Tenant:
    """A merchant."""

    tenant_id: UUID
    slug: str
    name: str
    currency: str
    time_zone: str
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Account:
    """A person who signs in; `tenants.members` says where and as what."""

    account_id: UUID
    email: str
    name: str


async def open_tenant(conn: Connection, *, slug: str, name: str, currency: str, time_zone: str = "UTC") -> Tenant:
    """Register a merchant (on a `db.system` connection). Raises SlugTaken and BadTenant."""
    try:
        row = await conn.fetchrow(_INSERT_TENANT, new_id(), slug, name, currency, time_zone)
    except asyncpg.UniqueViolationError:
        raise SlugTaken(f"The short name {slug!r} is taken.") from None
    except (asyncpg.CheckViolationError, asyncpg.StringDataRightTruncationError) as bad:
        raise BadTenant(f"The tenant {slug!r} cannot be registered as given.") from bad
    assert row is not None
    return Tenant(**row)


async def find_tenant(conn: Connection, slug: str) -> Tenant | None:
    row = await conn.fetchrow(f"select {_TENANT} from tenants where slug = $1", slug)
    return Tenant(**row) if row else None


async def get_tenant(conn: Connection, slug: str) -> Tenant:
    """Raises NotFound."""
    tenant = await find_tenant(conn, slug)
    if tenant is None:
        raise NotFound(f"There is no tenant {slug!r}.", hint="`lastbook-server tenant` registers one.")
    return tenant


async def list_tenants(conn: Connection) -> Sequence[Tenant]:
    """All merchants, oldest first (on a `db.system` connection)."""
    rows = await conn.fetch(f"select {_TENANT} from tenants order by created_at")
    return [Tenant(**row) for row in rows]


async def upsert_account(conn: Connection, *, email: str, name: str = "") -> Account:
    """The account of this address, made when there is none (on a `db.system` connection). Raises BadTenant."""
    try:
        row = await conn.fetchrow(_UPSERT_ACCOUNT, new_id(), email.strip().lower(), name)
    except asyncpg.CheckViolationError as bad:
        raise BadTenant(f"{email!r} is not an e-mail address.") from bad
    assert row is not None
    return Account(**row)


_TENANT = "tenant_id, slug, name, currency, time_zone, created_at"

_INSERT_TENANT = f"""
insert into tenants (tenant_id, slug, name, currency, time_zone)
values ($1, $2, $3, $4, $5)
returning {_TENANT}
"""

_UPSERT_ACCOUNT = """
insert into accounts (account_id, email, name)
values ($1, $2, $3)
on conflict (email) do update set name = coalesce(nullif(excluded.name, ''), accounts.name)
returning account_id, email, name
"""
