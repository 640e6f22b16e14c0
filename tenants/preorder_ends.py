"""Preorder ends: cancelled, or expired. Units go back to the campaign, and what was paid is owed back, less a fee."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID

from infra.database import Connection
from tenants.campaign_caps import give_back_units, variant_scope
from tenants.campaign_prices import share_of
from tenants.preorder_states import (
    HELD_COLUMNS,
    PAYMENT,
    Held,
    Side,
    check_step,
    hold_preorder,
    hold_preorders,
    record_steps,
)

EXPIRED_AT_ONCE = 500
Steps = list[tuple[UUID, Side, str, str]]


@dataclass(frozen=True, slots=True)
class Cancelled:
    """A preorder that was cancelled, and what the shopper gets back of what they paid."""

    preorder_id: UUID
    owed_back_minor: int


async def cancel_preorder(
    conn: Connection, preorder_id: UUID, *, now: datetime, reason: str, fee_basis_points: int = 0
) -> Cancelled:
    """Cancel one, whoever asks for it. Raises NotFound, PreorderStep."""
    held = await hold_preorder(conn, preorder_id)
    check_step(held, fulfilment="cancelled")
    owed = await end_preorders(conn, [held], "cancelled", now=now, reason=reason, fee_basis_points=fee_basis_points)
    return Cancelled(preorder_id, owed[0])


async def cancel_all(conn: Connection, campaign_id: str, *, now: datetime, reason: str) -> int:
    """End every preorder of a campaign that is not shipped; all that was paid is owed back. Returns how many."""
    held = await hold_preorders(conn, campaign_id, "reserved", "joined", "confirmed", "in_production")
    await end_preorders(conn, held, "cancelled", now=now, reason=reason)
    return len(held)


async def expire_reservations(conn: Connection, *, now: datetime) -> int:
    """Let go what nobody paid in time, the oldest first; returns how many. Call again until there is none.

    Where a shopper may be paying at Stripe, that page is closed first (`api.payment_work`).
    """
    rows = await conn.fetch(_OVER, now, EXPIRED_AT_ONCE)
    await end_preorders(conn, [Held(**row) for row in rows], "expired", now=now, reason="not paid in time")
    return len(rows)


async def end_preorders(
    conn: Connection,
    held: Sequence[Held],
    to: Literal["cancelled", "expired"],
    *,
    now: datetime,
    reason: str,
    fee_basis_points: int = 0,
) -> list[int]:
    """End preorders that are held; returns what is owed back for each."""
    if not held:
        return []
    owed = [one.paid_minor - share_of(one.paid_minor, fee_basis_points) for one in held]
    # What a dispute took away, or the merchant gave back by hand, is back already.
    refunding = [
        back > one.returned_minor and "refund_pending" in PAYMENT[one.payment]
        for one, back in zip(held, owed, strict=True)
    ]
    ids = [one.preorder_id for one in held]
    await conn.execute(_END, ids, owed, refunding, to, now)
    if to == "expired":
        # Nobody agreed to anything in the end, so no measures are kept of it.
        await conn.execute("delete from made_preorders where preorder_id = any($1::uuid[])", ids)
    steps: Steps = [(one.preorder_id, "fulfilment", one.fulfilment, to) for one in held]
    steps += [
        (one.preorder_id, "payment", one.payment, "refund_pending")
        for one, back in zip(held, refunding, strict=True)
        if back
    ]
    await record_steps(conn, steps, now=now, reason=reason)
    for campaign_id, scopes in sorted(_units(held).items()):
        await give_back_units(conn, campaign_id, scopes)
    return owed


def _units(held: Sequence[Held]) -> dict[str, Counter[str]]:
    """By campaign and variant scope."""
    units: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for one in held:
        units[one.campaign_id][variant_scope(one.product_id, one.variant_id)] += one.quantity
    return units


_END = """
update preorders
set fulfilment = $4, payment = case when refunding then 'refund_pending' else payment end,
    owed_back_minor = greatest(ended.owed_back_minor, returned_minor), updated_at = $5
from unnest($1::uuid[], $2::bigint[], $3::boolean[]) as ended (preorder_id, owed_back_minor, refunding)
where preorders.preorder_id = ended.preorder_id
"""

_OVER = f"""
select {HELD_COLUMNS}
from preorders
where fulfilment = 'reserved' and reserved_until <= $1
    and not exists (
        select
        from charges
        where charges.preorder_id = preorders.preorder_id and status = 'pending' and session_expires_at > $1
    )
order by reserved_until
limit $2
for no key update skip locked
"""
