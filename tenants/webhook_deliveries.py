"""Webhook deliveries: messages written with what they tell of, sent by a job until they are taken, and replayed."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated, Any, Literal
from uuid import UUID

import msgspec
from msgspec import Meta, Struct

from infra.database import Connection
from infra.errors import Conflict, NotFound
from infra.ids import new_id
from tenants.fields import Moment
from tenants.webhooks import WebhookKind, get_webhook, sign_message

AT_ONCE = 100
PAUSES = tuple(timedelta(seconds=seconds) for seconds in (5, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 86_400))
"""After each attempt but the last, as Standard Webhooks proposes: the tenth is made on the fourth day."""
GONE = 410
"""An answer by which a receiver says that it wants nothing any more."""

DeliveryStatus = Literal["waiting", "delivered", "failed"]


@dataclass(frozen=True, slots=True)
class Happened:
    """Something that webhooks may want to hear of. `data` holds ids, never a person."""

    message_id: UUID
    kind: WebhookKind
    data: dict[str, str]


@dataclass(frozen=True, slots=True)
class Parcel:
    """A message that is to leave now."""

    delivery_id: UUID
    webhook_id: str
    url: str
    body: bytes
    headers: dict[str, str]


class Delivery(Struct, frozen=True, kw_only=True):
    """A message to one address, and what became of it."""

    delivery_id: UUID
    webhook_id: str
    message_id: Annotated[UUID, Meta(description="The header webhook-id: the same for each attempt and replay.")]
    kind: WebhookKind
    occurred_at: Moment
    data: dict[str, Any]
    status: Annotated[DeliveryStatus, Meta(description="failed: refused ten times, or its address said 410 Gone.")]
    attempts: int
    next_try_at: Annotated[Moment | None, Meta(description="null: it is not tried any more.")]
    answered: Annotated[int | None, Meta(description="The last answer's HTTP status; null: there was none.")]
    error: str | None
    done_at: Moment | None


class StillWaiting(Conflict):
    """A message that waits cannot be replayed."""

    code = "delivery_waiting"
    hint = "It is sent by itself; `next_try_at` says when."


async def write_deliveries(conn: Connection, happened: Sequence[Happened], *, now: datetime) -> None:
    """Let these be sent to each address that wants them, if this transaction commits; each once."""
    if not happened:
        return
    by_id = {one.message_id: one for one in happened}
    wanted = await conn.fetch(_WANTED, list(by_id), [one.kind for one in by_id.values()])
    told = [(new_id(), row["webhook_id"], by_id[row["message_id"]]) for row in wanted]
    await conn.executemany(_WRITE, [(name, to, one.message_id, one.kind, now, one.data) for name, to, one in told])


async def write_test(conn: Connection, webhook_id: str, *, now: datetime) -> UUID:
    """A message that only says that it is one, whatever kinds the address wants. Raises NotFound."""
    await get_webhook(conn, webhook_id)
    delivery_id = new_id()
    await conn.execute(_WRITE, delivery_id, webhook_id, new_id(), "test", now, {})
    return delivery_id


async def list_deliveries(
    conn: Connection, *, webhook_id: str | None, status: DeliveryStatus | None, after: UUID | None, limit: int
) -> Sequence[Delivery]:
    """The oldest first, behind `after`."""
    rows = await conn.fetch(_LIST, webhook_id, status, after, limit)
    return [msgspec.convert(dict(row), Delivery) for row in rows]


async def replay_delivery(conn: Connection, delivery_id: UUID, *, now: datetime) -> None:
    """Send it anew, under the same message id. Raises NotFound and StillWaiting."""
    status = await conn.fetchval("select status from webhook_deliveries where delivery_id = $1", delivery_id)
    if status is None:
        raise NotFound("There is no such delivery.", hint="GET /v1/webhook-deliveries lists them.")
    if await conn.fetchval(_REPLAY, delivery_id, now) is None:
        raise StillWaiting("The message waits to be sent.")


async def has_waiting_deliveries(conn: Connection, *, now: datetime) -> bool:
    return bool(await conn.fetch(_WAITING, now, 1))


async def list_waiting_deliveries(conn: Connection, *, now: datetime) -> list[UUID]:
    """The longest due first."""
    return [row["delivery_id"] for row in await conn.fetch(_WAITING, now, AT_ONCE)]


async def take_up_delivery(conn: Connection, delivery_id: UUID, *, now: datetime) -> Parcel | None:
    """Claim it for one attempt; None when another worker has it, or when its address is switched off."""
    row = await conn.fetchrow(_TAKE, delivery_id, now)
    if row is None:
        return None
    # Whatever becomes of this attempt, the next one is not before its time.
    pause = PAUSES[min(row["attempts"], len(PAUSES) - 1)]
    await conn.execute(_CLAIM, delivery_id, now + pause)
    message = {"type": row["kind"], "timestamp": row["occurred_at"], "data": row["data"]}
    body = msgspec.json.encode(message)
    keys = [row["secret"]] if row["previous"] is None else [row["secret"], row["previous"]]
    headers = sign_message(keys, row["message_id"], now, body)
    return Parcel(delivery_id, row["webhook_id"], row["url"], body, headers)


async def note_answer(
    conn: Connection, delivery_id: UUID, *, answered: int | None, error: str | None, now: datetime
) -> None:
    """Keep what became of an attempt: 2xx ends it well; the tenth failure and 410 Gone end it. Nothing is kept of one
    whose address was deleted meanwhile."""
    if error is None:
        await conn.execute(_END, delivery_id, "delivered", answered, None, now)
        return
    attempts: int | None = await conn.fetchval(_FAILED, delivery_id, answered, error)
    if answered == GONE or (attempts or 0) > len(PAUSES):
        await conn.execute(_END, delivery_id, "failed", answered, error, now)


_WANTED = """
select document_id as webhook_id, message_id
from unnest($1::uuid[], $2::text[]) as happened (message_id, kind)
join webhooks on deleted_at is null and (document -> 'enabled')::boolean
    and (document -> 'kinds' = '[]' or document -> 'kinds' ? kind)
