"""/v1/special-requests: what shoppers ask the maker for outside the configurator, answered by the merchant's server."""

from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from uuid import UUID

import msgspec
from msgspec import Struct
from starlette.requests import Request
from starlette.responses import Response

from api.auth import authenticate
from api.bodies import decode_one, read_body
from api.endpoints import Endpoint, Parameter
from api.keyring import Caller
from api.paging import PAGING, make_cursor, read_limit, read_uuid_cursor
from api.resources import IDEMPOTENCY, answer, path_id
from api.state import state_of
from api.v1.consents import BODY, KEYED
from api.writes import write
from infra.database import Connection
from infra.errors import BadRequest, Conflict, Invalid, NotFound
from tenants.fields import ExternalId
from tenants.named import hold_named
from tenants.shoppers import find_shopper_id
from tenants.special_requests import (
    STATES,
    Offer,
    RequestState,
    SpecialRequest,
    Wish,
    accept_request,
    decline_request,
    get_request,
    list_requests,
    open_request,
    quote_request,
    start_request,
)


class WishIn(Wish, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What a shopper asks for."""

    shopper_id: ExternalId


class SpecialRequestPage(Struct, frozen=True, kw_only=True):
    """Requests, the newest first."""

    items: Sequence[SpecialRequest]
    next: str | None


async def open_one(request: Request) -> Response:
    """Take a wish that a shopper told the merchant."""
    caller, state = await _caller(request, "write"), state_of(request)
    body = await read_body(request)
    wish = decode_one(body, msgspec.json.Decoder(WishIn))

    async def effect(conn: Connection) -> SpecialRequest:
        named = await hold_named(conn, wish.shopper_id)
        return await open_request(conn, named, wish, actor=f"key {caller.key_id}", now=state.clock())

    return await write(request, caller.tenant_id, body, effect)


async def get_page(request: Request) -> Response:
    caller, state = await _caller(request, "read"), state_of(request)
    limit, before = read_limit(request), read_uuid_cursor(request)
    wanted, shopper = _read_state(request), request.query_params.get("shopper_id")
    async with state.db.tenant(caller.tenant_id) as conn:
        # No id has a NUL, and the record cannot be asked for one.
        whose = None if shopper is None or "\0" in shopper else await find_shopper_id(conn, shopper)
        if shopper is not None and whose is None:
            return answer({"items": [], "next": None})
        items = await list_requests(conn, state=wanted, shopper_id=whose, before=before, limit=limit, now=state.clock())
    return answer({"items": items, "next": make_cursor(str(items[-1].id)) if len(items) == limit else None})


async def get_one(request: Request) -> Response:
    caller, state = await _caller(request, "read"), state_of(request)
    async with state.db.tenant(caller.tenant_id) as conn:
        return answer(await get_request(conn, _request_id(request), now=state.clock()))


async def quote(request: Request) -> Response:
    """Offer to make it, at a price and within so many work days."""
    caller, state = await _caller(request, "write"), state_of(request)
    body = await read_body(request)
    offer = decode_one(body, msgspec.json.Decoder(Offer))

    async def effect(conn: Connection) -> SpecialRequest:
        name = _request_id(request)
        return await quote_request(conn, name, offer, actor=f"key {caller.key_id}", now=state.clock())

    return await write(request, caller.tenant_id, body, effect)


async def accept(request: Request) -> Response:
    """Accept the offer for the shopper: price and day stand from now on."""
    return await _step(request, accept_request)


async def decline(request: Request) -> Response:
    """Decline the offer for the shopper."""
    return await _step(request, decline_request)


async def start(request: Request) -> Response:
    """Say that the making has begun."""
    return await _step(request, start_request)


async def _step(request: Request, move: Callable[..., Awaitable[SpecialRequest]]) -> Response:
    caller, state = await _caller(request, "write"), state_of(request)

    async def effect(conn: Connection) -> SpecialRequest:
        return await move(conn, _request_id(request), actor=f"key {caller.key_id}", now=state.clock())

    return await write(request, caller.tenant_id, b"", effect)


async def _caller(request: Request, act: str) -> Caller:
    return await authenticate(request, state_of(request).keys, f"requests:{act}")


def _read_state(request: Request) -> RequestState | None:
    text = request.query_params.get("state")
    if text is None:
        return None
    found = next((state for state in STATES if state == text), None)
    if found is None:
        raise BadRequest(f"state must be one of {', '.join(STATES)}.", hint="Leave it out for all.")
    return found


def _request_id(request: Request) -> UUID:
    try:
        return UUID(path_id(request))
    except ValueError:
        raise NotFound("There is no special request of that id.") from None


_FILTERS = (
    Parameter("state", "query", {"enum": [*STATES]}, "Only those in this state."),
    Parameter("shopper_id", "query", {"type": "string"}, "Only this shopper's, under any of their ids."),
)
_ONE = "/v1/special-requests/{id}"
_reading = partial(Endpoint, tag="special requests", scope="requests:read")
_writing = partial(Endpoint, tag="special requests", scope="requests:write", parameters=IDEMPOTENCY)

SPECIAL_REQUESTS = [
    _reading("GET", "/v1/special-requests", get_page, "List special requests", answer=SpecialRequestPage,
             refusals=KEYED, parameters=(*PAGING, *_FILTERS)),
    _writing("POST", "/v1/special-requests", open_one, "Take a shopper's special request", answer=SpecialRequest,
             refusals=(*BODY, NotFound, Conflict), body=WishIn),
    _reading("GET", _ONE, get_one, "Read a special request", answer=SpecialRequest, refusals=(*KEYED, NotFound)),
    _writing("POST", f"{_ONE}/quote", quote, "Offer to make it", answer=SpecialRequest,
             refusals=(*BODY, NotFound, Conflict), body=Offer),
    *(
        _writing("POST", f"{_ONE}/{name}", step, words, answer=SpecialRequest,
                 refusals=(*KEYED, NotFound, Conflict, Invalid))
        for name, step, words in (
            ("accept", accept, "Accept the offer for the shopper"),
            ("decline", decline, "Decline the offer for the shopper"),
            ("start", start, "Say that the making has begun"),
        )
    ),
]  # fmt: skip
