"""Page: who asks from a shop's page. The key names the shop, a token proves a shopper, a visitor id is a browser."""

from typing import NamedTuple
from uuid import UUID

from starlette.requests import Request
from starlette.responses import Response

from api.sessions import owner
from api.state import State
from api.tokens import BadToken
from recommender.serving.live_tenant import LiveTenant

PREFLIGHT = {
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Allow-Methods": "GET, POST",
    "Access-Control-Allow-Headers": "content-type",
    "Access-Control-Max-Age": "86400",
}


class Page(NamedTuple):
    """The tenant and what it is served from, the proven shopper if any, and the browser if the page named one."""

    tenant_id: UUID
    shopper_id: str | None
    visitor_id: str | None
    live: LiveTenant
    owners: tuple[str, ...]
    """Whose sessions count here: the shopper's, by the id that stands for all of theirs, then the browser's."""


async def open_page(state: State, *, key: str, token: str | None, visitor: str | None, now: float) -> Page:
    """Who does not want to be recognised, or was erased, is a stranger without a session from here on.

    `now` is in POSIX seconds. Mostly all is known and nothing waits. Raises Unauthenticated for a bad key or token,
    DatabaseDown when the tenant is not loaded and cannot be.
    """
    keys, tokens = state.keys, state.tokens
    caller = keys.find_caller(key, "publishable") or await keys.caller(key, "publishable")
    tenant_id, shopper_id = caller.tenant_id, None
    owners: tuple[str, ...] = ()
    if token is not None:
        shopper_id = tokens.find(token, tenant_id, now) or await tokens.shopper(token, tenant_id, now)
    live = await state.live.get(tenant_id)
    if shopper_id is not None:
        if not live.may_personalise(shopper_id):
            return Page(tenant_id, None, None, live, ())
        owners = (owner(tenant_id, "shopper", live.aliases.get(shopper_id, shopper_id)),)
    if visitor is None or live.suppressed.holds("visitor", visitor):
        return Page(tenant_id, shopper_id, None, live, owners)
    return Page(tenant_id, shopper_id, visitor, live, (*owners, owner(tenant_id, "visitor", visitor)))


async def open_left_page(state: State, *, key: str, token: str | None, visitor: str | None, now: float) -> Page:
    """The same for a beacon, which a page sends when it is left: by then its token may have ended, and what happened is
    recorded without a name. Raises Unauthenticated for a bad key."""
    try:
        return await open_page(state, key=key, token=token, visitor=visitor, now=now)
    except BadToken:
        return await open_page(state, key=key, token=None, visitor=visitor, now=now)


async def preflight(request: Request) -> Response:
    """For pages that send application/json."""
    return Response(status_code=204, headers=PREFLIGHT)
