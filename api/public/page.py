"""Page: who asks from a shop's page. The key names the shop, a token proves a shopper, a visitor id is a session."""

from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from api.state import State
from api.tokens import BadToken
from infra.redis import key as redis_key
from recommender.serving.live_tenant import LiveTenant

PREFLIGHT = {
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Allow-Methods": "POST",
    "Access-Control-Allow-Headers": "content-type",
    "Access-Control-Max-Age": "86400",
}
SESSION_SECONDS = 30 * 60
SESSION_PRODUCTS = 20


@dataclass(frozen=True, slots=True)
class Page:
    """The tenant and what it is served from, the proven shopper if any, and the session if the page has one."""

    tenant_id: UUID
    shopper_id: str | None
    visitor_id: str | None
    live: LiveTenant


async def open_page(state: State, *, key: str, token: str | None, visitor: str | None) -> Page:
    """Who does not want to be recognised, or was erased, is a stranger without a session from here on.

    Raises Unauthenticated for a bad key or token, DatabaseDown when the tenant is not loaded and cannot be.
    """
    caller = await state.keys.caller(key, "publishable")
    shopper_id = None if token is None else await state.tokens.shopper(token, caller.tenant_id, state.clock())
    live = await state.live.get(caller.tenant_id)
    if shopper_id is not None and not live.may_personalise(shopper_id):
        return Page(caller.tenant_id, None, None, live)
    known = visitor is not None and not live.suppressed.holds("visitor", visitor)
    return Page(caller.tenant_id, shopper_id, visitor if known else None, live)


async def open_left_page(state: State, *, key: str, token: str | None, visitor: str | None) -> Page:
    """The same for a beacon, which a page sends when it is left: by then its token may have ended, and what happened is
    recorded without a name. Raises Unauthenticated for a bad key."""
    try:
        return await open_page(state, key=key, token=token, visitor=visitor)
    except BadToken:
        return await open_page(state, key=key, token=None, visitor=visitor)


async def read_session(state: State, page: Page) -> tuple[str, ...]:
    """The products that this visitor looked at in the last half hour, the latest first; empty without Redis."""
    if page.visitor_id is None:
        return ()
    stored = await state.cache.get(_session_key(page))
    return () if stored is None else _session.decode(stored)


async def extend_session(state: State, page: Page, viewed: tuple[str, ...]) -> None:
    """Put the products just viewed (the latest last) before the earlier ones."""
    if page.visitor_id is None or not viewed:
        return
    earlier = await read_session(state, page)
    latest = tuple(dict.fromkeys((*reversed(viewed), *earlier)))[:SESSION_PRODUCTS]
    await state.cache.set(_session_key(page), msgspec.json.encode(latest), seconds=SESSION_SECONDS)


async def preflight(request: Request) -> Response:
    """For pages that send application/json."""
    return Response(status_code=204, headers=PREFLIGHT)


async def forget_sessions(state: State, tenant_id: UUID, visitors: Iterable[str]) -> None:
    """Drop what these browsers looked at."""
    await state.cache.delete(_key(tenant_id, visitor) for visitor in visitors)


def _session_key(page: Page) -> str:
    assert page.visitor_id is not None
    return _key(page.tenant_id, page.visitor_id)


def _key(tenant_id: UUID, visitor_id: str) -> str:
    return redis_key(tenant_id, "session", visitor_id)


_session = msgspec.json.Decoder(tuple[str, ...])
