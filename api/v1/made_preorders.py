"""/v1/made-preorders and campaigns-pieces: what is made to order of a campaign, for the merchant and for the maker."""

import asyncio
from functools import partial

from starlette.requests import Request
from starlette.responses import Response

from api.auth import authenticate
from api.campaign_sheets import SHEET_TYPES, make_pieces_csv
from api.endpoints import Endpoint, Parameter
from api.resources import answer, path_id
from api.state import state_of
from api.v1.consents import KEYED
from api.v1.measurement_profiles import read_reveal
from api.v1.preorders import read_preorder_id
from infra.errors import BadRequest, Conflict, NotFound
from tenants.audit import record_audit
from tenants.campaign_pieces import list_pieces
from tenants.campaigns import get_campaign
from tenants.made_preorders import MadePreorder, get_made_preorder

SCOPE = "production:read"


async def get_one(request: Request) -> Response:
    """As it was joined; with its measures if `reveal` asks for them."""
    state = state_of(request)
    caller = await authenticate(request, state.keys, "preorders:read")
    preorder_id, reveal = read_preorder_id(request), await read_reveal(request)
    async with state.db.tenant(caller.tenant_id) as conn:
        made = await get_made_preorder(conn, preorder_id, reveal=reveal)
        if reveal:
            actor, name = f"key {caller.key_id}", str(preorder_id)
            await record_audit(conn, actor=actor, action="reveal made preorder", subject=name)
    return answer(made)


async def get_pieces(request: Request) -> Response:
    """Each piece with its options and measures, and whose it is only if `shoppers` asks for that."""
    state, name = state_of(request), path_id(request)
    caller = await authenticate(request, state.keys, SCOPE)
    shoppers, locale = await _read_shoppers(request), request.query_params.get("locale", "en")
    async with state.db.tenant(caller.tenant_id) as conn:
        campaign, pieces = await get_campaign(conn, name), await list_pieces(conn, name, locale=locale)
        await record_audit(conn, actor=f"key {caller.key_id}", action="read pieces of campaign", subject=name)
    table = await asyncio.to_thread(make_pieces_csv, campaign, pieces, shoppers=shoppers)
    return Response(table, headers=_HEADERS, media_type=SHEET_TYPES["csv"])


async def _read_shoppers(request: Request) -> bool:
    """Raises BadRequest, and Forbidden for a maker's key."""
    said = request.query_params.get("shoppers", "false")
    if said not in ("true", "false"):
        raise BadRequest("shoppers must be true or false.", hint="Leave it out for what a supplier needs.")
    if said == "true":
        await authenticate(request, state_of(request).keys, "preorders:read")
    return said == "true"


_HEADERS = {
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Content-Disposition": 'attachment; filename="campaign-pieces.csv"',
}
_REVEAL = Parameter(
    "reveal", "query", {"type": "boolean"}, "true: with measures; needs measurements:reveal too, and is audited."
)
_SHOPPERS = Parameter(
    "shoppers", "query", {"type": "boolean"}, "true: with whose each piece is; needs preorders:read too."
)
_LOCALE = Parameter(
    "locale", "query", {"type": "string", "maxLength": 35}, "Of what is printed, for the maker. Unset: English."
)
_reading = partial(Endpoint, "GET", tag="production")

MADE_PREORDERS = [
    _reading("/v1/made-preorders/{id}", get_one, "Read what a preorder that is made to order froze",
             answer=MadePreorder, scope="preorders:read", refusals=(*KEYED, NotFound, Conflict), parameters=(_REVEAL,)),
    _reading("/v1/campaigns-pieces/{id:path}", get_pieces, "Export a campaign's pieces with their measures (CSV)",
             answer=None, scope=SCOPE, refusals=(*KEYED, NotFound), parameters=(_SHOPPERS, _LOCALE)),
]  # fmt: skip
