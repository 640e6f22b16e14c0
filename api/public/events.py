"""/public/v1/events: the beacon of a page. What a page tells is never trusted with money and never a purchase."""

from collections.abc import Sequence
from datetime import datetime, timedelta

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from api.bodies import decode_one, read_body
from api.public.answers import PublicAnswer
from api.public.page import Page, extend_session, open_left_page
from api.public.wire import MAX_BODY, TYPES, ClientEvent, EventsIn, EventsOut
from api.state import state_of
from api.writes import settle
from tenants.events import Event, record_events
from tenants.upserts import Upserted

OLDEST, NEWEST = timedelta(days=7), timedelta(minutes=5)


async def take_events(request: Request) -> Response:
    """Record each event once and remember what this session viewed."""
    state = state_of(request)
    beacon = decode_one(await read_body(request, limit=MAX_BODY, types=TYPES), _decoder)
    page = await open_left_page(state, key=beacon.key, token=beacon.token, visitor=beacon.visitor)
    events = _records(beacon.events, page, state.clock())

    async def record() -> Upserted:
        async with state.db.tenant(page.tenant_id) as conn:
            return await record_events(conn, events, "client")

    recorded = await settle(record)
    seen = [event.product for event in beacon.events if event.type in ("view", "cart", "click") and event.product]
    await extend_session(state, page, tuple(seen))
    accepted = sum(outcome == "created" for outcome in recorded.outcomes.values())
    answer = EventsOut(accepted=accepted, duplicate=len(beacon.events) - accepted)
    return PublicAnswer(msgspec.json.encode(answer), 202)


def _records(events: Sequence[ClientEvent], page: Page, now: datetime) -> list[Event]:
    """One an id. The prefix keeps a page from taking an id that the merchant's server will use."""
    by_id = {
        f"client:{event.id}": Event(
            id=f"client:{event.id}",
            type=event.type,
            occurred_at=min(max(event.at or now, now - OLDEST), now + NEWEST),
            shopper_id=page.shopper_id,
            visitor_id=page.visitor_id,
            product_id=event.product,
            slot=event.slot,
        )
        for event in events
    }
    return list(by_id.values())


_decoder = msgspec.json.Decoder(EventsIn)
