"""Payments for the merchant's server: the account at Stripe, what was paid for a preorder, and what Stripe told us."""

from collections.abc import Sequence
from functools import partial
from typing import Annotated
from uuid import UUID

import msgspec
from msgspec import Meta, Struct
from starlette.requests import Request
from starlette.responses import Response

from api.auth import authenticate
from api.bodies import decode_one, read_body
from api.endpoints import Endpoint
from api.paging import PAGING, make_cursor, read_cursor, read_limit
from api.resources import IDEMPOTENCY, answer, path_id
from api.setting import Setting
from api.state import state_of
from api.writes import write
from infra.database import Connection
from infra.errors import (
    BadRequest,
    Conflict,
    Forbidden,
    Invalid,
    NotFound,
    TooLarge,
    Unauthenticated,
    Unavailable,
    Unsupported,
)
from tenants.audit import record_audit
from tenants.charge_schedule import RetryPolicy
from tenants.charges import Charge, list_charges
from tenants.disputes import Dispute, list_disputes
from tenants.fields import ExternalId, Moment, Url
from tenants.payment_accounts import (
    NoPaymentAccount,
    PaymentAccount,
    find_payment_account,
    put_retry_policy,
    read_retry_policy,
)
from tenants.preorder_states import no_preorder
from tenants.preorders import get_preorder
from tenants.refunds import Refund, list_refunds
from tenants.stripe_inbox import MOST_REPLAYED, RecordedEvent, list_stripe_events, replay_stripe_events


class AccountOut(Struct, frozen=True, kw_only=True):
    """The account to which your shoppers pay, and how it is charged."""

    account_id: str
    livemode: bool
    charges_enabled: Annotated[bool, Meta(description="Whether Stripe lets it take money.")]
    details_submitted: bool
    fee_basis_points: Annotated[int, Meta(description="Our share of what is taken.")]
    onboarding_url: Annotated[
        str | None, Meta(description="Where to fill in what Stripe wants to know: for a few minutes, once.")
    ] = None


