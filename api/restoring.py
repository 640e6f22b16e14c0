"""Restoring: what is to be done after a backup was put back, before anybody is served from it."""

from api.tooling import open_tools
from infra.settings import Settings
from tenants.accounts import list_tenants
from tenants.jobs import replay_after_restore


async def erase_again(settings: Settings) -> dict[str, int]:
    """Erase everybody whom the backup brought back, tenant by tenant; returns how many by the tenant's short name."""
    erased: dict[str, int] = {}
    async with open_tools(settings) as (db, store):
        async with db.system() as conn:
            tenants = await list_tenants(conn)
        for tenant in tenants:
            erased[tenant.slug] = await replay_after_restore(db, store, tenant.tenant_id)
    return erased
