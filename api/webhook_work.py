"""The worker's side of webhooks: one tenant's round sends what is due, each message outside of any transaction."""

import asyncio
from uuid import UUID

import structlog

from api.tooling import for_each_tenant, open_tools
from infra.clock import Clock, system_clock
from infra.database import Connection, Database
from infra.http_out import FetchRefused, FetchRules, post
from infra.jobs import defer
from infra.settings import Settings
from tenants.accounts import Tenant
from tenants.webhook_deliveries import (
    has_waiting_deliveries,
    list_waiting_deliveries,
    note_answer,
    take_up_delivery,
)

SEND_WEBHOOKS = "send_webhooks"
AT_A_TIME = 8
SECONDS = 15.0
"""That a receiver has to answer."""

log = structlog.get_logger()


async def start_webhook_rounds(settings: Settings) -> None:
    """Queue a round for each tenant whose webhooks are to hear something."""

    async def queue(conn: Connection, tenant: Tenant) -> None:
        if await has_waiting_deliveries(conn, now=system_clock()):
            lock = f"webhooks:{tenant.tenant_id}"
            await defer(conn, SEND_WEBHOOKS, {"tenant_id": str(tenant.tenant_id)}, queueing_lock=lock, lock=lock)

    await for_each_tenant(settings, queue)


async def send_webhooks(settings: Settings, tenant_id: UUID) -> None:
    """The job."""
    rules = FetchRules(seconds=SECONDS, silence_seconds=SECONDS, loopback=settings.fetch_loopback)
    async with open_tools(settings) as (db, _):
        sent = await send_waiting(db, tenant_id, rules, clock=system_clock)
    if sent:
        log.info("sent_webhooks", tenant_id=str(tenant_id), messages=sent)


async def send_waiting(db: Database, tenant_id: UUID, rules: FetchRules, *, clock: Clock) -> int:
    """Send all that is due; returns how many messages were taken. A slow receiver holds up only its own message."""
    free, taken = asyncio.Semaphore(AT_A_TIME), 0

    async def send(delivery_id: UUID) -> bool:
        async with free:
            return await _send_one(db, tenant_id, delivery_id, rules, clock)

    while True:
        async with db.tenant(tenant_id) as conn:
            waiting = await list_waiting_deliveries(conn, now=clock())
        if not waiting:
            return taken
        taken += sum(await asyncio.gather(*(send(one) for one in waiting)))


async def _send_one(db: Database, tenant_id: UUID, delivery_id: UUID, rules: FetchRules, clock: Clock) -> bool:
    """Whether it was taken."""
    async with db.tenant(tenant_id) as conn:
        parcel = await take_up_delivery(conn, delivery_id, now=clock())
    if parcel is None:
        return False
    answered, error = None, None
    try:
        answered = await post(parcel.url, parcel.body, parcel.headers, rules)
        error = None if 200 <= answered < 300 else f"The address answered {answered}."
    except FetchRefused as refused:
        error = refused.detail
    async with db.tenant(tenant_id) as conn:
        await note_answer(conn, delivery_id, answered=answered, error=error, now=clock())
    return error is None
