"""/v1/preorders: what shoppers preordered, for the merchant's server."""

from collections.abc import Sequence
from datetime import date
from functools import partial
from typing import Annotated, Literal, cast, get_args
from uuid import UUID

import msgspec
from msgspec import Meta, Struct
from starlette.requests import Request
from starlette.responses import Response

from api.auth import authenticate
from api.bodies import decode_one, read_body
from api.endpoints import Endpoint, Parameter
from api.paging import PAGING, make_cursor, read_limit, read_uuid_cursor
from api.resources import IDEMPOTENCY, answer, path_id, refusal_of
from api.state import state_of
from api.writes import Done, write
from infra.database import Connection
from infra.errors import (
    BadRequest,
    Conflict,
    FieldError,
    Forbidden,
    Invalid,
    NotFound,
    TooLarge,
    Unauthenticated,
    Unavailable,
    Unsupported,
)
from tenants.attributes import Locale
from tenants.fields import Email, ExternalId, ShortText
from tenants.identifiers import normalise_email
from tenants.named import hold_named
from tenants.options import Region
from tenants.preorder_ends import cancel_preorder
from tenants.preorder_links import link_url, open_link
from tenants.preorder_states import (
    Fulfilment,
    Payment,
    PreorderTransition,
    list_preorder_transitions,
    move_preorder,
    no_preorder,
)
from tenants.preorders import Buyer, Preorder, Wish, get_preorder, list_preorders, open_preorder
from tenants.suppression import ERASED, find_suppressed


