"""The public addresses."""

from api.public.addresses import make_address
from api.public.again import PUBLIC_AGAIN
from api.public.campaigns import PUBLIC_CAMPAIGNS
from api.public.configure import PUBLIC_CONFIGURE
from api.public.events import take_events
from api.public.measurements import PUBLIC_MEASUREMENTS
from api.public.preorders import PUBLIC_PREORDERS
from api.public.quotes import PUBLIC_QUOTES
from api.public.sizes import SizeAdviceIn, ask_size
from api.public.slots import KEEPABLE_SLOTS, ask_slots
from api.public.special_requests import PUBLIC_REQUESTS
from api.public.wire import EventsIn, EventsOut, SlotsIn, SlotsOut
from api.sizing import SizeAnswer
from infra.errors import NotFound

PUBLIC = [
    *make_address("/public/v1/slots", ask_slots, "Fill the slots of a page", body=SlotsIn, answer=SlotsOut),
    KEEPABLE_SLOTS,
    *make_address(
        "/public/v1/events", take_events, "Tell what happened on a page", body=EventsIn, answer=EventsOut, status=202
    ),
    *PUBLIC_CONFIGURE,
    *PUBLIC_MEASUREMENTS,
    *make_address(
        "/public/v1/size-advice", ask_size, "Advise on a size", body=SizeAdviceIn, answer=SizeAnswer, also=(NotFound,)
    ),
    *PUBLIC_REQUESTS,
    *PUBLIC_QUOTES,
    *PUBLIC_CAMPAIGNS,
    *PUBLIC_PREORDERS,
    *PUBLIC_AGAIN,
]  # fmt: skip
