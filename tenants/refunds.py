"""Refunds: what is given back of a charge. The row is written before Stripe is asked, and counts as given back at once.

Its key, `refund:{charge key}:{number}`, is Stripe's idempotency key and stands in the metadata, as a charge's does.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal
from uuid import UUID

from infra.database import Connection, Row
from infra.ids import new_id
from tenants.charges import LOST_AFTER, Charge
from tenants.stripe_facts import Fact
from tenants.webhook_deliveries import Happened, write_deliveries

RefundStatus = Literal["pending", "failed", "succeeded"]
TRY_AGAIN_AFTER = timedelta(days=1)
"""A refund that failed: the account may have the money by then."""
MOST_TRIES = 10
"""Of giving back one charge. After that the shopper's bank does not take it, and the merchant must find another way."""


@dataclass(frozen=True, slots=True)
class Refund:
    """One refund. `owed`: we gave it back; `outside`: the merchant did, in Stripe's dashboard."""

    refund_key: str
    charge_key: str
    number: int
    preorder_id: UUID
    amount_minor: int
    currency: str
    reason: Literal["owed", "outside"]
    status: RefundStatus
    stripe_refund_id: str | None
    error_code: str | None
    sends: int
    created_at: datetime
    settled_at: datetime | None


@dataclass(frozen=True, slots=True)
class Refundable:
    """A charge that came, what is left of it, how often a refund of it failed, and when the last time."""

    charge_key: str
    left_minor: int
    failures: int
    failed_at: datetime | None

    def may_try(self, now: datetime) -> bool:
        return self.failed_at is None or (self.failures < MOST_TRIES and self.failed_at + TRY_AGAIN_AFTER <= now)


def plan_refunds(amount_minor: int, refundables: Sequence[Refundable], now: datetime) -> list[tuple[str, int]]:
    """How much of which charge to give back, the first charge first; less than asked when no more can be now."""
    plan: list[tuple[str, int]] = []
    for one in refundables:
        share = min(amount_minor, one.left_minor)
        if share > 0 and one.may_try(now):
            plan.append((one.charge_key, share))
            amount_minor -= share
    return plan


async def open_refunds(conn: Connection, preorder_id: UUID, amount_minor: int, *, now: datetime) -> Sequence[Refund]:
    """Write the refunds of so much, on a preorder that is held; the newest charge first."""
    refundables = [Refundable(**row) for row in await conn.fetch(_REFUNDABLE, preorder_id)]
    plan = plan_refunds(amount_minor, refundables, now)
    rows = await conn.fetch(_OPEN, [key for key, _ in plan], [amount for _, amount in plan], now)
    return [Refund(**row) for row in rows]


async def record_outside_refund(conn: Connection, charge: Charge, fact: Fact, *, now: datetime) -> bool:
    """What the merchant gave back in Stripe's dashboard; False when it is known."""
    status = refund_status(fact)
    settled_at = None if status == "pending" else now
    key = await conn.fetchval(
        _OUTSIDE, charge.charge_key, fact.amount_minor, status, fact.id, fact.error_code, now, settled_at
    )
    return key is not None


async def find_refund(conn: Connection, refund_key: str) -> Refund | None:
    return _refund(await conn.fetchrow(f"select {_REFUND} from refunds where refund_key = $1", refund_key))


async def find_stripe_refund(conn: Connection, stripe_refund_id: str) -> Refund | None:
    return _refund(await conn.fetchrow(f"select {_REFUND} from refunds where stripe_refund_id = $1", stripe_refund_id))


async def list_refunds(conn: Connection, preorder_id: UUID) -> Sequence[Refund]:
    """The first one first."""
    rows = await conn.fetch(
        f"select {_REFUND} from refunds where preorder_id = $1 order by created_at, charge_key, number", preorder_id
    )
    return [Refund(**row) for row in rows]


