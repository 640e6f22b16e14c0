"""/public/v1/slots: all places of a page in one request, answered from memory."""

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from api.bodies import decode_one, read_body
from api.public.answers import PublicAnswer
from api.public.page import open_page, read_session
from api.public.wire import MAX_BODY, TYPES, SlotsIn
from api.state import state_of
from recommender.serving.session import Session
from widgets.slots import STRANGER, Viewer, fill


async def ask_slots(request: Request) -> Response:
    """Fill the page's slots. No SQL on this path once the tenant is loaded and the key known."""
    state = state_of(request)
    wish = decode_one(await read_body(request, limit=MAX_BODY, types=TYPES), _decoder)
    page = await open_page(state, key=wish.key, token=wish.token, visitor=wish.visitor)
    viewer = Viewer(page.shopper_id, Session(await read_session(state, page))) if wish.personalised else STRANGER
    return PublicAnswer(fill(page.live, state.orders, wish.slots, viewer, now=state.clock().timestamp()))


_decoder = msgspec.json.Decoder(SlotsIn)
