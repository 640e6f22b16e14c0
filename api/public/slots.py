"""/public/v1/slots: all places of a page in one request, answered from memory."""

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from api.bodies import decode_one
from api.endpoints import Endpoint, Parameter
from api.public.addresses import REFUSALS
from api.public.answers import KeepableAnswer, PublicAnswer
from api.public.page import open_page
from api.public.personal import read_personal
from api.public.wire import PageIn, SlotsIn, SlotsOut
from api.state import State, state_of
from infra.errors import BadRequest, TooLarge
from recommender.serving.experiments import take_part
from widgets.slots import STRANGER, Viewer, fill

MOST_CHARACTERS = 8_000
"""Of a page's question in an address: no browser, proxy or server on its way cuts that."""


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
        viewer = Viewer(page.shopper_id, session, personal.collections, personal.records, wish.region, wish.locale)
        if page.live.trials:
            places = (slot.name for slot in wish.slots)
            viewer = viewer._replace(trials=take_part(page.live.trials, places, page.subject, now=now))
    else:
        viewer = STRANGER._replace(region=wish.region, locale=wish.locale, led=False)
    return PublicAnswer(fill(page.live, state.orders, wish.slots, viewer, now=now), shared=viewer.records is None)


async def get_slots(request: Request) -> Response:
    """The same for nobody in particular, for browsers and proxies to keep a minute."""
    state, page = state_of(request), decode_one(_question(request), _page_decoder)
    if any(slot.cart or slot.person is not None for slot in page.slots):
        raise BadRequest(
            "An address that caches keep names no cart, and nobody whom something is for.", hint="POST it."
        )
    now = state.clock().timestamp()
    opened = await open_page(state, key=request.query_params.get("key", ""), token=None, visitor=None, now=now)
    viewer = STRANGER._replace(region=page.region, locale=page.locale)
    return KeepableAnswer(request, fill(opened.live, state.orders, page.slots, viewer, now=now))


def _question(request: Request) -> bytes:
    """Raises BadRequest, TooLarge."""
    text = request.query_params.get("page")
    if not text:
        raise BadRequest(
            "The question is missing.", hint='Send ?page={"slots":[{"name":"home-popular"}]}, URL-encoded.'
        )
    if len(text) > MOST_CHARACTERS:
        raise TooLarge(f"The question has {len(text):,} characters; an address takes {MOST_CHARACTERS:,}.",
                       hint="POST it.")  # fmt: skip
    return text.encode()


KEEPABLE_SLOTS = Endpoint(
    "GET", "/public/v1/slots", get_slots, "Fill the slots of a page for nobody in particular", "public",
    answer=SlotsOut, refusals=REFUSALS, keepable=True,
    parameters=(
        Parameter("key", "query", {"type": "string", "maxLength": 200}, "The key of the page, lb_pk_….", required=True),
        Parameter("page", "query", {"type": "string", "maxLength": MOST_CHARACTERS}, "JSON of the question: "
                  '{"slots": [{"name": "home-popular"}]}, with region and locale where they matter.', required=True),
        Parameter("If-None-Match", "header", {"type": "string"}, "The ETag of the answer that you have."),
    ),
)  # fmt: skip
_decoder = msgspec.json.Decoder(SlotsIn)
_page_decoder = msgspec.json.Decoder(PageIn)
