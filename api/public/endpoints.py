"""The public addresses."""

from api.door import Door
from api.endpoints import Endpoint
from api.public.events import take_events
from api.public.page import preflight
from api.public.quotes import PUBLIC_QUOTES
from api.public.slots import ask_slots
from api.public.special_requests import PUBLIC_REQUESTS
from api.public.wire import MAX_BODY, TYPES, EventsIn, EventsOut, SlotsIn, SlotsOut
from infra.errors import BadRequest, Invalid, Refusal, TooLarge, Unauthenticated, Unavailable, Unsupported

_REFUSALS: tuple[type[Refusal], ...] = (BadRequest, Unauthenticated, TooLarge, Unsupported, Invalid, Unavailable)

_ask_slots = Door(ask_slots, limit=MAX_BODY, types=TYPES)
_take_events = Door(take_events, limit=MAX_BODY, types=TYPES)

PUBLIC = [
    Endpoint(
        "POST", "/public/v1/slots", _ask_slots, "Fill the slots of a page", "public",
        answer=SlotsOut, refusals=_REFUSALS, body=SlotsIn, body_types=TYPES,
    ),
    Endpoint(
        "POST", "/public/v1/events", _take_events, "Tell what happened on a page", "public",
        answer=EventsOut, status=202, refusals=_REFUSALS, body=EventsIn, body_types=TYPES,
    ),
    Endpoint("OPTIONS", "/public/v1/slots", preflight, "CORS", "public", answer=None, status=204, refusals=()),
    Endpoint("OPTIONS", "/public/v1/events", preflight, "CORS", "public", answer=None, status=204, refusals=()),
    *PUBLIC_REQUESTS,
    *PUBLIC_QUOTES,
]  # fmt: skip
