"""The public addresses."""

from api.door import Door
from api.endpoints import Endpoint
from api.public.events import take_events
from api.public.measurements import (
    DeletedOut,
    DeleteIn,
    MeasurementsIn,
    MeasurementsOut,
    SavedOut,
    SaveIn,
    delete_own,
    read_own,
    save_own,
)
from api.public.page import preflight
from api.public.sizes import SizeAdviceIn, ask_size
from api.public.slots import ask_slots
from api.public.wire import MAX_BODY, TYPES, EventsIn, EventsOut, SlotsIn, SlotsOut
from api.sizing import SizeAnswer
from infra.errors import (
    BadRequest,
    Conflict,
    Invalid,
    NotFound,
    Refusal,
    TooLarge,
    Unauthenticated,
    Unavailable,
    Unsupported,
)

_REFUSALS: tuple[type[Refusal], ...] = (BadRequest, Unauthenticated, TooLarge, Unsupported, Invalid, Unavailable)


def _preflights(*names: str) -> list[Endpoint]:
    return [
        Endpoint("OPTIONS", f"/public/v1/{name}", preflight, "CORS", "public", answer=None, status=204, refusals=())
        for name in names
    ]


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
    Endpoint(
        "POST", "/public/v1/size-advice", Door(ask_size, limit=MAX_BODY, types=TYPES), "Advise on a size", "public",
        answer=SizeAnswer, refusals=(*_REFUSALS, NotFound), body=SizeAdviceIn, body_types=TYPES,
    ),
    Endpoint(
        "POST", "/public/v1/measurements:read", Door(read_own, limit=MAX_BODY, types=TYPES),
        "Read how measures are taken, and a shopper's own", "public", answer=MeasurementsOut,
        refusals=(*_REFUSALS, NotFound), body=MeasurementsIn, body_types=TYPES,
    ),
    Endpoint(
        "POST", "/public/v1/measurements:save", Door(save_own, limit=MAX_BODY, types=TYPES),
        "Store a shopper's own measures", "public", answer=SavedOut,
        refusals=(*_REFUSALS, NotFound, Conflict), body=SaveIn, body_types=TYPES,
    ),
    Endpoint(
        "POST", "/public/v1/measurements:delete", Door(delete_own, limit=MAX_BODY, types=TYPES),
        "Delete a shopper's own measures", "public", answer=DeletedOut,
        refusals=(*_REFUSALS, NotFound), body=DeleteIn, body_types=TYPES,
    ),
    *_preflights("slots", "events", "size-advice", "measurements:read", "measurements:save", "measurements:delete"),
]  # fmt: skip
