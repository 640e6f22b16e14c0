"""The worker's side of campaigns: which tenants have something due, and one tenant's round."""

from uuid import UUID

import structlog

from api.tooling import for_each_tenant, open_tools
from infra.clock import Clock, system_clock
from infra.database import Connection, Database, DatabaseDown
from infra.jobs import defer
from infra.settings import Settings
from tenants.accounts import Tenant
from tenants.campaign_schedule import has_due, list_due, move_if_due
from tenants.preorder_ends import EXPIRED_AT_ONCE, expire_reservations

log = structlog.get_logger()

MOVE_CAMPAIGNS = "move_campaigns"


async def start_campaign_rounds(settings: Settings) -> None:
    """Queue a round for each tenant that has something due."""

    async def queue(conn: Connection, tenant: Tenant) -> None:
        if await has_due(conn, now=system_clock()):
            lock = f"campaigns:{tenant.tenant_id}"
            await defer(conn, MOVE_CAMPAIGNS, {"tenant_id": str(tenant.tenant_id)}, queueing_lock=lock, lock=lock)

    await for_each_tenant(settings, queue)


async def move_campaigns(settings: Settings, tenant_id: UUID) -> None:
    """The job."""
    async with open_tools(settings) as (db, _):
        moved = await move_due(db, tenant_id, clock=system_clock)
    if moved:
        log.info("moved_campaigns", tenant_id=str(tenant_id), campaigns=moved)


async def move_due(db: Database, tenant_id: UUID, *, clock: Clock) -> int:
    """Let reservations go that nobody paid, then move every campaign whose time has come; returns how many moved.

    Each in a transaction of its own: one that cannot move holds up none of the others. Raises DatabaseDown.
    """
    expired = EXPIRED_AT_ONCE
    while expired == EXPIRED_AT_ONCE:
        async with db.tenant(tenant_id) as conn:
            expired = await expire_reservations(conn, now=clock())
    async with db.tenant(tenant_id) as conn:
        due = await list_due(conn, now=clock())
    return sum([await _move_one(db, tenant_id, campaign_id, clock) for campaign_id in due])


async def _move_one(db: Database, tenant_id: UUID, campaign_id: str, clock: Clock) -> bool:
    try:
        return await _move_on(db, tenant_id, campaign_id, clock)
    except DatabaseDown:
        raise
    except Exception as error:
        log.error("campaign_not_moved", tenant_id=str(tenant_id), campaign_id=campaign_id, exc_info=error)
        return False


async def _move_on(db: Database, tenant_id: UUID, campaign_id: str, clock: Clock) -> bool:
    """As far as it goes: closed first, decided in a transaction of its own."""
    moves = 0
    while True:
        async with db.tenant(tenant_id) as conn:
            if not await move_if_due(conn, campaign_id, now=clock()):
                return moves > 0
        moves += 1
