"""Stripe calls: every question we ask Stripe about money, each answered by a fact. No database here.

Direct charges: each call names the merchant's account, and our share is the application fee. Every call that makes
something carries our own key, both as Stripe's idempotency key and in the metadata.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from uuid import UUID

import stripe
from stripe import RequestOptions, StripeClient
from stripe.params import AccountCreateParams, CustomerCreateParams, PaymentIntentCreateParams, RefundCreateParams
from stripe.params.checkout import SessionCreateParams

from api.stripe_reading import KEY, read_fact
from infra.errors import Conflict, Unavailable
from tenants.charges import Charge
from tenants.refunds import Refund
from tenants.stripe_facts import Fact

SESSION_LASTS = timedelta(hours=4)
"""Counted from the charge, so that asking again asks the same. It is ended with its reservation, which is sooner."""
_RESEND_WITHIN = timedelta(hours=3)
"""Stripe wants a session to last for half an hour at the least."""


class StripeDown(Unavailable):
    """Stripe cannot be reached at the moment."""

    code = "stripe_down"


class PaymentsNotSetUp(StripeDown):
    """This installation takes no payments."""

    code = "payments_not_set_up"
    hint = "Its operator sets STRIPE_API_KEY and STRIPE_WEBHOOK_SECRET, and starts it anew."


class StripeRefused(Conflict):
    """Stripe does not do that."""

    code = "stripe_refused"
    hint = "The message is Stripe's. In most cases something about the account at Stripe is to be finished there."

    def __init__(self, detail: str, *, reason: str) -> None:
        super().__init__(detail)
        self.reason = reason


async def make_account(client: StripeClient, tenant_id: UUID) -> Fact:
    """A connected account of the merchant's own, who carries fees and losses; the same one when asked again."""
    params: AccountCreateParams = {"type": "standard", "metadata": {KEY: f"tenant:{tenant_id}"}}
    async with _asking():
        made = await client.v1.accounts.create_async(params, {"idempotency_key": f"account:{tenant_id}"})
    return _fact(made)


async def read_account(client: StripeClient, account_id: str) -> Fact:
    async with _asking():
        return _fact(await client.v1.accounts.retrieve_async(account_id))


async def make_account_link(client: StripeClient, account_id: str, *, back_to: str) -> str:
    """Where the merchant fills in what Stripe must know. It can be used once, and for a few minutes."""
    async with _asking():
        link = await client.v1.account_links.create_async(
            {"account": account_id, "type": "account_onboarding", "return_url": back_to, "refresh_url": back_to}
        )
    return link.url


async def make_customer(client: StripeClient, charge: Charge, email: str | None) -> str:
    """Who pays, on the merchant's account: one a preorder, so that all its payments are found under it."""
    params: CustomerCreateParams = {"metadata": {KEY: f"preorder:{charge.preorder_id}"}}
    if email is not None:
        params["email"] = email
    async with _asking():
        made = await client.v1.customers.create_async(
            params, _on(charge.account_id, f"preorder:{charge.preorder_id}:customer")
        )
    return made.id


async def make_session(client: StripeClient, charge: Charge, *, customer_id: str, title: str, success_url: str) -> Fact:
    """A page of Stripe's on which the shopper pays, or leaves the card; the same page when asked again."""
    params: SessionCreateParams = {
        "customer": customer_id,
        "client_reference_id": str(charge.preorder_id),
        "success_url": success_url,
        # Only cards: what is paid with them is paid or not when the page is left.
        "allowed_payment_method_types": ["card"],
        "metadata": {KEY: charge.charge_key},
        "expires_at": int((charge.created_at + SESSION_LASTS).timestamp()),
    }
    if charge.purpose == "setup":
        params |= {"mode": "setup", "setup_intent_data": {"metadata": {KEY: charge.charge_key}}}
    else:
        params |= _payment(charge, title)
    async with _asking():
        made = await client.v1.checkout.sessions.create_async(params, _on(charge.account_id, charge.charge_key))
    return _fact(made)


async def read_session(client: StripeClient, charge: Charge) -> list[Fact]:
    """The session as it is now, and what was paid or saved on it."""
    assert charge.session_id is not None
    options: RequestOptions = {"stripe_account": charge.account_id}
    async with _asking():
        session = _fact(await client.v1.checkout.sessions.retrieve_async(charge.session_id, options=options))
        if session.intent_id is None:
            return [session]
        intents = client.v1.setup_intents if charge.purpose == "setup" else client.v1.payment_intents
        return [session, _fact(await intents.retrieve_async(session.intent_id, options=options))]


async def end_session(client: StripeClient, charge: Charge) -> list[Fact]:
    """Close the page, so that nobody pays for what they no longer get; what was paid before is told."""
    assert charge.session_id is not None
    try:
        async with _asking():
            ended = await client.v1.checkout.sessions.expire_async(
                charge.session_id, options={"stripe_account": charge.account_id}
            )
    except StripeRefused:
        # It is over already: one way, or the other.
        return await read_session(client, charge)
    return [_fact(ended)]