class ConnectIn(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Where Stripe sends you when you are done there."""

    return_url: Url


class CheckoutIn(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A preorder that is reserved, or of which a charge failed."""

    id: UUID


class CheckoutOut(Struct, frozen=True, kw_only=True):
    """Where its shopper pays, or leaves the card: a page of Stripe's."""

    url: str


class PaymentsOut(Struct, frozen=True, kw_only=True):
    """All that was ever asked, given back and disputed of one preorder, the first one first."""

    charges: Sequence[Charge]
    refunds: Sequence[Refund]
    disputes: Sequence[Dispute]


class EventPage(Struct, frozen=True, kw_only=True):
    """What Stripe told, the newest first."""

    items: Sequence[RecordedEvent]
    next: str | None


class ReplayIn(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Which events to handle again: these, or those received since then, a thousand at the most."""

    event_ids: Annotated[tuple[ExternalId, ...], Meta(max_length=MOST_REPLAYED)] = ()
    since: Moment | None = None

    def __post_init__(self) -> None:
        if bool(self.event_ids) == (self.since is not None):
            raise ValueError("say which: either event_ids or since")


class Replayed(Struct, frozen=True, kw_only=True):
    """The events that are handled again."""

    event_ids: Sequence[str]


async def get_account(request: Request) -> Response:
    caller = await authenticate(request, state_of(request).keys, "campaigns:read")
    async with state_of(request).db.tenant(caller.tenant_id) as conn:
        account = await find_payment_account(conn)
    if account is None:
        raise NotFound("This shop has no account at Stripe.", hint=NoPaymentAccount.hint)
    return answer(_account_out(account, None))


async def connect(request: Request) -> Response:
    """Open the account at Stripe, or ask how far it is. Asking again is harmless."""
    state = state_of(request)
    caller = await authenticate(request, state.keys, "campaigns:write")
    asked = decode_one(await read_body(request), _connect)
    connected = await state.payments.connect(caller.tenant_id, back_to=asked.return_url)
    async with state.db.tenant(caller.tenant_id) as conn:
        account_id = connected.account.account_id
        await record_audit(conn, actor=f"key {caller.key_id}", action="connect payment account", subject=account_id)
    return answer(_account_out(connected.account, connected.url))


async def check_out(request: Request) -> Response:
    """The same address while it is open, so asking again is harmless."""
    state = state_of(request)
    caller = await authenticate(request, state.keys, "preorders:write")
    asked = decode_one(await read_body(request), _checkout)
    return answer(CheckoutOut(url=await state.payments.check_out(caller.tenant_id, asked.id)))


async def get_payments(request: Request) -> Response:
    caller = await authenticate(request, state_of(request).keys, "preorders:read")
    async with state_of(request).db.tenant(caller.tenant_id) as conn:
        preorder_id = (await get_preorder(conn, _preorder_id(request))).preorder_id
        charges, refunds = await list_charges(conn, preorder_id), await list_refunds(conn, preorder_id)
        return answer(PaymentsOut(charges=charges, refunds=refunds, disputes=await list_disputes(conn, preorder_id)))


async def get_events(request: Request) -> Response:
    caller = await authenticate(request, state_of(request).keys, "preorders:read")
    limit, before = read_limit(request), read_cursor(request)
    async with state_of(request).db.tenant(caller.tenant_id) as conn:
        items = await list_stripe_events(conn, before=before, limit=limit)
    following = make_cursor(items[-1].event_id) if len(items) == limit else None
    return answer(EventPage(items=items, next=following))


async def replay(request: Request) -> Response:
    """Handle events again. Harmless: an event only ever moves a state forward."""
    caller = await authenticate(request, state_of(request).keys, "preorders:write")
    body = await read_body(request)
    asked = decode_one(body, _replay)

    async def effect(conn: Connection) -> Replayed:
        again = await replay_stripe_events(conn, caller.tenant_id, event_ids=asked.event_ids, since=asked.since)
        await record_audit(conn, actor=f"key {caller.key_id}", action="replay stripe events", subject=str(len(again)))
        return Replayed(event_ids=again)

    return await write(request, caller.tenant_id, body, effect)


def _account_out(account: PaymentAccount, onboarding_url: str | None) -> AccountOut:
    return AccountOut(
        account_id=account.account_id,
        livemode=account.livemode,
        charges_enabled=account.charges_enabled,
        details_submitted=account.details_submitted,
        fee_basis_points=account.fee_basis_points,
        onboarding_url=onboarding_url,
    )


def _preorder_id(request: Request) -> UUID:
    try:
        return UUID(path_id(request))
    except ValueError:
        raise no_preorder() from None


_connect = msgspec.json.Decoder(ConnectIn)
_checkout = msgspec.json.Decoder(CheckoutIn)
_replay = msgspec.json.Decoder(ReplayIn)

_RETRIES = Setting(
    path="/v1/payment-retries",
    tag="payments",
    scope="campaigns",
    document=RetryPolicy,
    read=read_retry_policy,
    store=put_retry_policy,
    reads="Read how long a card that does not pay is tried",
    stores="Say how long a card that does not pay is tried",
)
_KEYED = (BadRequest, Unauthenticated, Forbidden, Unavailable)
_BODY = (*_KEYED, TooLarge, Unsupported, Invalid)
_account = partial(Endpoint, tag="payments", answer=AccountOut)
_reading = partial(Endpoint, tag="payments", scope="preorders:read")

PAYMENTS = [
    _account("GET", "/v1/payment-account", get_account, "Read the account to which shoppers pay",
             refusals=(*_KEYED, NotFound), scope="campaigns:read"),
    _account("POST", "/v1/payment-account:connect", connect, "Open an account at Stripe, or go on filling it in",
             refusals=(*_BODY, Conflict), body=ConnectIn, scope="campaigns:write"),
    *_RETRIES.endpoints(),
    Endpoint("POST", "/v1/preorders:checkout", check_out, "Open the page on which a shopper pays", "payments",
             answer=CheckoutOut, refusals=(*_BODY, NotFound, Conflict), body=CheckoutIn, scope="preorders:write"),
    _reading("GET", "/v1/preorder-payments/{id}", get_payments, "List what was paid and given back for a preorder",
             answer=PaymentsOut, refusals=(*_KEYED, NotFound)),
    _reading("GET", "/v1/stripe-events", get_events, "List what Stripe told", answer=EventPage, refusals=_KEYED,
             parameters=PAGING),
    Endpoint("POST", "/v1/stripe-events:replay", replay, "Handle events of Stripe's again", "payments",
             answer=Replayed, refusals=(*_BODY, Conflict), body=ReplayIn, scope="preorders:write",
             parameters=IDEMPOTENCY),
]  # fmt: skip
