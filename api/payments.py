"""Payments: the only place where Stripe is asked. First our row, then Stripe outside any transaction, then our row.

What is cut off between two steps is found by the round (`api.payment_work`) and taken up where it stood: the row's key
is Stripe's idempotency key and stands in Stripe's metadata, so nothing is made twice.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from uuid import UUID

import structlog
from stripe import StripeClient

from api.stripe_calls import (
    PaymentsNotSetUp,
    StripeRefused,
    declined,
    end_session,
    find_payment,
    list_made_refunds,
    make_account,
    make_account_link,
    make_customer,
    make_payment,
    make_refund,
    make_session,
    may_resend,
    read_account,
    read_payment,
    read_session,
)
from infra.clock import Clock
from infra.database import Database
from infra.errors import Conflict
from infra.settings import Settings
from infra.stripe import open_stripe
from tenants.charges import Charge, end_charge, get_charge, take_up_charge
from tenants.payment_accounts import (
    PaymentAccount,
    find_payment_account,
    leave_other_mode,
    open_payment_account,
    tell_account,
)
from tenants.preorder_money import Payer, keep_customer, open_checkout, read_payer
from tenants.refunds import Refund, take_up_refund
from tenants.settling import (
    Begun,
    abandon_charge,
    begin_charge,
    find_unknown_intent,
    refuse_refund,
    settle_event,
    settle_fact,
)
from tenants.stripe_facts import Fact
from tenants.stripe_inbox import StripeEvent, find_stripe_event, finish_stripe_event, take_stripe_event

AskSession = Callable[[StripeClient, Charge], Awaitable[list[Fact]]]

log = structlog.get_logger()


class CannotPay(Conflict):
    """Stripe does not take this payment."""

    code = "cannot_pay"
    hint = "The merchant's account at Stripe, or the amount, does not allow it; tell the merchant."


@dataclass(frozen=True, slots=True)
class Connected:
    """A merchant's account, and where to fill in what Stripe still wants to know."""

    account: PaymentAccount
    url: str | None