async def take_up_refund(conn: Connection, refund_key: str, *, now: datetime) -> Refund | None:
    """Note that Stripe is asked now; None when the refund has come to its end."""
    return _refund(await conn.fetchrow(_TAKE_UP, refund_key, now))


async def end_refund(
    conn: Connection, refund_key: str, status: RefundStatus, *, now: datetime, fact: Fact | None, error: str | None
) -> Refund | None:
    """Move it forward: pending, succeeded, failed (a bank may send back what had succeeded). None when it is there.

    The merchant's webhooks hear of one that failed: after `MOST_TRIES` it is theirs to find another way.
    """
    stripe_id = None if fact is None else fact.id
    ended = _refund(await conn.fetchrow(_END, refund_key, status, now, stripe_id, error))
    if ended is not None and status == "failed":
        data = {"preorder_id": str(ended.preorder_id), "refund_key": refund_key, "error_code": error or ""}
        await write_deliveries(conn, [Happened(new_id(), "preorder.refund_failed", data)], now=now)
    return ended


async def list_lost_refunds(conn: Connection, *, now: datetime, limit: int = 100) -> Sequence[Refund]:
    """Pending ones that nobody has asked about for a while."""
    return [Refund(**row) for row in await conn.fetch(_LOST, now - LOST_AFTER, limit)]


def refund_status(fact: Fact) -> RefundStatus:
    """Stripe's word, as ours."""
    if fact.status in ("failed", "canceled"):
        return "failed"
    return "succeeded" if fact.status == "succeeded" else "pending"


def _refund(row: Row | None) -> Refund | None:
    return None if row is None else Refund(**row)


_REFUND = """refund_key, charge_key, number, preorder_id, amount_minor, currency, reason, status, stripe_refund_id,
error_code, sends, created_at, settled_at"""

_REFUNDABLE = """
select c.charge_key,
    c.amount_minor - coalesce(sum(r.amount_minor) filter (where r.status <> 'failed'), 0)::bigint as left_minor,
    count(*) filter (where r.status = 'failed') as failures,
    max(r.settled_at) filter (where r.status = 'failed') as failed_at
from charges c
left join refunds r using (tenant_id, charge_key)
where c.preorder_id = $1 and c.status = 'succeeded'
group by c.tenant_id, c.charge_key
order by c.settled_at desc, c.charge_key
"""

_OPEN = f"""
insert into refunds (charge_key, number, preorder_id, amount_minor, currency, reason, created_at)
select c.charge_key, 1 + (select count(*) from refunds r where r.charge_key = c.charge_key), c.preorder_id,
    planned.amount_minor, c.currency, 'owed', $3
from unnest($1::text[], $2::bigint[]) as planned (charge_key, amount_minor)
join charges c using (charge_key)
returning {_REFUND}
"""

_OUTSIDE = """
insert into refunds (
    charge_key, number, preorder_id, amount_minor, currency, reason, status, stripe_refund_id, error_code, created_at,
    settled_at
)
select charge_key, 1 + (select count(*) from refunds r where r.charge_key = $1), preorder_id, $2, currency, 'outside',
    $3, $4, $5, $6, $7
from charges
where charge_key = $1
on conflict (tenant_id, stripe_refund_id) do nothing
returning refund_key
"""

_TAKE_UP = f"""
update refunds
set sends = sends + 1, sent_at = $2
where refund_key = $1 and status = 'pending'
returning {_REFUND}
"""

_END = f"""
update refunds
set status = $2, settled_at = case when $2 <> 'pending' then $3::timestamptz end,
    stripe_refund_id = coalesce($4, stripe_refund_id), error_code = $5
where refund_key = $1 and (status = 'pending' or status = 'succeeded' and $2 = 'failed')
returning {_REFUND}
"""

_LOST = f"""
select {_REFUND}
from refunds
where status = 'pending' and coalesce(sent_at, created_at) <= $1
order by coalesce(sent_at, created_at)
limit $2
"""
