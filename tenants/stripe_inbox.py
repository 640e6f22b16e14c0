"""Stripe inbox: what Stripe told us, each event once, handled by a job and replayable.

Stripe delivers at least once and in any order. So an event only ever moves a state forward, and handling one again, or
all of them shuffled, ends in the same state.
"""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import msgspec
from msgspec import Struct

from infra.database import Connection, Row
from infra.jobs import defer
from tenants.stripe_facts import Fact

HANDLE_STRIPE_EVENT = "handle_stripe_event"
MOST_REPLAYED = 1000


class StripeEvent(Struct, frozen=True, kw_only=True):
    """One event as it was told."""

    event_id: str
    type: str
    account_id: str
    livemode: bool
    created_at: datetime
    fact: Fact


class RecordedEvent(StripeEvent, frozen=True, kw_only=True):
    """The same, and what became of it."""

    received_at: datetime
    handled_at: datetime | None
    outcome: str | None


def concerns_us(fact: Fact) -> bool:
    """Whether it may be about a preorder: the merchant's account has other sales too, and their payments lack our key.
    Refunds and disputes never carry it when somebody else made them."""
    return fact.key is not None or fact.kind in ("refund", "dispute", "account")


async def record_stripe_event(conn: Connection, tenant_id: UUID, event: StripeEvent, *, now: datetime) -> bool:
    """Store it and queue its job, both or neither; False when it was told before."""
    recorded = await conn.fetchval(
        _RECORD,
        event.event_id,
        event.type,
        event.account_id,
        event.livemode,
        event.created_at,
        now,
        msgspec.to_builtins(event.fact),
    )
    if recorded is None:
        return False
    await _queue(conn, tenant_id, event.event_id)
    return True


async def find_stripe_event(conn: Connection, event_id: str) -> StripeEvent | None:
    """One that is not handled yet."""
    return _event(await conn.fetchrow(f"select {_EVENT} from stripe_events where {_WAITING}", event_id))


async def take_stripe_event(conn: Connection, event_id: str) -> StripeEvent | None:
    """Hold an event that is not handled yet, to handle it in this transaction; None when nothing is to be done."""
    return _event(await conn.fetchrow(f"select {_EVENT} from stripe_events where {_WAITING} for update", event_id))


async def finish_stripe_event(conn: Connection, event_id: str, outcome: str, *, now: datetime) -> None:
    """In the transaction of its effect."""
    await conn.execute(
        "update stripe_events set handled_at = $2, outcome = $3 where event_id = $1", event_id, now, outcome
    )


async def replay_stripe_events(
    conn: Connection, tenant_id: UUID, *, event_ids: Sequence[str] = (), since: datetime | None = None
) -> Sequence[str]:
    """Handle these again, or the oldest thousand received since then; returns their ids. Harmless."""
    rows = await conn.fetch(_REPLAY, list(event_ids), since, MOST_REPLAYED)
    for row in rows:
        await _queue(conn, tenant_id, row["event_id"])
    return [row["event_id"] for row in rows]


async def queue_forgotten_events(conn: Connection, tenant_id: UUID, *, before: datetime) -> int:
    """Queue those again whose job came to nothing; returns how many."""
    rows = await conn.fetch(_FORGOTTEN, before, MOST_REPLAYED)
    for row in rows:
        await _queue(conn, tenant_id, row["event_id"])
    return len(rows)


async def list_stripe_events(conn: Connection, *, before: str = "", limit: int = 100) -> Sequence[RecordedEvent]:
    """The newest first; those received before the event `before` ('' from the newest)."""
    return [_recorded(row) for row in await conn.fetch(_LIST, before, limit)]


async def _queue(conn: Connection, tenant_id: UUID, event_id: str) -> None:
    args = {"tenant_id": str(tenant_id), "event_id": event_id}
    await defer(conn, HANDLE_STRIPE_EVENT, args, queueing_lock=f"stripe:{tenant_id}:{event_id}")


def _event(row: Row | None) -> StripeEvent | None:
    return None if row is None else msgspec.convert(dict(row), StripeEvent)


def _recorded(row: Row) -> RecordedEvent:
    return msgspec.convert(dict(row), RecordedEvent)


_WAITING = "event_id = $1 and handled_at is null"
_EVENT = "event_id, type, account_id, livemode, created_at, fact"

_RECORD = f"""
insert into stripe_events ({_EVENT.replace(", fact", "")}, received_at, fact)
values ($1, $2, $3, $4, $5, $6, $7)
on conflict (tenant_id, event_id) do nothing
returning true
"""

_REPLAY = """
with again as (
    select event_id
    from stripe_events
    where case when $2::timestamptz is null then event_id = any($1::text[]) else received_at >= $2 end
    order by received_at, event_id
    limit $3
)
update stripe_events
set handled_at = null, outcome = null
from again
where stripe_events.event_id = again.event_id
returning stripe_events.event_id
"""

_FORGOTTEN = """
select event_id
from stripe_events
where handled_at is null and received_at < $1
order by received_at
limit $2
"""

_LIST = f"""
select {_EVENT}, received_at, handled_at, outcome
from stripe_events
where $1 = ''
    or (received_at, event_id) < (select b.received_at, b.event_id from stripe_events b where b.event_id = $1)
order by received_at desc, event_id desc
limit $2
"""