order by document_id, message_id
"""

_WRITE = """
insert into webhook_deliveries (delivery_id, webhook_id, message_id, kind, occurred_at, data, next_try_at)
values ($1, $2, $3, $4, $5, $6, $5)
on conflict (tenant_id, webhook_id, message_id) do nothing
"""

_LIST = """
select delivery_id, webhook_id, message_id, kind, occurred_at, data, status, attempts, answered, error, done_at,
    case when status = 'waiting' then next_try_at end as next_try_at
from webhook_deliveries
where ($1::text is null or webhook_id = $1) and ($2::text is null or status = $2)
    and ($3::uuid is null or delivery_id > $3)
order by delivery_id
limit $4
"""

_REPLAY = """
update webhook_deliveries
set status = 'waiting', attempts = 0, next_try_at = $2, done_at = null
where delivery_id = $1 and status <> 'waiting'
returning true
"""

_WAITING = """
select delivery_id
from webhook_deliveries
join webhooks on document_id = webhook_id
where status = 'waiting' and next_try_at <= $1 and deleted_at is null and (document -> 'enabled')::boolean
order by next_try_at, delivery_id
limit $2
"""

_TAKE = """
select webhook_id, message_id, kind, occurred_at, data, attempts, document ->> 'url' as url, secret,
    case when previous_until > $2 then previous end as previous
from webhook_deliveries
join webhook_secrets using (tenant_id, webhook_id)
join webhooks on document_id = webhook_id
where delivery_id = $1 and status = 'waiting' and next_try_at <= $2
    and deleted_at is null and (document -> 'enabled')::boolean
for update of webhook_deliveries skip locked
"""

_CLAIM = "update webhook_deliveries set attempts = attempts + 1, next_try_at = $2 where delivery_id = $1"

_FAILED = """
update webhook_deliveries
set answered = $2, error = $3
where delivery_id = $1
returning attempts
"""

_END = """
update webhook_deliveries
set status = $2, answered = $3, error = $4, done_at = $5
where delivery_id = $1 and status = 'waiting'
"""
