"""Events: what shoppers did (views, carts, ratings …). Once recorded, an event does not change."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Annotated, Literal

import msgspec
from msgspec import Meta, Struct

from infra.database import Connection
from infra.errors import FieldError, NotFound
from tenants.fields import Attributes, ExternalId, Moment, ShortText, check_moments
from tenants.shoppers import ensure_shoppers
from tenants.upserts import Upserted, make_document, outcomes

AHEAD = timedelta(days=1)
"""How far a merchant's clock may run before ours."""

ClientEventType = Literal["view", "click", "cart", "impression"]
EventType = Literal["view", "click", "cart", "impression", "wishlist", "search", "rating", "complaint", "contact"]
Source = Literal["server", "client"]


class Event(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One act of a shopper or of an anonymous visitor."""

    id: ExternalId
    type: EventType
    occurred_at: Moment
    shopper_id: ExternalId | None = None
    visitor_id: ExternalId | None = None
    product_id: ExternalId | None = None
    slot: ShortText | None = None
    value: Annotated[float, Meta(ge=-1e12, le=1e12)] | None = None
    properties: Attributes = {}

    def __post_init__(self) -> None:
        check_moments(occurred_at=self.occurred_at)


class StoredEvent(Event, frozen=True, kw_only=True):
    """An event as we hold it. Client events are told by a page and never trusted with money."""

    source: Source
    received_at: Moment


def check_event(event: Event, /, now: datetime) -> FieldError | None:
    """What is wrong with it at this time."""
    return FieldError("occurred_at", "must not lie in the future") if event.occurred_at > now + AHEAD else None


async def record_events(conn: Connection, events: Sequence[Event], source: Source) -> Upserted:
    """Record each event once: an id that is known already is left as it was and answered 'unchanged'. Ids must differ.

    Shoppers that a server names and that are new to us are made; a page cannot make one.
    """
    if source == "server":
        await ensure_shoppers(conn, {event.shopper_id for event in events if event.shopper_id is not None})
    documents = [make_document(event) for event in sorted(events, key=lambda event: event.id)]
    rows = await conn.fetch(
        _INSERT, source, [document.text for document in documents], [document.digest for document in documents]
    )
    return outcomes((event.id for event in events), created=(row["event_id"] for row in rows), updated=())


async def get_event(conn: Connection, event_id: str) -> StoredEvent:
    """Raises NotFound."""
    row = await conn.fetchrow(_SELECT + "where event_id = $1", event_id)
    if row is None:
        raise NotFound(f"There is no event {event_id!r}.")
    return msgspec.convert(dict(row), StoredEvent)


async def list_events(conn: Connection, *, after: str, limit: int) -> Sequence[StoredEvent]:
    """By id, starting behind `after` ('' from the start)."""
    rows = await conn.fetch(_SELECT + "where event_id > $1 order by event_id limit $2", after, limit)
    return [msgspec.convert(dict(row), StoredEvent) for row in rows]


async def delete_event(conn: Connection, event_id: str) -> None:
    """Raises NotFound."""
    if await conn.fetchval("delete from events where event_id = $1 returning true", event_id) is None:
        raise NotFound(f"There is no event {event_id!r}.")


_INSERT = """
insert into events
    (event_id, type, source, occurred_at, shopper_id, visitor_id, product_id, slot, value, properties, digest)
select event.id, event.type, $1, event.occurred_at, shoppers.shopper_id, event.visitor_id, event.product_id,
    event.slot, event.value, event.properties, sent.digest
from unnest($2::text[], $3::bytea[]) as sent (document, digest),
    json_to_record(sent.document::json) as event (
        id text, type text, occurred_at timestamptz, shopper_id text, visitor_id text, product_id text, slot text,
        value double precision, properties jsonb
    )
    left join shoppers on shoppers.external_id = event.shopper_id
order by event.id
on conflict (tenant_id, event_id) do nothing
returning event_id
"""

_SELECT = """
select event_id as id, type, occurred_at, shoppers.external_id as shopper_id, visitor_id, product_id, slot, value,
    properties, source, received_at
from events
left join shoppers using (tenant_id, shopper_id)
"""