@dataclass(frozen=True, slots=True)
class Payments:
    """Handles to both sides."""

    db: Database
    clock: Clock
    public_url: str
    fee_basis_points: int
    livemode: bool
    stripe: StripeClient | None
    """None in an installation without any Stripe."""

    @property
    def client(self) -> StripeClient:
        """Raises PaymentsNotSetUp without one."""
        if self.stripe is None:
            raise PaymentsNotSetUp("Payments are not set up in this installation.", retry_after_seconds=3600)
        return self.stripe

    async def connect(self, tenant_id: UUID, *, back_to: str) -> Connected:
        """Open the merchant's account at Stripe, or ask how far it is. Raises StripeDown, StripeRefused, OtherMode."""
        async with self.db.tenant(tenant_id) as conn:
            known = await leave_other_mode(conn, livemode=self.livemode)
        fact = await (
            make_account(self.client, tenant_id) if known is None else read_account(self.client, known.account_id)
        )
        async with self.db.tenant(tenant_id) as conn:
            await open_payment_account(
                conn, fact.id, livemode=self.livemode, fee_basis_points=self.fee_basis_points, now=self.clock()
            )
            await tell_account(conn, fact, told_at=self.clock())
            account = await find_payment_account(conn)
        assert account is not None
        if account.details_submitted:
            return Connected(account, None)
        return Connected(account, await make_account_link(self.client, account.account_id, back_to=back_to))

    async def check_out(self, tenant_id: UUID, preorder_id: UUID) -> str:
        """Where the shopper pays, or leaves the card; the same address while it is open.

        Raises NotFound, NothingToPay, ChargeUnderWay, NoPaymentAccount, CannotPay; StripeDown, and then the reservation
        stays and asking again goes on.
        """
        async with self.db.tenant(tenant_id) as conn:
            charge = await open_checkout(conn, preorder_id, now=self.clock())
            payer = await read_payer(conn, preorder_id)
            taken = charge if charge.session_url else await take_up_charge(conn, charge.charge_key, now=self.clock())
        if charge.session_url is not None:
            return charge.session_url
        assert taken is not None
        return await self._open_session(tenant_id, taken, payer)

    async def send_charge(self, tenant_id: UUID, charge_key: str) -> None:
        """Ask Stripe for a charge, or what became of it. Harmless to repeat. Raises StripeDown."""
        async with self.db.tenant(tenant_id) as conn:
            begun = await begin_charge(conn, tenant_id, charge_key, now=self.clock())
        if begun is None:
            return
        charge = begun.charge
        if charge.road == "off_session":
            paid = await self._pay(begun)
            await (self._abandon(tenant_id, charge) if paid is None else self._settle(tenant_id, charge, [paid]))
        elif charge.session_id is not None:
            await self._settle_session(tenant_id, charge, read_session)
        elif not begun.ended and may_resend(charge, self.clock() - charge.created_at):
            await self._open_session(tenant_id, charge, begun.payer)
        else:
            await self._abandon(tenant_id, charge)

    async def close_checkout(self, tenant_id: UUID, charge_key: str) -> None:
        """Let nobody pay for what has ended; who paid a moment before has paid. Raises StripeDown."""
        async with self.db.tenant(tenant_id) as conn:
            charge = await get_charge(conn, charge_key)
        if charge.session_id is None:
            # Nobody was ever told its address.
            await self._abandon(tenant_id, charge)
        else:
            await self._settle_session(tenant_id, charge, end_session)

    async def send_refund(self, tenant_id: UUID, refund_key: str) -> None:
        """Give back, or ask what became of it. Harmless to repeat. Raises StripeDown."""
        async with self.db.tenant(tenant_id) as conn:
            refund = await take_up_refund(conn, refund_key, now=self.clock())
            charge = None if refund is None else await get_charge(conn, refund.charge_key)
        if refund is None or charge is None:
            return
        try:
            await self._settle(tenant_id, charge, [await self._give_back(refund, charge)])
        except StripeRefused as refused:
            log.warning("refund_refused", tenant_id=str(tenant_id), refund=refund_key, reason=refused.reason)
            # Perhaps somebody gave it back in Stripe's dashboard: then that is what counts.
            await self._settle(tenant_id, charge, await list_made_refunds(self.client, charge))
            async with self.db.tenant(tenant_id) as conn:
                await refuse_refund(conn, tenant_id, refund_key, refused.reason, now=self.clock())

    async def handle_event(self, tenant_id: UUID, event_id: str) -> None:
        """Do what an event of the inbox says, once. Raises StripeDown."""
        async with self.db.tenant(tenant_id) as conn:
            event = await find_stripe_event(conn, event_id)
            unknown = None if event is None else await find_unknown_intent(conn, event)
        if event is None:
            return
        read = await self._read_for(event, unknown)
        async with self.db.tenant(tenant_id) as conn:
            event = await take_stripe_event(conn, event_id)
            if event is None:
                return
            outcome = await settle_event(conn, tenant_id, event, read, now=self.clock())
            await finish_stripe_event(conn, event_id, outcome, now=self.clock())
        self._warn(tenant_id, event_id, outcome)

    async def _read_for(self, event: StripeEvent, unknown_intent: str | None) -> list[Fact]:
        """What must be known before an event can be handled, whatever the order in which events come."""
        try:
            if event.fact.kind == "account":
                # An account may change twice in a second, and events tell seconds only: what it is now counts.
                return [await read_account(self.client, event.account_id)]
            if unknown_intent is not None:
                return [await read_payment(self.client, event.account_id, unknown_intent)]
        except StripeRefused:
            log.info("stripe_object_gone", event_id=event.event_id)
        return []

    async def _open_session(self, tenant_id: UUID, charge: Charge, payer: Payer) -> str:
        try:
            customer_id = payer.customer_id or await make_customer(self.client, charge, payer.guest_email)
            success_url = f"{self.public_url}/p/v1/checkout/{tenant_id}/{{CHECKOUT_SESSION_ID}}"
            session = await make_session(
                self.client, charge, customer_id=customer_id, title=payer.title, success_url=success_url
            )
        except StripeRefused as refused:
            async with self.db.tenant(tenant_id) as conn:
                await end_charge(conn, charge.charge_key, "cancelled", now=self.clock())
            raise CannotPay(refused.detail) from refused
        async with self.db.tenant(tenant_id) as conn:
            await keep_customer(conn, charge.preorder_id, customer_id)
            await settle_fact(conn, tenant_id, session, account_id=charge.account_id, now=self.clock())
        assert session.url is not None
        return session.url

    async def _pay(self, begun: Begun) -> Fact | None:
        """None when nothing was charged and nothing is to be."""
        charge, payer = begun.charge, begun.payer
        if payer.customer_id is None or payer.payment_method_id is None:
            return _without_card(charge)
        if charge.sends > 1:
            try:
                found = await find_payment(self.client, charge, customer_id=payer.customer_id)
            except StripeRefused as refused:
                # The customer, or the whole account, is gone: nothing can be charged there any more.
                return declined(charge, refused)
            if found is not None or begun.ended:
                return found
        return await make_payment(
            self.client, charge, customer_id=payer.customer_id, payment_method_id=payer.payment_method_id
        )

    async def _settle_session(self, tenant_id: UUID, charge: Charge, ask: AskSession) -> None:
        """Raises StripeRefused, as for an account that was disconnected, while somebody may still pay there."""
        try:
            facts = await ask(self.client, charge)
        except StripeRefused:
            if charge.session_expires_at is None or charge.session_expires_at > self.clock():
                raise
            await self._abandon(tenant_id, charge)
        else:
            await self._settle(tenant_id, charge, facts)

    async def _give_back(self, refund: Refund, charge: Charge) -> Fact:
        made = await list_made_refunds(self.client, charge) if refund.sends > 1 else []
        found = next((fact for fact in made if fact.key == refund.refund_key), None)
        return found or await make_refund(self.client, refund, charge)

    async def _settle(self, tenant_id: UUID, charge: Charge, facts: Sequence[Fact]) -> None:
        """The last first: what was paid on a session counts before the session's end."""
        for fact in reversed(facts):
            async with self.db.tenant(tenant_id) as conn:
                outcome = await settle_fact(conn, tenant_id, fact, account_id=charge.account_id, now=self.clock())
            self._warn(tenant_id, fact.id, outcome)

    async def _abandon(self, tenant_id: UUID, charge: Charge) -> None:
        async with self.db.tenant(tenant_id) as conn:
            await abandon_charge(conn, tenant_id, charge.charge_key, now=self.clock())

    def _warn(self, tenant_id: UUID, subject: str, outcome: str) -> None:
        if outcome.startswith("mismatch"):
            log.error("stripe_contradicts_us", tenant_id=str(tenant_id), subject=subject, outcome=outcome)


@asynccontextmanager
async def open_payments(settings: Settings, db: Database, clock: Clock) -> AsyncIterator[Payments]:
    """On a database that the caller closes."""
    key, fee = settings.stripe_api_key, settings.fee_basis_points
    if key is None:
        yield Payments(db, clock, settings.public_url, fee, livemode=False, stripe=None)
        return
    async with open_stripe(settings) as client:
        yield Payments(db, clock, settings.public_url, fee, livemode="_live_" in key[:8], stripe=client)


def _without_card(charge: Charge) -> Fact:
    """A charge for which there is no card: only the shopper can help."""
    return Fact(
        kind="payment_intent",
        id="",
        key=charge.charge_key,
        status="requires_payment_method",
        amount_minor=charge.amount_minor,
        currency=charge.currency,
        error_code="authentication_required",
    )
