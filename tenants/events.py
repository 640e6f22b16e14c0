"""Events: what shoppers did (views, carts, ratings …). Once recorded, an event does not change."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Annotated, Literal

import msgspec
from msgspec import UNSET, Meta, Struct, UnsetType

from infra.database import Connection, Row
from infra.errors import FieldError, NotFound
from tenants.attribute_values import refuse_wrong_attributes
from tenants.fields import Attributes, ExternalId, Moment, ShortText, check_moments
from tenants.merges import forget_moves
from tenants.named import Named, follow_named, make_shoppers, name_shoppers
from tenants.shown_events import ShownState, WithToken, judge
from tenants.shown_tokens import Shown, ShownToken, read_shown_tokens
from tenants.suppression import ERASED, Kind, find_suppressed
from tenants.upserts import Upserted, make_document, outcomes

AHEAD = timedelta(days=1)
"""How far a merchant's clock may run before ours."""

ClientEventType = Literal["view", "click", "cart", "impression"]
EventType = Literal[
    "view", "click", "cart", "impression", "wishlist", "search", "rating", "complaint", "contact", "credit", "payment"
]  # fmt: skip
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


class ToldEvent(Event, frozen=True, kw_only=True):
    """An event as it is told: what was done with a shown product hands its token back."""

    # Unset it is in no digest: an event without one is the same as before there were any.
    token: ShownToken | UnsetType = UNSET


class StoredEvent(Event, frozen=True, kw_only=True):
    """An event as we hold it. Client events are told by a page and never trusted with money."""

    shown_state: Annotated[
        ShownState | UnsetType,
        Meta(description="What its token came to; only a good one can earn its placement a sale. Unset without one."),
    ] = UNSET
    shown: Annotated[Shown | UnsetType, Meta(description="What a good token said.")] = UNSET
    source: Source
    received_at: Moment


def with_token(event: Event) -> WithToken | None:
    """What its token is judged by; None for an event without one."""
    if not isinstance(event, ToldEvent) or event.token is UNSET:
        return None
    return WithToken(event.token, event.occurred_at, event.product_id, event.shopper_id, event.visitor_id)


def check_event(event: Event, /, now: datetime) -> FieldError | None:
    """What is wrong with it at this time."""
    return FieldError("occurred_at", "must not lie in the future") if event.occurred_at > now + AHEAD else None


async def record_events(conn: Connection, events: Sequence[Event], source: Source) -> Upserted:
    """Record each event once: an id that is known already is left as it was and answered 'unchanged'. Ids must differ.

    Shoppers that a server names and that are new to us are made; a page cannot make one. A server's event of an erased
    person is refused; what an erased person's browser sends is stored without a name. A token that is not good keeps no
    event out: it earns nothing.
    """
    erased = await find_suppressed(conn, {name for event in events for name in _named(event)})
    refused = {
        event.id: FieldError("shopper_id", ERASED)
        for event in events
        if source == "server" and ("external_id", event.shopper_id) in erased
    }
    sent = {event.id: event.properties for event in events}
    refused |= await refuse_wrong_attributes(conn, "event", sent, field="properties")
    events = [_nameless(event, erased) for event in events if event.id not in refused]
    names = {event.shopper_id for event in events if event.shopper_id is not None}
    named = await (make_shoppers if source == "server" else name_shoppers)(conn, names)
    ordered = sorted(events, key=lambda event: event.id)
    who = {event.id: named.get(event.shopper_id or "") for event in ordered}
    shopper_ids = [one.shopper_id if one else None for one in who.values()]
    documents = [make_document(event) for event in ordered]
    texts, digests = [document.text for document in documents], [document.digest for document in documents]
    shown = await _read_tokens(conn, ordered, named)
    rows = await conn.fetch(_INSERT, source, texts, digests, shopper_ids, shown)
    created = [row["event_id"] for row in rows]
    await follow_named(conn, "events", ((event_id, who[event_id]) for event_id in created))
    stored = outcomes((event.id for event in events), created=created, updated=())
    return replace(stored, refused=refused)


