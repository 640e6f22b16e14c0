"""Disputes: a shopper's bank took money back, or asks why it should not."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from infra.database import Connection
from tenants.charges import Charge
from tenants.stripe_facts import Fact

CLOSED = frozenset({"won", "lost", "warning_closed", "prevented"})
"""Stripe's words for a dispute that is over. Of these only `lost` keeps the money away."""


@dataclass(frozen=True, slots=True)
class Dispute:
    """One dispute; `status` is Stripe's word, `evidence_due_at` the last moment for the merchant's answer."""

    dispute_id: str
    preorder_id: UUID
    charge_key: str
    amount_minor: int
    currency: str
    reason: str
    status: str
    evidence_due_at: datetime | None
    opened_at: datetime
    closed_at: datetime | None


async def record_dispute(conn: Connection, charge: Charge, fact: Fact, *, now: datetime) -> bool:
    """Take over what Stripe tells, forward only: asked, answered, closed. Returns whether it was news."""
    closed_at = now if fact.status in CLOSED else None
    news = await conn.fetchval(
        _RECORD,
        fact.id,
        charge.preorder_id,
        charge.charge_key,
        fact.amount_minor,
        fact.currency,
        fact.reason,
        fact.status,
        fact.due_at,
        now,
        closed_at,
    )
    return news is not None


async def list_disputes(conn: Connection, preorder_id: UUID) -> Sequence[Dispute]:
    """The first one first."""
    rows = await conn.fetch(
        f"select {_DISPUTE} from disputes where preorder_id = $1 order by opened_at, dispute_id", preorder_id
    )
    return [Dispute(**row) for row in rows]


_DISPUTE = """dispute_id, preorder_id, charge_key, amount_minor, currency, reason, status, evidence_due_at, opened_at,
closed_at"""

_RECORD = f"""
insert into disputes as d ({_DISPUTE})
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
on conflict (tenant_id, dispute_id) do update
set status = excluded.status, evidence_due_at = coalesce(excluded.evidence_due_at, d.evidence_due_at),
    closed_at = excluded.closed_at
where d.closed_at is null
    and (excluded.closed_at is not null or d.status like '%needs_response' and d.status <> excluded.status)
returning true
"""
