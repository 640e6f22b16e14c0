"""/w/v1/shop.css: the slots' looks, a shop's theme and the room of its slots, as the one style sheet its pages link."""

from collections import OrderedDict
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import UUID

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from api.public.assets import ANYONE, serve_file
from api.public.releases import Releases
from api.state import State, state_of
from infra.database import DatabaseDown
from tenants.placements import Placement
from tenants.theme import Theme, read_theme
from widgets.assets import Asset, pack
from widgets.shop_style import make_shop_style

KEPT = {**ANYONE, "Cache-Control": "public, max-age=300, stale-while-revalidate=86400"}
FRESH_FOR = timedelta(seconds=5)
MOST_KEPT = 1_000
LOOKS = "lastbook.css"


class _Style(NamedTuple):
    asset: Asset
    theme: Theme
    read_at: datetime


def shop_style_routes(releases: Releases) -> list[Route]:
    """Of the newest looks, and of a version's for pages that pinned it."""
    styles = ShopStyles()

    async def answer(request: Request, version: str, looks: Asset) -> Response:
        state, key = state_of(request), request.query_params.get("key", "")
        caller = state.keys.find_caller(key, "publishable") or await state.keys.caller(key, "publishable")
        style = await styles.get(state, caller.tenant_id, version, looks, now=state.clock())
        return serve_file(request, style, KEPT)

    async def serve_newest(request: Request) -> Response:
        """Raises Unauthenticated for a key that is none of ours."""
        return await answer(request, releases.newest.version, releases.assets[LOOKS])

    async def serve_pinned(request: Request) -> Response:
        """Raises NotFound besides."""
        state, version = state_of(request), request.path_params["version"]
        looks = await releases.find_file(state.artifacts, version, LOOKS, now=state.clock())
        return await answer(request, version, looks)

    return [Route("/w/v1/shop.css", serve_newest), Route("/w/{version}/shop.css", serve_pinned)]


class ShopStyles:
    """Made anew every few seconds at the most: the record is asked no more often, however many pages there are."""

    def __init__(self) -> None:
        self._styles = OrderedDict[tuple[UUID, str], _Style]()

    async def get(self, state: State, tenant_id: UUID, version: str, looks: Asset, *, now: datetime) -> Asset:
        """While the record is away, with the theme as it was. Raises DatabaseDown when it never was there."""
        kept = self._styles.get((tenant_id, version))
        if kept is not None and timedelta() <= now - kept.read_at < FRESH_FOR:
            return kept.asset
        live, theme = await state.live.get(tenant_id), await _read(state, tenant_id, kept)
        made = _Style(_put_together(looks, theme, live.placements.values()), theme, now)
        self._styles[tenant_id, version] = made
        while len(self._styles) > MOST_KEPT:
            self._styles.popitem(last=False)
        return made.asset


def _put_together(looks: Asset, theme: Theme, placements: Iterable[Placement]) -> Asset:
    return pack("shop.css", looks.body + b"\n" + make_shop_style(theme, placements).encode())


async def _read(state: State, tenant_id: UUID, kept: _Style | None) -> Theme:
    try:
        async with state.db.tenant(tenant_id) as conn:
            return await read_theme(conn)
    except DatabaseDown:
        if kept is None:
            raise
        return kept.theme
