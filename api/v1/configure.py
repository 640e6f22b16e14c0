"""/v1/option-documents:evaluate: the same as a page gets, for the merchant's server, which names the shopper."""

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from api.auth import authenticate
from api.bodies import decode_one, read_body
from api.configuring import configure_for
from api.endpoints import Endpoint
from api.resources import answer
from api.state import state_of
from infra.errors import (
    BadRequest,
    Forbidden,
    Invalid,
    TooLarge,
    Unauthenticated,
    Unavailable,
    Unsupported,
)
from tenants.fields import ExternalId
from tenants.quotes import NotMadeToOrder
from widgets.configurator import Configured, Wished


class EvaluateIn(Wished, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A product, what has been chosen of it, and for whom."""

    shopper_id: ExternalId | None = None


async def evaluate_options(request: Request) -> Response:
    """Work out one answer. Nothing is stored."""
    caller = await authenticate(request, state_of(request).keys, "options:read")
    asked = decode_one(await read_body(request), _decoder)
    live = await state_of(request).live.get(caller.tenant_id)
    return answer(await configure_for(state_of(request), live, asked, asked.shopper_id))


_decoder = msgspec.json.Decoder(EvaluateIn)

_REFUSALS = (BadRequest, Unauthenticated, Forbidden, NotMadeToOrder, TooLarge, Unsupported, Invalid, Unavailable)

CONFIGURE = [
    Endpoint("POST", "/v1/option-documents:evaluate", evaluate_options, "Work out a product that is made to order",
             "options", answer=Configured, body=EvaluateIn, scope="options:read",
             refusals=_REFUSALS),
]  # fmt: skip
