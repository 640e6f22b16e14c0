"""/v1/profiles: what is known of a shopper, how much of what the shop wants to know, and what to ask next."""

from starlette.requests import Request
from starlette.responses import Response

from api.auth import authenticate
from api.endpoints import Endpoint
from api.resources import answer, path_id
from api.state import state_of
from infra.errors import BadRequest, Forbidden, NotFound, Unauthenticated, Unavailable
from tenants.profiles import Profile, get_profile, require_shopper_id


async def get_one(request: Request) -> Response:
    state = state_of(request)
    caller = await authenticate(request, state.keys, "shoppers:read")
    async with state.db.tenant(caller.tenant_id) as conn:
        shopper_id = await require_shopper_id(conn, path_id(request))
        return answer(await get_profile(conn, shopper_id, now=state.clock()))


PROFILES = [
    Endpoint("GET", "/v1/profiles/{id:path}", get_one, "Read a shopper's profile", tag="profiles", answer=Profile,
             refusals=(BadRequest, Unauthenticated, Forbidden, NotFound, Unavailable), scope="shoppers:read"),
]  # fmt: skip