class WishIn(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What somebody wants of a campaign: a shopper of yours, or a guest by e-mail."""

    campaign_id: ExternalId
    product_id: ExternalId
    quantity: Annotated[int, Meta(ge=1, le=10_000)]
    terms_version: Annotated[ShortText, Meta(description="Of the campaign's terms, which the shopper agreed to.")]
    variant_id: ExternalId | None = None
    quote_id: Annotated[
        UUID | None, Meta(description="Of what is made to order: a quote of this shopper's, which gives the price.")
    ] = None
    shopper_id: ExternalId | None = None
    guest_email: Email | None = None
    locale: Locale = "en"
    region: Region | None = None
    charge_on: date | None = None

    def __post_init__(self) -> None:
        if (self.shopper_id is None) == (self.guest_email is None):
            raise ValueError("say who it is: either shopper_id or guest_email")


class PreorderPage(Struct, frozen=True, kw_only=True):
    """Preorders, the oldest first."""

    items: Sequence[Preorder]
    next: str | None


class MoveIn(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Where the goods are now, and why. Payments move by themselves."""

    id: UUID
    to: Literal["in_production", "shipped", "completed", "cancelled"]
    reason: ShortText = ""


class LinkIn(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One preorder."""

    id: UUID


class LinkOut(Struct, frozen=True, kw_only=True):
    """A new link for the shopper. It is shown once, and all earlier ones go on working."""

    url: str


class PreorderTransitions(Struct, frozen=True, kw_only=True):
    """What led to a preorder's states, the first step first."""

    items: Sequence[PreorderTransition]


async def post_preorder(request: Request) -> Response:
    """Reserve units for half an hour."""
    state = state_of(request)
    caller = await authenticate(request, state.keys, "preorders:write")
    body = await read_body(request)
    wish, now = decode_one(body, _wish), state.clock()

    async def effect(conn: Connection) -> Done:
        buyer = await _find_buyer(conn, wish)
        return Done(await open_preorder(conn, _read(wish), buyer, now=now), status=201)

    return await write(request, caller.tenant_id, body, effect)


async def get_preorders(request: Request) -> Response:
    caller = await authenticate(request, state_of(request).keys, "preorders:read")
    limit, after = read_limit(request), read_uuid_cursor(request)
    async with state_of(request).db.tenant(caller.tenant_id) as conn:
        items = await list_preorders(
            conn,
            campaign_id=_read_campaign(request),
            fulfilment=cast(Fulfilment | None, _one_of(request, "fulfilment", get_args(Fulfilment))),
            payment=cast(Payment | None, _one_of(request, "payment", get_args(Payment))),
            after=after,
            limit=limit,
        )
    following = make_cursor(str(items[-1].preorder_id)) if len(items) == limit else None
    return answer(PreorderPage(items=items, next=following))


async def get_one(request: Request) -> Response:
    caller = await authenticate(request, state_of(request).keys, "preorders:read")
    async with state_of(request).db.tenant(caller.tenant_id) as conn:
        return answer(await get_preorder(conn, read_preorder_id(request)))


async def get_transitions(request: Request) -> Response:
    caller = await authenticate(request, state_of(request).keys, "preorders:read")
    async with state_of(request).db.tenant(caller.tenant_id) as conn:
        preorder = await get_preorder(conn, read_preorder_id(request))
        return answer(PreorderTransitions(items=await list_preorder_transitions(conn, preorder.preorder_id)))


async def move(request: Request) -> Response:
    """Say where the goods are. Cancelled by you, all that was paid is owed back."""
    state = state_of(request)
    caller = await authenticate(request, state.keys, "preorders:write")
    body = await read_body(request)
    asked, now = decode_one(body, _move), state.clock()

    async def effect(conn: Connection) -> Preorder:
        if asked.to == "cancelled":
            await cancel_preorder(conn, asked.id, now=now, reason=asked.reason or "cancelled by the merchant")
        else:
            await move_preorder(conn, asked.id, fulfilment=asked.to, now=now, reason=asked.reason)
        return await get_preorder(conn, asked.id)

    return await write(request, caller.tenant_id, body, effect)


async def link(request: Request) -> Response:
    """A new link to the preorder's page. No Idempotency-Key: what it opens is kept nowhere but at the shopper's."""
    state = state_of(request)
    caller = await authenticate(request, state.keys, "preorders:write")
    asked = decode_one(await read_body(request), _link)
    async with state.db.tenant(caller.tenant_id) as conn:
        secret = await open_link(conn, caller.tenant_id, asked.id)
    return answer(LinkOut(url=link_url(state.settings.public_url, secret)))


async def _find_buyer(conn: Connection, wish: WishIn) -> Buyer:
    """Raises NotFound, and Invalid for an address of somebody who was erased."""
    if wish.shopper_id is not None:
        return Buyer(shopper=await hold_named(conn, wish.shopper_id))
    assert wish.guest_email is not None
    email = normalise_email(wish.guest_email)
    if await find_suppressed(conn, [("email", email)]):
        raise refusal_of(FieldError("guest_email", ERASED))
    return Buyer(guest_email=email)


def _read(wish: WishIn) -> Wish:
    return Wish(
        campaign_id=wish.campaign_id,
        product_id=wish.product_id,
        quantity=wish.quantity,
        terms_version=wish.terms_version,
        variant_id=wish.variant_id,
        quote_id=wish.quote_id,
        locale=wish.locale,
        region=wish.region or "",
        charge_on=wish.charge_on,
    )


def read_preorder_id(request: Request) -> UUID:
    """Of the path. Raises NotFound for what is no id."""
    try:
        return UUID(path_id(request))
    except ValueError:
        raise no_preorder() from None


def _read_campaign(request: Request) -> str | None:
    """Raises BadRequest for an id that no campaign can have."""
    name = request.query_params.get("campaign")
    if name is not None and ("\0" in name or not 1 <= len(name) <= 200):
        raise BadRequest("campaign is no id of a campaign.", hint="Leave campaign out for all.")
    return name


def _one_of(request: Request, name: str, known: Sequence[str]) -> str | None:
    """Raises BadRequest."""
    value = request.query_params.get(name)
    if value is not None and value not in known:
        raise BadRequest(f"{name} must be one of {', '.join(known)}.", hint=f"Leave {name} out for all.")
    return value


_wish = msgspec.json.Decoder(WishIn)
_move = msgspec.json.Decoder(MoveIn)
_link = msgspec.json.Decoder(LinkIn)

_KEYED = (BadRequest, Unauthenticated, Forbidden, Unavailable)
_BODY = (*_KEYED, NotFound, Conflict, TooLarge, Unsupported, Invalid)
_reading = partial(Endpoint, tag="preorders", scope="preorders:read")
_writing = partial(Endpoint, tag="preorders", scope="preorders:write")
_FILTERS = (
    Parameter("campaign", "query", {"type": "string", "maxLength": 200}, "Of this campaign only."),
    Parameter("fulfilment", "query", {"enum": [*get_args(Fulfilment)]}, "Where the goods are."),
    Parameter("payment", "query", {"enum": [*get_args(Payment)]}, "Where the money is."),
)

PREORDERS = [
    _writing("POST", "/v1/preorders", post_preorder, "Reserve units of a campaign", answer=Preorder, status=201,
             body=WishIn, refusals=_BODY, parameters=IDEMPOTENCY),
    _reading("GET", "/v1/preorders", get_preorders, "List preorders", answer=PreorderPage, refusals=_KEYED,
             parameters=(*PAGING, *_FILTERS)),
    _reading("GET", "/v1/preorders/{id}", get_one, "Read a preorder", answer=Preorder, refusals=(*_KEYED, NotFound)),
    _reading("GET", "/v1/preorder-transitions/{id}", get_transitions, "List a preorder's transitions",
             answer=PreorderTransitions, refusals=(*_KEYED, NotFound)),
    _writing("POST", "/v1/preorders:move", move, "Say where a preorder's goods are", answer=Preorder, body=MoveIn,
             refusals=_BODY, parameters=IDEMPOTENCY),
    _writing("POST", "/v1/preorders:link", link, "Make a link to a preorder's page", answer=LinkOut, body=LinkIn,
             refusals=_BODY),
]  # fmt: skip
