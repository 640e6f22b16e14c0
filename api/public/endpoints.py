"""The public addresses."""

from api.door import Door
from api.endpoints import Endpoint
from api.public.campaigns import CampaignsIn, CampaignsOut, InterestedIn, InterestedOut, ask_campaigns, tell_interest
from api.public.events import take_events
from api.public.page import preflight
from api.public.preorders import (
    AskIn,
    CancelIn,
    ChangeIn,
    CheckoutOut,
    OpenIn,
    OpenOut,
    PayIn,
    PreorderOut,
    PreordersOut,
    ask_status,
    cancel,
    change,
    open_one,
    pay,
)
from api.public.slots import ask_slots
from api.public.wire import MAX_BODY, TYPES, EventsIn, EventsOut, SlotsIn, SlotsOut
from infra.errors import (
    BadRequest,
    Conflict,
    Forbidden,
    Invalid,
    NotFound,
    Refusal,
    TooLarge,
    Unauthenticated,
    Unavailable,
    Unsupported,
)

_REFUSALS: tuple[type[Refusal], ...] = (BadRequest, Unauthenticated, TooLarge, Unsupported, Invalid, Unavailable)

_ask_slots = Door(ask_slots, limit=MAX_BODY, types=TYPES)
_take_events = Door(take_events, limit=MAX_BODY, types=TYPES)
_ask_campaigns = Door(ask_campaigns, limit=MAX_BODY, types=TYPES)
_tell_interest = Door(tell_interest, limit=MAX_BODY, types=TYPES)
_open_preorder = Door(open_one, limit=MAX_BODY, types=TYPES)
_ask_status = Door(ask_status, limit=MAX_BODY, types=TYPES)
_cancel_preorder = Door(cancel, limit=MAX_BODY, types=TYPES)
_pay_preorder = Door(pay, limit=MAX_BODY, types=TYPES)
_change_preorder = Door(change, limit=MAX_BODY, types=TYPES)

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
        "POST", "/public/v1/campaigns", _ask_campaigns, "Show preorder campaigns", "public",
        answer=CampaignsOut, refusals=_REFUSALS, body=CampaignsIn, body_types=TYPES,
    ),
    Endpoint(
        "POST", "/public/v1/campaigns:interest", _tell_interest, "Want to be told of a campaign", "public",
        answer=InterestedOut, refusals=(*_REFUSALS, NotFound, Conflict), body=InterestedIn, body_types=TYPES,
    ),
    Endpoint(
        "POST", "/public/v1/preorders:open", _open_preorder, "Reserve units of a campaign", "public", status=201,
        answer=OpenOut, refusals=(*_REFUSALS, Forbidden, NotFound, Conflict), body=OpenIn, body_types=TYPES,
    ),
    Endpoint(
        "POST", "/public/v1/preorders:status", _ask_status, "See one's preorders", "public",
        answer=PreordersOut, refusals=(*_REFUSALS, NotFound), body=AskIn, body_types=TYPES,
    ),
    Endpoint(
        "POST", "/public/v1/preorders:cancel", _cancel_preorder, "Cancel one's preorder", "public",
        answer=PreorderOut, refusals=(*_REFUSALS, NotFound, Conflict), body=CancelIn, body_types=TYPES,
    ),
    Endpoint(
        "POST", "/public/v1/preorders:change", _change_preorder, "Change one's preorder", "public",
        answer=PreorderOut, refusals=(*_REFUSALS, NotFound, Conflict), body=ChangeIn, body_types=TYPES,
    ),
    Endpoint(
        "POST", "/public/v1/preorders:pay", _pay_preorder, "Go on to the payment of one's preorder", "public",
        answer=CheckoutOut, refusals=(*_REFUSALS, NotFound, Conflict), body=PayIn, body_types=TYPES,
    ),
    *(
        Endpoint("OPTIONS", f"/public/v1/{address}", preflight, "CORS", "public", answer=None, status=204, refusals=())
        for address in (
            "campaigns", "campaigns:interest", "preorders:open", "preorders:status", "preorders:cancel",
            "preorders:change", "preorders:pay",
        )
    ),
    Endpoint("OPTIONS", "/public/v1/slots", preflight, "CORS", "public", answer=None, status=204, refusals=()),
    Endpoint("OPTIONS", "/public/v1/events", preflight, "CORS", "public", answer=None, status=204, refusals=()),
]  # fmt: skip
