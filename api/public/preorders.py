"""/public/v1/preorders: a shopper joins a campaign, comes back, changes or cancels, by a token or by a link."""

from collections.abc import Awaitable, Callable, Sequence
from datetime import date, datetime
from typing import Annotated
from uuid import UUID

import msgspec
from msgspec import Meta, Struct

from api.bodies import decode_one
from api.public.addresses import make_address
from api.public.answers import PublicAnswer
from api.public.proven import Asker, find_asker, open_asker
from api.public.wire import PublishableKey, Token
from api.resources import refusal_of
from api.state import State
from api.stripe_calls import PaymentsNotSetUp, StripeDown
from api.writes import settle
from infra.database import Connection
from infra.errors import Conflict, FieldError, Forbidden, NotFound, Unavailable
from tenants.attributes import Locale
from tenants.campaign_prices import UnitPrices
from tenants.delays import Answer, answer_delay
from tenants.fields import Email, ExternalId, Moment, ShortText
from tenants.identifiers import normalise_email
from tenants.named import Named, name_shoppers
from tenants.options import Region
from tenants.payment_accounts import NoPaymentAccount
from tenants.preorder_changes import Change, cancel_own, change_preorder
from tenants.preorder_links import get_linked, link_url, make_link, parse_link
from tenants.preorder_money import keep_reservation
from tenants.preorder_states import hold_preorder, no_preorder
from tenants.preorder_views import PreorderView, view_preorders
from tenants.preorders import Buyer, Preorder, Wish, open_preorder

LinkSecret = Annotated[str, Meta(min_length=1, max_length=100, description="The last part of a preorder's link.")]


