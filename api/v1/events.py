"""/v1/events: what shoppers did, told by the merchant's server. An event is recorded once."""

from collections.abc import Sequence
from functools import partial

from msgspec import Struct

from api.resources import Resource
from api.telling import tell_events
from tenants.events import StoredEvent, ToldEvent, check_event, delete_event, get_event, list_events, record_events


class EventPage(Struct, frozen=True, kw_only=True):
    """Events by id."""

    items: Sequence[StoredEvent]
    next: str | None


EVENTS = Resource(
    name="events",
    document=ToldEvent,
    stored=StoredEvent,
    page=EventPage,
    store=partial(record_events, source="server"),
    get=get_event,
    list_page=list_events,
    delete=delete_event,
    check=check_event,
    tell=tell_events,
)
