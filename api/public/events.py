"""/public/v1/events: the beacon of a page. What a page tells is never trusted with money and never a purchase."""

from collections.abc import Sequence
from datetime import datetime, timedelta

import msgspec

from api.bodies import decode_one
from api.public.answers import PublicAnswer
from api.public.exposures import find_exposures, record_seen
from api.public.page import Page, open_left_page
from api.public.wire import ClientEvent, EventsIn, EventsOut
from api.sessions import BROWSING, Deed
from api.state import State
from api.writes import settle
from tenants.events import Event, record_events
from tenants.upserts import Upserted

OLDEST, NEWEST = timedelta(days=7), timedelta(minutes=5)


async def take_events(state: State, body: bytes) -> PublicAnswer:
    """Record each event once, and let the session know what was viewed and put into the cart."""
    beacon, now = decode_one(body, _decoder), state.clock()
    page = await open_left_page(state, key=beacon.key, token=beacon.token, visitor=beacon.visitor, now=now.timestamp())
    events = _records(beacon.events, page, now)
    exposures = find_exposures(beacon.events, page, since=now - OLDEST, now=now)

    async def record() -> tuple[int, Upserted]:
        async with state.db.tenant(page.tenant_id) as conn:
            return await record_seen(conn, exposures, page), await record_events(conn, events, "client")

    seen, recorded = await settle(record)
    deeds = _deeds(beacon.events, now.timestamp())
    if page.owners and deeds:
        # The shopper's alone, if one is proven: who signs in at this browser next is not to be shown it.
        await state.sessions.browse({page.owners[0]: deeds})
    accepted = seen + sum(outcome == "created" for outcome in recorded.outcomes.values())
    ignored = sum(event.type == "exposure" for event in beacon.events) - len(exposures)
    answer = EventsOut(accepted=accepted, duplicate=len(beacon.events) - ignored - accepted, ignored=ignored)
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
        if event.type != "exposure"
    }
    return list(by_id.values())


def _deeds(events: Sequence[ClientEvent], now: float) -> list[Deed]:
    return [Deed(BROWSING[one.type], one.product, now) for one in events if one.type in BROWSING and one.product]


_decoder = msgspec.json.Decoder(EventsIn)
