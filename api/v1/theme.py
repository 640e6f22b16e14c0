"""/v1/theme: how the shop's widgets look."""

from functools import partial
from typing import Annotated

import msgspec
from msgspec import Meta, Struct
from starlette.requests import Request
from starlette.responses import Response

from api.auth import authenticate
from api.bodies import decode_one, read_body
from api.endpoints import Endpoint
from api.resources import IDEMPOTENCY, answer
from api.state import state_of
from api.v1.consents import BODY, KEYED
from api.writes import write
from infra.database import Connection
from tenants.theme import Theme, read_theme, store_theme
from widgets.contrast import LowContrast, find_low_contrast


class ThemeOut(Struct, frozen=True, kw_only=True):
    """The theme, and what of it is hard to read."""

    theme: Theme
    warnings: Annotated[tuple[LowContrast, ...], Meta(description="Stored all the same: look at them.")]


async def get_theme(request: Request) -> Response:
    state = state_of(request)
    caller = await authenticate(request, state.keys, "placements:read")
    async with state.db.tenant(caller.tenant_id) as conn:
        return answer(_out(await read_theme(conn)))


async def put_theme(request: Request) -> Response:
    """Replace it: a token that is left out is as shipped. Pages show it within a few minutes."""
    caller = await authenticate(request, state_of(request).keys, "placements:write")
    body = await read_body(request)
    theme = decode_one(body, msgspec.json.Decoder(Theme))

    async def effect(conn: Connection) -> ThemeOut:
        await store_theme(conn, theme, actor=f"key {caller.key_id}")
        return _out(theme)

    return await write(request, caller.tenant_id, body, effect)


def _out(theme: Theme) -> ThemeOut:
    return ThemeOut(theme=theme, warnings=find_low_contrast(theme))


_endpoint = partial(Endpoint, path="/v1/theme", tag="theme", answer=ThemeOut)

THEME = [
    _endpoint("GET", handler=get_theme, summary="Read how the widgets look", refusals=KEYED, scope="placements:read"),
    _endpoint("PUT", handler=put_theme, summary="Say how the widgets look", refusals=BODY, body=Theme,
              scope="placements:write", parameters=IDEMPOTENCY),
]  # fmt: skip