class OpenIn(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What is wanted of a campaign, by a shopper with a token or by a guest."""

    key: PublishableKey
    campaign: ExternalId
    product: ExternalId
    quantity: Annotated[int, Meta(ge=1, le=10_000)]
    terms_version: Annotated[ShortText, Meta(description="Of the terms that the shopper saw and agreed to.")]
    variant: ExternalId | None = None
    quote: Annotated[
        UUID | None,
        Meta(description="Of what is made to order: `quote_id` of the shopper's own quote, which gives the price."),
    ] = None
    token: Token | None = None
    guest_email: Annotated[Email | None, Meta(description="Without a token: where news of the preorder goes.")] = None
    locale: Locale = "en"
    region: Region | None = None
    charge_on: date | None = None


class OpenOut(Struct, frozen=True, kw_only=True):
    """The reservation, and the link by which the shopper comes back to it. The link is shown once."""

    preorder_id: UUID
    quantity: int
    unit_prices: tuple[UnitPrices, ...]
    total_minor: int
    deposit_minor: int
    currency: str
    reserved_until: Moment
    url: str
    checkout_url: Annotated[
        str | None,
        Meta(description="Where the shopper pays or leaves the card; null when the shop takes no payments here."),
    ]


class CheckoutOut(Struct, frozen=True, kw_only=True):
    """Where the shopper pays, or leaves the card: a page of Stripe's."""

    checkout_url: str


class PaymentsDown(Unavailable):
    """The place is kept, but payments are out of reach for the moment."""

    code = "payments_down"
    hint = "Do not send this again. Send the shopper to `url`: that page goes on to the payment as soon as it can."


class AskIn(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Which preorders: the one of a link if there is one, else a shopper's own."""

    key: PublishableKey
    link: LinkSecret | None = None
    token: Token | None = None

    def __post_init__(self) -> None:
        if self.link is None and self.token is None:
            raise ValueError("send a link or a token")


class PreordersOut(Struct, frozen=True, kw_only=True):
    """Preorders, the newest first."""

    preorders: Sequence[PreorderView]


class CancelIn(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Which preorder: that of a link if there is one, else one of a shopper's own."""

    key: PublishableKey
    link: LinkSecret | None = None
    token: Token | None = None
    preorder: UUID | None = None

    def __post_init__(self) -> None:
        if self.link is None and (self.token is None or self.preorder is None):
            raise ValueError("send a link, or a token and a preorder")


class PayIn(CancelIn, frozen=True, kw_only=True):
    """Which preorder: that of a link, or one of a shopper's own."""


class ChangeIn(CancelIn, frozen=True, kw_only=True):
    """The same, and what is wanted instead; what is not said stays."""

    quantity: Annotated[int, Meta(ge=1, le=10_000)] | None = None
    variant: ExternalId | None = None
    charge_on: date | None = None


class AnswerIn(CancelIn, frozen=True, kw_only=True):
    """The same, and what the shopper says to a later ship date."""

    answer: Annotated[Answer, Meta(description="declined: the preorder is cancelled, and all of its money goes back.")]


class PreorderOut(Struct, frozen=True, kw_only=True):
    """One preorder as it is now."""

    preorder: PreorderView


async def open_one(state: State, body: bytes) -> PublicAnswer:
    """Reserve units for half an hour."""
    wanted, now = decode_one(body, _open), state.clock()
    tenant_id, shopper_id = await open_asker(state, key=wanted.key, token=wanted.token, now=now)

    secret, sha256 = make_link(tenant_id)

    async def once() -> Preorder:
        async with state.db.tenant(tenant_id) as conn:
            buyer = await _find_buyer(conn, shopper_id, wanted.guest_email)
            return await open_preorder(conn, _wish(wanted), buyer, now=now, link_sha256=sha256)

    preorder = await settle(once)
    url = link_url(state.settings.public_url, secret)
    checkout_url = await _begin_payment(state, tenant_id, preorder.preorder_id, url)
    told = {name: getattr(preorder, name) for name in OpenOut.__struct_fields__ if name not in ("url", "checkout_url")}
    answer = OpenOut(**told, url=url, checkout_url=checkout_url)
    return PublicAnswer(msgspec.json.encode(answer), 201)


async def pay(state: State, body: bytes) -> PublicAnswer:
    """Go on with what is to be paid now: to join, or after a charge that failed."""
    asked = decode_one(body, _pay)
    token = None if asked.link else asked.token
    tenant_id, shopper_id = await open_asker(state, key=asked.key, token=token, now=state.clock())
    async with state.db.tenant(tenant_id) as conn:
        preorder_id = await _find_own(conn, tenant_id, asked, shopper_id)
    checkout_url = await state.payments.check_out(tenant_id, preorder_id)
    return PublicAnswer(msgspec.json.encode(CheckoutOut(checkout_url=checkout_url)))


async def ask_status(state: State, body: bytes) -> PublicAnswer:
    """What has become of it."""
    asked, now = decode_one(body, _ask), state.clock()
    token = None if asked.link else asked.token
    tenant_id, shopper_id = await open_asker(state, key=asked.key, token=token, now=now)
    async with state.db.tenant(tenant_id) as conn:
        found = await list_own(conn, Asker(tenant_id, shopper_id), asked.link, now)
    return PublicAnswer(msgspec.json.encode(PreordersOut(preorders=found)))


async def cancel(state: State, body: bytes) -> PublicAnswer:
    """As far as the terms let the shopper; what they get back stands in the answer."""
    asked, now = decode_one(body, _cancel), state.clock()

    async def act(conn: Connection, preorder_id: UUID) -> None:
        await cancel_own(conn, preorder_id, now=now)

    return await _act(state, asked, act, now)


async def change(state: State, body: bytes) -> PublicAnswer:
    """More or fewer units, another variant, another day for the charge."""
    asked, now = decode_one(body, _change), state.clock()
    wanted = Change(quantity=asked.quantity, variant_id=asked.variant, charge_on=asked.charge_on)

    async def act(conn: Connection, preorder_id: UUID) -> None:
        await change_preorder(conn, preorder_id, wanted, now=now)

    return await _act(state, asked, act, now)


async def answer_date(state: State, body: bytes) -> PublicAnswer:
    """Accept a later ship date, or decline it and get everything back."""
    asked, now = decode_one(body, _answer), state.clock()

    async def act(conn: Connection, preorder_id: UUID) -> None:
        await answer_delay(conn, preorder_id, asked.answer, now=now)

    return await _act(state, asked, act, now)


async def _begin_payment(state: State, tenant_id: UUID, preorder_id: UUID, url: str) -> str | None:
    """Raises PaymentsDown with the way to go on later, and what Stripe refuses."""
    try:
        return await state.payments.check_out(tenant_id, preorder_id)
    except (NoPaymentAccount, PaymentsNotSetUp):
        return None
    except StripeDown as down:
        async with state.db.tenant(tenant_id) as conn:
            until = await keep_reservation(conn, preorder_id, now=state.clock())
        raise PaymentsDown(
            f"The place is kept until {until:%Y-%m-%d %H:%M} UTC, but payments are out of reach for the moment.",
            retry_after_seconds=down.retry_after_seconds,
            url=url,
        ) from down


async def _act(
    state: State, asked: CancelIn, act: Callable[[Connection, UUID], Awaitable[None]], now: datetime
) -> PublicAnswer:
    """Do it to the one preorder that is meant, and answer how it is then."""
    token = None if asked.link else asked.token
    tenant_id, shopper_id = await open_asker(state, key=asked.key, token=token, now=now)

    async def once() -> PreorderOut:
        async with state.db.tenant(tenant_id) as conn:
            preorder_id = await _find_own(conn, tenant_id, asked, shopper_id)
            await act(conn, preorder_id)
            return PreorderOut(preorder=await _view(conn, preorder_id, now))

    return PublicAnswer(msgspec.json.encode(await settle(once)))


async def _find_own(conn: Connection, tenant_id: UUID, asked: CancelIn, shopper_id: str | None) -> UUID:
    """Raises NotFound."""
    if asked.link is not None:
        return await _by_link(conn, tenant_id, asked.link)
    assert asked.preorder is not None
    shopper = await _find_known(conn, shopper_id)
    if shopper is None or (await hold_preorder(conn, asked.preorder)).shopper_id != shopper.shopper_id:
        raise no_preorder()
    return asked.preorder


async def list_own(conn: Connection, asker: Asker, link: str | None, now: datetime) -> list[PreorderView]:
    """The one of a link if there is one, else those of a shopper whom a token proves.

    Raises NotFound for a link that leads nowhere, or to another tenant.
    """
    if link is not None:
        return await view_preorders(conn, preorder_ids=[await _by_link(conn, asker.tenant_id, link)], now=now)
    shopper = await _find_known(conn, asker.shopper_id)
    return [] if shopper is None else await view_preorders(conn, shopper_id=shopper.shopper_id, now=now)


async def _find_known(conn: Connection, shopper_id: str | None) -> Named | None:
    assert shopper_id is not None
    return (await name_shoppers(conn, [shopper_id])).get(shopper_id)


async def _by_link(conn: Connection, tenant_id: UUID, secret: str) -> UUID:
    """Raises NotFound, for another tenant's link too."""
    link = parse_link(secret)
    if link.tenant_id != tenant_id:
        raise no_preorder()
    return await get_linked(conn, link)


async def _find_buyer(conn: Connection, shopper_id: str | None, guest_email: str | None) -> Buyer:
    """Raises Invalid when nobody can be told."""
    shopper = await find_asker(conn, shopper_id)
    if shopper is not None:
        return Buyer(shopper=shopper)
    if guest_email is None:
        raise refusal_of(FieldError("guest_email", "is missing: without a token there is nobody to write to"))
    return Buyer(guest_email=normalise_email(guest_email), vouched=False)


async def _view(conn: Connection, preorder_id: UUID, now: datetime) -> PreorderView:
    return (await view_preorders(conn, preorder_ids=[preorder_id], now=now))[0]


def _wish(wanted: OpenIn) -> Wish:
    return Wish(
        campaign_id=wanted.campaign,
        product_id=wanted.product,
        quantity=wanted.quantity,
        terms_version=wanted.terms_version,
        variant_id=wanted.variant,
        quote_id=wanted.quote,
        locale=wanted.locale,
        region=wanted.region or "",
        charge_on=wanted.charge_on,
    )


_open = msgspec.json.Decoder(OpenIn)
_ask = msgspec.json.Decoder(AskIn)
_cancel = msgspec.json.Decoder(CancelIn)
_pay = msgspec.json.Decoder(PayIn)
_change = msgspec.json.Decoder(ChangeIn)
_answer = msgspec.json.Decoder(AnswerIn)

PUBLIC_PREORDERS = [
    *make_address(
        "/public/v1/preorders:open", open_one, "Reserve units of a campaign",
        body=OpenIn, answer=OpenOut, status=201, also=(Forbidden, NotFound, Conflict),
    ),
    *make_address(
        "/public/v1/preorders:status", ask_status, "See one's preorders",
        body=AskIn, answer=PreordersOut, also=(NotFound,),
    ),
    *make_address(
        "/public/v1/preorders:cancel", cancel, "Cancel one's preorder",
        body=CancelIn, answer=PreorderOut, also=(NotFound, Conflict),
    ),
    *make_address(
        "/public/v1/preorders:change", change, "Change one's preorder",
        body=ChangeIn, answer=PreorderOut, also=(NotFound, Conflict),
    ),
    *make_address(
        "/public/v1/preorders:answer", answer_date, "Answer a later ship date",
        body=AnswerIn, answer=PreorderOut, also=(NotFound, Conflict),
    ),
    *make_address(
        "/public/v1/preorders:pay", pay, "Go on to the payment of one's preorder",
        body=PayIn, answer=CheckoutOut, also=(NotFound, Conflict),
    ),
]  # fmt: skip
