"""/v1/vertical: what kind of shop this is, and whether it shares statistics with others of its kind."""

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from api.bodies import decode_one, read_body
from api.resources import answer
from api.state import state_of
from api.v1.consents import BODY, KEYED, privacy_caller, privacy_reading, privacy_writing
from api.writes import write
from infra.database import Connection
from tenants.verticals import VerticalSettings, read_vertical, store_vertical


async def get_vertical(request: Request) -> Response:
    caller = await privacy_caller(request, "read")
    async with state_of(request).db.tenant(caller.tenant_id) as conn:
        return answer(await read_vertical(conn))


async def put_vertical(request: Request) -> Response:
    """Say it, or say it anew. What was shared before goes with the next day's figures."""
    caller = await privacy_caller(request, "write")
    body = await read_body(request)
    settings = decode_one(body, msgspec.json.Decoder(VerticalSettings))

    async def effect(conn: Connection) -> VerticalSettings:
        return await store_vertical(conn, settings, actor=f"key {caller.key_id}")

    return await write(request, caller.tenant_id, body, effect)


VERTICALS = [
    privacy_reading("GET", "/v1/vertical", get_vertical, "Read what kind of shop this is, and whether it shares",
                    answer=VerticalSettings, refusals=KEYED),
    privacy_writing("PUT", "/v1/vertical", put_vertical, "Say what kind of shop this is, and whether it shares",
                    answer=VerticalSettings, refusals=BODY, body=VerticalSettings),
]  # fmt: skip
