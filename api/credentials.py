"""Credentials: an operator's way to list, make and revoke a tenant's keys. Every change leaves an audit row."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from uuid import UUID

from api.tooling import open_tools
from infra.database import Connection
from infra.settings import Settings
from tenants.accounts import get_tenant
from tenants.audit import record_audit
from tenants.keys import Key, Kind, NewKey, find_key, list_keys, open_key, parse_key, revoke_key


async def read_keys(settings: Settings, slug: str) -> Sequence[Key]:
    """Raises NotFound for an unknown tenant."""
    async with _tenant(settings, slug) as conn:
        return await list_keys(conn)


async def add_key(settings: Settings, slug: str, kind: Kind) -> NewKey:
    """A second key beside the first, so that a shop can change over without a gap."""
    async with _tenant(settings, slug) as conn:
        made = await open_key(conn, kind)
        await record_audit(conn, actor="operator", action=f"open {kind} key", subject=str(made.key_id))
        return made


async def end_key(settings: Settings, slug: str, key_id: UUID) -> None:
    """Refused from now on, in every process. Raises NotFound."""
    async with _tenant(settings, slug) as conn:
        await revoke_key(conn, key_id)
        await record_audit(conn, actor="operator", action="revoke key", subject=str(key_id))


async def choose_key(settings: Settings, slug: str, given: str) -> str:
    """The publishable key for a page: the given one if it is the tenant's and in use, else one to be filled in.

    Raises NotFound for an unknown tenant, ValueError for another key.
    """
    async with _tenant(settings, slug) as conn:
        parsed = parse_key(given)
        if given and (parsed is None or parsed.kind != "publishable" or not await find_key(conn, parsed)):
            raise ValueError(f"That is no publishable key (lb_pk_…) of {slug} that is in use.")
    return given or "lb_pk_YOUR-KEY"


@asynccontextmanager
async def _tenant(settings: Settings, slug: str) -> AsyncIterator[Connection]:
    async with open_tools(settings) as (db, _):
        async with db.system() as conn:
            tenant = await get_tenant(conn, slug)
        async with db.tenant(tenant.tenant_id) as conn:
            yield conn
