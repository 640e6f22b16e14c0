"""/stripe/webhooks: where Stripe tells what happened. Verified, stored with its job, and answered at once."""

import re
from datetime import UTC, datetime
from typing import Any, Literal

import msgspec
import stripe
import structlog
from msgspec import Struct
from starlette.requests import Request
from starlette.responses import Response

from api.bodies import decode_one, read_body
from api.endpoints import Endpoint, Parameter
from api.resources import answer
from api.state import State, state_of
from api.stripe_reading import read_fact
from infra.errors import BadRequest, Invalid, TooLarge, Unauthenticated, Unavailable, Unsupported
from infra.stripe import WEBHOOK_PATH
from tenants.payment_accounts import find_account_tenant, find_payment_account
from tenants.stripe_facts import Fact
from tenants.stripe_inbox import StripeEvent, concerns_us, record_stripe_event

MAX_EVENT = 1_000_000
OLDEST_SECONDS = 300
_TIMESTAMP = re.compile(r"t=(\d{1,12})")

log = structlog.get_logger()


class BadSignature(Unauthenticated):
    """That does not come from Stripe, or not now."""

    code = "bad_signature"
    hint = "Give the endpoint's signing secret (whsec_…) to Lastbook, and have both clocks right."


class EventTaken(Struct, frozen=True, kw_only=True):
    """What became of the event: `ignored` is what does not concern any shop here."""

    result: Literal["recorded", "known", "ignored"]


class _Data(Struct):
    object: dict[str, Any]  # any object of Stripe's


class _Event(Struct):
    id: str
    type: str
    created: int
    livemode: bool
    data: _Data
    account: str | None = None


async def take_stripe_event(request: Request) -> Response:
    """Take one event. Told twice is harmless."""
    state, body = state_of(request), await read_body(request, limit=MAX_EVENT)
    verify(state, body, request.headers.get("stripe-signature", ""))
    return answer(EventTaken(result=await _record(state, decode_one(body, _decoder))))


def verify(state: State, body: bytes, header: str) -> None:
    """Raises BadSignature for another signature, and for a time more than five minutes off in either direction."""
    told = _read_timestamp(header)
    try:
        # Its own tolerance looks at the machine's clock, and to the past only.
        stripe.Webhook.construct_event(body, header, state.settings.stripe_webhook_secret, tolerance=0)
    except (stripe.SignatureVerificationError, ValueError, AttributeError, RecursionError):
        # The package's parser says the last three for what is signed and no event.
        raise BadSignature("The Stripe-Signature does not fit the body, or the body is no event.") from None
    if abs(state.clock().timestamp() - told) > OLDEST_SECONDS:
        raise BadSignature("The Stripe-Signature is too old, or from the future.")


def _read_timestamp(header: str) -> int:
    """The only one, or else the package might verify one time and we look at another. Raises BadSignature."""
    times = [item for item in header.split(",") if item.partition("=")[0].strip() == "t"]
    told = _TIMESTAMP.fullmatch(times[0]) if len(times) == 1 and header.isascii() else None
    if told is None:
        raise BadSignature("The Stripe-Signature header is missing, or is none.")
    return int(told[1])


async def _record(state: State, event: _Event) -> Literal["recorded", "known", "ignored"]:
    """Of an account that is a shop's here, in the mode in which we work, about what may be a preorder's."""
    fact = _disconnected(event) or read_fact(event.data.object)
    async with state.db.system() as conn:
        tenant_id = None if event.account is None else await find_account_tenant(conn, event.account)
    elsewhere = event.livemode != state.payments.livemode
    if tenant_id is None or event.account is None or elsewhere or fact is None or not concerns_us(fact):
        log.debug("stripe_event_ignored", event_id=event.id, type=event.type, livemode=event.livemode)
        return "ignored"
    told = StripeEvent(
        event_id=event.id,
        type=event.type,
        account_id=event.account,
        livemode=event.livemode,
        created_at=datetime.fromtimestamp(event.created, UTC),
        fact=fact,
    )
    async with state.db.tenant(tenant_id) as conn:
        account = await find_payment_account(conn)
        if account is None or (account.account_id, account.livemode) != (event.account, event.livemode):
            return "ignored"
        return "recorded" if await record_stripe_event(conn, tenant_id, told, now=state.clock()) else "known"


def _disconnected(event: _Event) -> Fact | None:
    """The merchant has taken the account away from us: nothing can be charged there any more."""
    if event.type != "account.application.deauthorized" or event.account is None:
        return None
    return Fact(kind="account", id=event.account)


_decoder = msgspec.json.Decoder(_Event)

STRIPE_WEBHOOK = [
    Endpoint(
        "POST", WEBHOOK_PATH, take_stripe_event, "Where Stripe tells what happened", "payments",
        answer=EventTaken, body=_Event,
        refusals=(BadRequest, Unauthenticated, TooLarge, Unsupported, Invalid, Unavailable),
        parameters=(Parameter("Stripe-Signature", "header", {"type": "string"}, "Made by Stripe.", required=True),),
    ),
]  # fmt: skip
