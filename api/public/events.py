"""/public/v1/events: the beacon of a page. What a page tells is never trusted with money and never a purchase."""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

import msgspec
from msgspec import UNSET

from api.bodies import decode_one
from api.public.answers import PublicAnswer
from api.public.exposures import find_exposures, record_seen
from api.public.page import Page, open_left_page
from api.public.wire import ClientEvent, EventsIn, EventsOut, Uncredited
from api.sessions import BROWSING, Deed
from api.state import State
from api.writes import settle
from tenants.events import ClientEventType, ToldEvent, record_events, with_token
from tenants.shown_events import BAD_TOKENS, judge
from tenants.shown_tokens import ShownTokens
from tenants.upserts import Upserted

OLDEST = timedelta(days=7)


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
    deeds = _deeds(events, now.timestamp())
    if page.owners and deeds:
        # The shopper's alone, if one is proven: who signs in at this browser next is not to be shown it.
        await state.sessions.browse({page.owners[0]: deeds})
    accepted = seen + sum(outcome == "created" for outcome in recorded.outcomes.values())
    ignored = sum(event.type == "exposure" for event in beacon.events) - len(exposures)
    duplicate = len(beacon.events) - ignored - accepted
    uncredited = tuple(_find_uncredited(events, page.live.tokens))
    answer = EventsOut(accepted=accepted, duplicate=duplicate, ignored=ignored, uncredited=uncredited)
    return PublicAnswer(msgspec.json.encode(answer), 202)


def _records(events: Sequence[ClientEvent], page: Page, now: datetime) -> list[ToldEvent]:
    """One an id, and one impression a token: a page shows a product in one place once. The prefix keeps a page from
    taking an id that the merchant's server will use."""
    told: dict[tuple[str, str], ToldEvent] = {}
    for event in events:
        kind = event.type
        if kind == "exposure":
            continue
        seen = kind == "impression" and event.token is not None
        told.setdefault(("token", event.token or "") if seen else ("id", event.id), _record(event, kind, page, now))
    return list({event.id: event for event in told.values()}.values())


def _record(event: ClientEvent, kind: ClientEventType, page: Page, now: datetime) -> ToldEvent:
    shown = None if event.token is None else page.live.tokens.read(event.token)
    return ToldEvent(
        id=f"client:{event.id}",
        type=kind,
        # A page's clock may run ahead; what it did after the purchase would have earned nothing.
        occurred_at=min(max(event.at or now, now - OLDEST), now),
        shopper_id=page.shopper_id,
        visitor_id=page.visitor_id,
        product_id=event.product if event.product is not None or shown is None else shown[0],
        slot=event.slot,
        token=event.token or UNSET,
    )


def _find_uncredited(events: Sequence[ToldEvent], tokens: ShownTokens) -> Iterator[Uncredited]:
    for event in events:
        told = with_token(event)
        state = "good" if told is None else judge(told, tokens, ()).shown_state
        if state != "good":
            yield Uncredited(id=event.id.removeprefix("client:"), code=state, reason=BAD_TOKENS[state])


def _deeds(events: Sequence[ToldEvent], now: float) -> list[Deed]:
    return [Deed(BROWSING[one.type], one.product_id, now) for one in events if one.type in BROWSING and one.product_id]


_decoder = msgspec.json.Decoder(EventsIn)