async def make_payment(client: StripeClient, charge: Charge, *, customer_id: str, payment_method_id: str) -> Fact:
    """Charge the saved card while its owner is away. A decline is an answer too."""
    params: PaymentIntentCreateParams = {
        "amount": charge.amount_minor,
        "currency": charge.currency.lower(),
        "customer": customer_id,
        "payment_method": payment_method_id,
        "allowed_payment_method_types": ["card"],
        "off_session": True,
        "confirm": True,
        "metadata": {KEY: charge.charge_key},
    }
    if charge.fee_minor:
        params["application_fee_amount"] = charge.fee_minor
    try:
        async with _asking():
            made = await client.v1.payment_intents.create_async(params, _on(charge.account_id, charge.charge_key))
    except StripeRefused as refused:
        return declined(charge, refused)
    return _fact(made)


async def find_payment(client: StripeClient, charge: Charge, *, customer_id: str) -> Fact | None:
    """The payment that was made for this charge, by its metadata; None when Stripe never heard of it."""
    async with _asking():
        made = await client.v1.payment_intents.list_async(
            {"customer": customer_id, "limit": 100}, {"stripe_account": charge.account_id}
        )
        async for one in made.auto_paging_iter():
            fact = _fact(one)
            if fact.key == charge.charge_key:
                return fact
    return None


async def read_payment(client: StripeClient, account_id: str, intent_id: str) -> Fact:
    """One payment of a merchant's account, ours or not."""
    async with _asking():
        return _fact(await client.v1.payment_intents.retrieve_async(intent_id, options={"stripe_account": account_id}))


async def make_refund(client: StripeClient, refund: Refund, charge: Charge) -> Fact:
    """Give back so much of a charge, and our share of it. Raises StripeRefused."""
    assert charge.intent_id is not None
    params: RefundCreateParams = {
        "payment_intent": charge.intent_id,
        "amount": refund.amount_minor,
        "metadata": {KEY: refund.refund_key},
    }
    if charge.fee_minor:
        params["refund_application_fee"] = True
    async with _asking():
        return _fact(await client.v1.refunds.create_async(params, _on(charge.account_id, refund.refund_key)))


async def list_made_refunds(client: StripeClient, charge: Charge) -> list[Fact]:
    """All that was ever given back of a charge, by whomever."""
    assert charge.intent_id is not None
    async with _asking():
        made = await client.v1.refunds.list_async(
            {"payment_intent": charge.intent_id, "limit": 100}, {"stripe_account": charge.account_id}
        )
        return [_fact(one) async for one in made.auto_paging_iter()]


def declined(charge: Charge, refused: StripeRefused) -> Fact:
    """A refusal as the answer that it is. The intent stands in the error, if one was made."""
    cause = refused.__cause__
    error = cause.error if isinstance(cause, stripe.StripeError) else None
    intent = None if error is None else error.payment_intent
    if intent is not None:
        return _fact(intent)
    return Fact(
        kind="payment_intent",
        id="",
        key=charge.charge_key,
        status="requires_payment_method",
        amount_minor=charge.amount_minor,
        currency=charge.currency,
        error_code=refused.reason,
    )


def may_resend(charge: Charge, age: timedelta) -> bool:
    """Whether its session can still be asked for."""
    return age < _RESEND_WITHIN


def _payment(charge: Charge, title: str) -> SessionCreateParams:
    price = {"currency": charge.currency.lower(), "unit_amount": charge.amount_minor, "product_data": {"name": title}}
    payment: dict[str, object] = {"metadata": {KEY: charge.charge_key}}
    if charge.fee_minor:
        payment["application_fee_amount"] = charge.fee_minor
    if charge.purpose == "deposit":
        payment["setup_future_usage"] = "off_session"
    return {"mode": "payment", "line_items": [{"price_data": price, "quantity": 1}], "payment_intent_data": payment}  # type: ignore[typeddict-item]  # built in steps


def _on(account_id: str, key: str) -> RequestOptions:
    return {"stripe_account": account_id, "idempotency_key": key}


def _fact(thing: stripe.StripeObject) -> Fact:
    fact = read_fact(thing.to_dict())
    assert fact is not None
    return fact


@asynccontextmanager
async def _asking() -> AsyncIterator[None]:
    """Raises StripeRefused for what Stripe will never do, StripeDown for what it may do later."""
    try:
        yield
    except (stripe.CardError, stripe.InvalidRequestError, stripe.PermissionError) as refused:
        message = refused.user_message or "Stripe refused."
        raise StripeRefused(message, reason=refused.code or "refused") from refused
    except stripe.StripeError as down:
        raise StripeDown("Payments are out of reach for the moment.", retry_after_seconds=30) from down
