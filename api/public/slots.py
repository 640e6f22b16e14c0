"""/public/v1/slots: all places of a page in one request, answered from memory."""

import msgspec

from api.bodies import decode_one
from api.public.answers import PublicAnswer
from api.public.page import open_page
from api.public.personal import read_personal
from api.public.wire import SlotsIn
from api.state import State
from recommender.serving.experiments import take_part
from widgets.slots import STRANGER, Viewer, fill


async def ask_slots(state: State, body: bytes) -> PublicAnswer:
    """Fill the page's slots. No SQL on this path once the tenant is loaded and the key known, except for a proven
    shopper of a shop with something that is personal; no Redis either while the session has not changed."""
    wish, clock = decode_one(body, _decoder), state.clock()
    now = clock.timestamp()
    page = await open_page(state, key=wish.key, token=wish.token, visitor=wish.visitor, now=now)
    if wish.personalised:
        session = state.sessions.find(page.owners) or await state.sessions.read(page.owners)
        people = (slot.person for slot in wish.slots)
        personal = await read_personal(state, page.live, page.shopper_id, people, now=clock)
        viewer = Viewer(page.shopper_id, session, personal.collections, personal.records, wish.region)
        if page.live.trials:
            places = (slot.name for slot in wish.slots)
            viewer = viewer._replace(trials=take_part(page.live.trials, places, page.subject, now=now))
    else:
        viewer = STRANGER._replace(region=wish.region)
    return PublicAnswer(fill(page.live, state.orders, wish.slots, viewer, now=now))


_decoder = msgspec.json.Decoder(SlotsIn)
