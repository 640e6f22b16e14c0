"""/w/v1/shop.css: a shop's theme and the room of its slots, as the style sheet that its pages link."""

from collections import OrderedDict
from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import UUID

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from api.public.assets import ANYONE, serve_file
from api.state import State, state_of
from infra.database import DatabaseDown
from tenants.theme import Theme, read_theme
from widgets.assets import Asset, pack
from widgets.shop_style import make_shop_style

KEPT = {**ANYONE, "Cache-Control": "public, max-age=300, stale-while-revalidate=86400"}
FRESH_FOR = timedelta(seconds=5)
MOST_SHOPS = 1_000


class _Style(NamedTuple):
    asset: Asset
    theme: Theme
    read_at: datetime


def shop_style_routes() -> list[Route]:
    styles = ShopStyles()

    async def serve(request: Request) -> Response:
        """Raises Unauthenticated for a key that is none of ours."""
        state = state_of(request)
        key = request.query_params.get("key", "")
        caller = state.keys.find_caller(key, "publishable") or await state.keys.caller(key, "publishable")
        return serve_file(request, await styles.get(state, caller.tenant_id, now=state.clock()), KEPT)

    return [Route("/w/v1/shop.css", serve)]


class ShopStyles:
    """Made anew every few seconds at the most: the record is asked no more often, however many pages there are."""

    def __init__(self) -> None:
        self._styles = OrderedDict[UUID, _Style]()

    async def get(self, state: State, tenant_id: UUID, *, now: datetime) -> Asset:
        """While the record is away, with the theme as it was. Raises DatabaseDown when it never was there."""
        kept = self._styles.get(tenant_id)
        if kept is not None and timedelta() <= now - kept.read_at < FRESH_FOR:
            return kept.asset
        live = await state.live.get(tenant_id)
        text = make_shop_style(theme := await _read(state, tenant_id, kept), live.placements.values())
        self._styles[tenant_id] = _Style(pack("shop.css", text.encode()), theme, now)
        while len(self._styles) > MOST_SHOPS:
            self._styles.popitem(last=False)
        return self._styles[tenant_id].asset


async def _read(state: State, tenant_id: UUID, kept: _Style | None) -> Theme:
    try:
        async with state.db.tenant(tenant_id) as conn:
            return await read_theme(conn)
    except DatabaseDown:
        if kept is None:
            raise
        return kept.theme
