"""/public/v1/special-requests: a proven shopper asks the maker, sees what they asked, and answers an offer."""

from collections.abc import Awaitable, Callable
from typing import Annotated
from uuid import UUID

import msgspec
from msgspec import Meta, Struct

from api.bodies import decode_one
from api.public.addresses import make_address
from api.public.answers import PublicAnswer
from api.public.proven import Proven, name_proven, open_proven
from api.public.wire import ProvenIn
from api.state import State
from api.writes import settle
from infra.database import Connection
from infra.errors import Conflict, NotFound
from tenants.fields import ExternalId
from tenants.shoppers import find_shopper_id
from tenants.special_requests import (
    SpecialRequest,
    Wish,
    accept_request,
    decline_request,
    list_requests,
    no_request,
    open_request,
)

ACTOR = "shopper"
MOST_SHOWN = 100


class AskIn(ProvenIn, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What is wished for, of which product if of any, and for whom of the shopper's people."""

    text: Annotated[str, Meta(min_length=1, max_length=5000)]
    product: ExternalId | None = None
    person: ExternalId | None = None


class AnswerIn(ProvenIn, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Which of the shopper's requests."""

    id: UUID


class OwnRequests(Struct, frozen=True, kw_only=True):
    """The newest first, a hundred at the most."""

    items: tuple[SpecialRequest, ...]


async def ask(state: State, body: bytes) -> PublicAnswer:
    """Ask the maker for something."""
    said, now = decode_one(body, _ask), state.clock()
    proven = await open_proven(state, key=said.key, token=said.token, now=now)
    wish = Wish(text=said.text, product_id=said.product, person_id=said.person)

    async def effect(conn: Connection) -> SpecialRequest:
        named = await name_proven(conn, proven.shopper_id)
        return await open_request(conn, named, wish, actor=ACTOR, public=True, now=now)

    return await _do(state, proven, effect)


async def list_own(state: State, body: bytes) -> PublicAnswer:
    """What the shopper asked for, and how it stands."""
    said, now = decode_one(body, _own), state.clock()
    proven = await open_proven(state, key=said.key, token=said.token, now=now)
    async with state.db.tenant(proven.tenant_id) as conn:
        whose = await find_shopper_id(conn, proven.shopper_id)
        items = [] if whose is None else await list_requests(conn, shopper_id=whose, limit=MOST_SHOWN, now=now)
    return PublicAnswer(msgspec.json.encode(OwnRequests(items=tuple(items))))


async def accept(state: State, body: bytes) -> PublicAnswer:
    """Accept an offer: its price and the day it is ready stand from now on."""
    return await _answer(state, body, accept_request)


async def decline(state: State, body: bytes) -> PublicAnswer:
    """Decline an offer."""
    return await _answer(state, body, decline_request)


async def _answer(state: State, body: bytes, move: Callable[..., Awaitable[SpecialRequest]]) -> PublicAnswer:
    said, now = decode_one(body, _which), state.clock()
    proven = await open_proven(state, key=said.key, token=said.token, now=now)

    async def effect(conn: Connection) -> SpecialRequest:
        whose = await find_shopper_id(conn, proven.shopper_id)
        if whose is None:
            raise no_request(said.id)
        return await move(conn, said.id, shopper_id=whose, actor=ACTOR, now=now)

    return await _do(state, proven, effect)


async def _do(state: State, proven: Proven, effect: Callable[[Connection], Awaitable[SpecialRequest]]) -> PublicAnswer:
    async def once() -> SpecialRequest:
        async with state.db.tenant(proven.tenant_id) as conn:
            return await effect(conn)

    return PublicAnswer(msgspec.json.encode(await settle(once)))


_ask = msgspec.json.Decoder(AskIn)
_own = msgspec.json.Decoder(ProvenIn)
_which = msgspec.json.Decoder(AnswerIn)

_PATH = "/public/v1/special-requests"
_STANDS = (NotFound, Conflict)

PUBLIC_REQUESTS = [
    *make_address(_PATH, ask, "Ask the maker for something", body=AskIn, answer=SpecialRequest, also=(Conflict,)),
    *make_address(f"{_PATH}:list", list_own, "See what the shopper asked for", body=ProvenIn, answer=OwnRequests),
    *make_address(f"{_PATH}:accept", accept, "Accept an offer", body=AnswerIn, answer=SpecialRequest, also=_STANDS),
    *make_address(f"{_PATH}:decline", decline, "Decline an offer", body=AnswerIn, answer=SpecialRequest, also=_STANDS),
]
