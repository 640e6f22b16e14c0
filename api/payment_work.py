"""The worker's side of payments: each tenant's round over what is due and what was cut off."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from typing import Protocol
from uuid import UUID

import structlog

from api.payments import CannotPay, Payments, open_payments
from api.stripe_calls import StripeDown, StripeRefused
from api.tooling import for_each_tenant, open_tools
from infra.clock import system_clock
from infra.database import Connection
from infra.errors import Refusal
from infra.jobs import defer
from infra.settings import Settings
from tenants.accounts import Tenant
from tenants.campaign_states import CLOCK, hold_campaign, move_campaign
from tenants.charges import list_lost_charges
from tenants.payment_accounts import find_payment_account
from tenants.preorder_money import (
    SEND_CHARGE,
    SEND_REFUND,
    give_back,
    list_confirmed,
    list_over,
    list_to_charge,
    list_to_give_back,
    open_due_charge,
)
from tenants.refunds import list_lost_refunds
from tenants.stripe_inbox import HANDLE_STRIPE_EVENT, queue_forgotten_events

SETTLE_PAYMENTS = "settle_payments"
AT_ONCE = 200
FORGOTTEN_AFTER = timedelta(minutes=2)

log = structlog.get_logger()

Act = Callable[[str], Awaitable[object]]


class Look(Protocol):
    """What lists preorders that have something due."""

    def __call__(self, conn: Connection, *, now: datetime, limit: int) -> Awaitable[Sequence[UUID]]: ...


@asynccontextmanager
async def open_worker_payments(settings: Settings) -> AsyncIterator[Payments]:
    """For one job. Raises DatabaseDown."""
    async with open_tools(settings) as (db, _), open_payments(settings, db, system_clock) as payments:
        yield payments


async def do_payment_job(payments: Payments, task: str, tenant_id: UUID, subject: str) -> None:
    """A charge, a refund or an event. What Stripe does not answer now is left to the round."""
    acts: Mapping[str, Callable[[UUID, str], Awaitable[None]]] = {
        SEND_CHARGE: payments.send_charge,
        SEND_REFUND: payments.send_refund,
        HANDLE_STRIPE_EVENT: payments.handle_event,
    }
    try:
        await acts[task](tenant_id, subject)
    except (StripeDown, CannotPay, StripeRefused) as later:
        log.warning("payment_left_to_the_round", tenant_id=str(tenant_id), subject=subject, reason=later.detail)


async def start_payment_rounds(settings: Settings) -> None:
    """Queue a round for each tenant that takes money."""

    async def queue(conn: Connection, tenant: Tenant) -> None:
        if await find_payment_account(conn) is not None:
            await defer_payment_round(conn, tenant.tenant_id)

    await for_each_tenant(settings, queue)


async def defer_payment_round(conn: Connection, tenant_id: UUID) -> None:
    lock = f"payments:{tenant_id}"
    await defer(conn, SETTLE_PAYMENTS, {"tenant_id": str(tenant_id)}, queueing_lock=lock, lock=lock)


async def settle_payments(payments: Payments, tenant_id: UUID) -> None:
    """One tenant's round. First what needs no Stripe; when Stripe is down the rest waits for the next round."""
    await begin_charging(payments, tenant_id)
    if await may_charge(payments, tenant_id):
        await open_due(payments, tenant_id)
    await return_what_is_owed(payments, tenant_id)
    try:
        await take_up_what_was_cut_off(payments, tenant_id)
    except StripeDown as down:
        log.warning("stripe_down", tenant_id=str(tenant_id), reason=str(down.__cause__))


async def may_charge(payments: Payments, tenant_id: UUID) -> bool:
    """Whether there is a Stripe, and it lets the shop take money now."""
    if payments.stripe is None:
        return False
    async with payments.db.tenant(tenant_id) as conn:
        account = await find_payment_account(conn)
    return account is not None and account.charges_enabled


async def begin_charging(payments: Payments, tenant_id: UUID) -> None:
    """Confirmed campaigns go on to charging: the shoppers have agreed to it, and chosen the day."""
    async with payments.db.tenant(tenant_id) as conn:
        confirmed = await list_confirmed(conn)

    async def begin(campaign_id: str) -> None:
        async with payments.db.tenant(tenant_id) as conn:
            standing = await hold_campaign(conn, campaign_id)
            if standing.state == "confirmed":
                await move_campaign(conn, standing, "charging", now=payments.clock(), actor=CLOCK)

    await _each(tenant_id, confirmed, begin)


async def open_due(payments: Payments, tenant_id: UUID) -> None:
    """Write the charges that are due; a job each sends them."""

    async def open_one(preorder_id: str) -> None:
        async with payments.db.tenant(tenant_id) as conn:
            await open_due_charge(conn, tenant_id, UUID(preorder_id), now=payments.clock())

    await _all(tenant_id, lambda: _list(payments, tenant_id, list_to_charge), open_one)


async def return_what_is_owed(payments: Payments, tenant_id: UUID) -> None:
    """Of preorders that have ended, such as all of a campaign that failed: what was paid goes back."""

    async def return_one(preorder_id: str) -> None:
        async with payments.db.tenant(tenant_id) as conn:
            await give_back(conn, tenant_id, UUID(preorder_id), now=payments.clock())

    await _all(tenant_id, lambda: _list(payments, tenant_id, list_to_give_back), return_one)


async def take_up_what_was_cut_off(payments: Payments, tenant_id: UUID) -> None:
    """Charges and refunds whose worker died, checkouts that are over, events whose job came to nothing.

    Raises StripeDown.
    """
    now = payments.clock()
    async with payments.db.tenant(tenant_id) as conn:
        over = await list_over(conn, now=now, limit=AT_ONCE)
        charges = [one.charge_key for one in await list_lost_charges(conn, now=now, limit=AT_ONCE)]
        refunds = [one.refund_key for one in await list_lost_refunds(conn, now=now, limit=AT_ONCE)]
        await queue_forgotten_events(conn, tenant_id, before=now - FORGOTTEN_AFTER)
    await _each(tenant_id, over, lambda key: payments.close_checkout(tenant_id, key))
    await _each(tenant_id, charges, lambda key: payments.send_charge(tenant_id, key))
    await _each(tenant_id, refunds, lambda key: payments.send_refund(tenant_id, key))


async def _list(payments: Payments, tenant_id: UUID, look: Look) -> list[str]:
    async with payments.db.tenant(tenant_id) as conn:
        return [str(one) for one in await look(conn, now=payments.clock(), limit=AT_ONCE)]


async def _all(tenant_id: UUID, look: Callable[[], Awaitable[list[str]]], act: Act) -> None:
    """In portions, until none is left but those that are refused."""
    before: list[str] = []
    while (found := await look()) and found != before:
        await _each(tenant_id, found, act)
        before = found


async def _each(tenant_id: UUID, names: Sequence[str], act: Act) -> None:
    """Do it for each; one that is refused holds up none of the others. Raises StripeDown and what is a bug."""
    for name in names:
        try:
            await act(name)
        except (StripeDown, StripeRefused) as stripe:
            if isinstance(stripe, StripeDown):
                raise
            log.warning("stripe_refused", tenant_id=str(tenant_id), subject=name, reason=stripe.reason)
        except Refusal as refused:
            log.warning("payment_not_settled", tenant_id=str(tenant_id), subject=name, reason=refused.detail)
