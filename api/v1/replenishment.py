"""/v1/replenishment: when each product of a shopper runs out, for the merchant's server."""

from collections.abc import Sequence
from datetime import date
from typing import Annotated

from msgspec import Meta, Struct
from starlette.requests import Request
from starlette.responses import Response

from api.auth import authenticate
from api.endpoints import Endpoint, Parameter
from api.resources import answer, path_id
from api.state import state_of
from infra.errors import BadRequest, FieldError, Forbidden, Invalid, NotFound, Unauthenticated, Unavailable
from recommender.supplies import Supply, list_supplies
from tenants.profiles import require_shopper_id

MOST_HORIZON = 180


class SuppliesOut(Struct, frozen=True, kw_only=True):
    """What runs out first first, whatever the shopper said of being reminded."""

    personalised: Annotated[
        bool, Meta(description="false: this shopper does not want to be recognised, and nothing is told.")
    ]
    today: date
    items: Sequence[Supply]


async def get_supplies(request: Request) -> Response:
    state, horizon = state_of(request), _read_horizon(request)
    caller = await authenticate(request, state.keys, "recommendations:read")
    live, now, name = await state.live.get(caller.tenant_id), state.clock(), path_id(request)
    async with state.db.tenant(caller.tenant_id) as conn:
        shopper_id = await require_shopper_id(conn, name)
        personalised = live.may_personalise(name)
        items = await list_supplies(conn, shopper_id, horizon_days=horizon, now=now) if personalised else ()
    return answer(SuppliesOut(personalised=personalised, today=now.date(), items=items))


def _read_horizon(request: Request) -> int:
    """Raises Invalid."""
    told = request.query_params.get("horizon_days", "14")
    if not (told.isascii() and told.isdecimal() and len(told) <= 3 and int(told) <= MOST_HORIZON):
        error = FieldError("horizon_days", f"must be a whole number from 0 to {MOST_HORIZON}")
        raise Invalid(f"The query's 'horizon_days' {error.reason}.", errors=(error,))
    return int(told)


_HORIZON = Parameter(
    "horizon_days", "query", {"type": "integer", "minimum": 0, "maximum": MOST_HORIZON, "default": 14},
    "How many days ahead count as due.",
)  # fmt: skip

REPLENISHMENT = [
    Endpoint("GET", "/v1/replenishment/{id:path}", get_supplies, "Read when a shopper's products run out",
             tag="replenishment", answer=SuppliesOut, scope="recommendations:read", parameters=(_HORIZON,),
             refusals=(BadRequest, Unauthenticated, Forbidden, NotFound, Invalid, Unavailable)),
]  # fmt: skip