async def get_event(conn: Connection, event_id: str) -> StoredEvent:
    """Raises NotFound."""
    row = await conn.fetchrow(_SELECT + "where event_id = $1", event_id)
    if row is None:
        raise NotFound(f"There is no event {event_id!r}.")
    return _stored(row)


async def list_events(conn: Connection, *, after: str, limit: int) -> Sequence[StoredEvent]:
    """By id, starting behind `after` ('' from the start)."""
    rows = await conn.fetch(_SELECT + "where event_id > $1 order by event_id limit $2", after, limit)
    return [_stored(row) for row in rows]


async def delete_event(conn: Connection, event_id: str) -> None:
    """Raises NotFound."""
    if await conn.fetchval("delete from events where event_id = $1 returning true", event_id) is None:
        raise NotFound(f"There is no event {event_id!r}.")
    await forget_moves(conn, "events", [event_id])


async def _read_tokens(conn: Connection, events: Sequence[Event], known: Mapping[str, Named]) -> list[str]:
    """What each event's token came to, as a JSON document; {} for one without."""
    told = [with_token(event) for event in events]
    if not any(told):
        return ["{}"] * len(events)
    tokens = await read_shown_tokens(conn)
    return ["{}" if one is None else msgspec.json.encode(judge(one, tokens, known)).decode() for one in told]


def _stored(row: Row) -> StoredEvent:
    unset = {"shown_state", "shown"} if row["shown_state"] is None else {"shown"} if row["shown"] is None else set()
    return msgspec.convert({name: value for name, value in row.items() if name not in unset}, StoredEvent)


def _named(event: Event) -> list[tuple[Kind, str]]:
    given: tuple[tuple[Kind, str | None], ...] = (("external_id", event.shopper_id), ("visitor", event.visitor_id))
    return [(kind, value) for kind, value in given if value is not None]


def _nameless(event: Event, erased: Collection[tuple[Kind, str]]) -> Event:
    """Before the digest is made: it would tell who it was."""
    if not erased:
        return event
    kept = {kind: value for kind, value in _named(event) if (kind, value) not in erased}
    return msgspec.structs.replace(event, shopper_id=kept.get("external_id"), visitor_id=kept.get("visitor"))


_INSERT = """
insert into events
    (event_id, type, source, occurred_at, shopper_id, visitor_id, product_id, slot, value, properties, digest,
    shown_state, placement, position, strategy, shown_source, shown_on, experiment_id, arm_id, told_shopper, by_visitor)
select event.id, event.type, $1, event.occurred_at, sent.shopper_id, event.visitor_id,
    coalesce(event.product_id, shown.product_id), coalesce(event.slot, shown.placement), event.value, event.properties,
    sent.digest, shown.shown_state, shown.placement, shown.position, shown.strategy, shown.shown_source, shown.shown_on,
    shown.experiment_id, shown.arm_id, shown.told_shopper, coalesce(shown.by_visitor, false)
from unnest($2::text[], $3::bytea[], $4::uuid[], $5::text[]) as sent (document, digest, shopper_id, shown),
    json_to_record(sent.document::json) as event (
        id text, type text, occurred_at timestamptz, visitor_id text, product_id text, slot text,
        value double precision, properties jsonb
    ),
    json_to_record(sent.shown::json) as shown (
        shown_state text, product_id text, placement text, position integer, strategy text, shown_source text,
        shown_on date, experiment_id text, arm_id text, told_shopper text, by_visitor boolean
    )
order by event.id
on conflict (tenant_id, event_id) do nothing
returning event_id
"""

_SELECT = """
select event_id as id, type, occurred_at, shoppers.external_id as shopper_id, visitor_id, product_id, slot, value,
    properties, source, received_at, shown_state,
    case when shown_state = 'good' then jsonb_build_object(
        'placement', placement, 'position', position, 'strategy', strategy, 'source', shown_source, 'day', shown_on,
        'experiment', experiment_id, 'arm', arm_id
    ) end as shown
from events
left join shoppers using (tenant_id, shopper_id)
"""
