"""/v1/quotes: what a product that is made to order costs this shopper, for one order line; and how quotes are made."""

from functools import partial
from typing import Annotated, TypeVar
from uuid import UUID

import msgspec
from msgspec import Meta
from starlette.requests import Request
from starlette.responses import Response

from api.auth import authenticate
from api.bodies import decode_one, read_body
from api.endpoints import Endpoint
from api.keyring import Caller
from api.resources import IDEMPOTENCY, answer, path_id
from api.setting import Setting
from api.state import state_of
from api.v1.consents import BODY, KEYED
from api.writes import write
from infra.database import Connection
from infra.errors import Conflict, NotFound
from tenants.fields import ExternalId
from tenants.named import hold_named
from tenants.quote_settings import (
    QuoteSettings,
    WithdrawalNotice,
    read_notice,
    read_quote_settings,
    store_notice,
    store_quote_settings,
)
from tenants.quotes import Quote, QuoteWish, get_quote, open_quote, read_made_by
from tenants.reorders import Again, reorder

S = TypeVar("S", QuoteSettings, WithdrawalNotice)


class QuoteIn(QuoteWish, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What is to be made, and for which shopper. Measures come from their record."""

    shopper_id: Annotated[
        ExternalId | None, Meta(description="Unset: a stranger, for whom nothing can be made to measure.")
    ] = None


class ReorderIn(Again, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A line that was made to order."""

    order_id: ExternalId
    line_id: ExternalId


async def post_quote(request: Request) -> Response:
    """Compute a price, and let it stand for a while."""
    caller, state = await _caller(request, "write"), state_of(request)
    body = await read_body(request)
    wish = decode_one(body, _quote)

    async def effect(conn: Connection) -> Quote:
        named = None if wish.shopper_id is None else await hold_named(conn, wish.shopper_id)
        made_by = await read_made_by(conn, named, wish.person_id, now=state.clock())
        return await open_quote(conn, wish, named, made_by, now=state.clock())

    return await write(request, caller.tenant_id, body, effect)


async def post_reorder(request: Request) -> Response:
    """Quote a line again that was ordered before, with the same configuration."""
    caller, state = await _caller(request, "write"), state_of(request)
    body = await read_body(request)
    again = decode_one(body, _reorder)

    async def effect(conn: Connection) -> Quote:
        return await reorder(conn, again.order_id, again.line_id, again, now=state.clock())

    return await write(request, caller.tenant_id, body, effect)


async def get_one(request: Request) -> Response:
    caller = await _caller(request, "read")
    async with state_of(request).db.tenant(caller.tenant_id) as conn:
        return answer(await get_quote(conn, _quote_id(request)))


async def _caller(request: Request, act: str) -> Caller:
    return await authenticate(request, state_of(request).keys, f"quotes:{act}")


def _quote_id(request: Request) -> UUID:
    try:
        return UUID(path_id(request))
    except ValueError:
        raise NotFound("There is no quote of that id.") from None


_quote = msgspec.json.Decoder(QuoteIn)
_reorder = msgspec.json.Decoder(ReorderIn)
_SETTINGS = Setting(
    path="/v1/quote-settings",
    tag="quotes",
    scope="quotes",
    document=QuoteSettings,
    read=read_quote_settings,
    store=store_quote_settings,
    reads="Read how quotes are made",
    stores="Say how quotes are made, and for how long they hold",
)
_NOTICE = Setting(
    path="/v1/withdrawal-notice",
    tag="quotes",
    scope="quotes",
    document=WithdrawalNotice,
    read=read_notice,
    store=store_notice,
    reads="Read what is said of the right of withdrawal",
    stores="Say what the right of withdrawal is; without any words, ours are shown",
)
_reading = partial(Endpoint, tag="quotes", scope="quotes:read")
_writing = partial(Endpoint, tag="quotes", scope="quotes:write", parameters=IDEMPOTENCY)

QUOTES = [
    _writing("POST", "/v1/quotes", post_quote, "Quote a product that is made to order", answer=Quote,
             refusals=(*BODY, NotFound, Conflict), body=QuoteIn),
    _reading("GET", "/v1/quotes/{id}", get_one, "Read a quote", answer=Quote, refusals=(*KEYED, NotFound)),
    _writing("POST", "/v1/quotes:reorder", post_reorder, "Quote a line of an order again", answer=Quote,
             refusals=(*BODY, NotFound, Conflict), body=ReorderIn),
    *_SETTINGS.endpoints(),
    *_NOTICE.endpoints(),
]  # fmt: skip
