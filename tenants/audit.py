"""Audit: who did what to a tenant's settings, kept for good."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from infra.database import Connection
from infra.ids import new_id


@dataclass(frozen=True, slots=True)
class AuditRow:
    """One act. `actor` names a key or a person, `subject` what it was done to."""

    at: datetime
    actor: str
    action: str
    subject: str


async def record_audit(conn: Connection, *, actor: str, action: str, subject: str) -> None:
    """Write the row in the transaction of the act."""
    await conn.execute(
        "insert into audit_log (audit_id, actor, action, subject) values ($1, $2, $3, $4)",
        new_id(),
        actor,
        action,
        subject,
    )


async def list_audit(conn: Connection, *, limit: int = 100) -> Sequence[AuditRow]:
    """Newest first."""
    rows = await conn.fetch("select at, actor, action, subject from audit_log order by audit_id desc limit $1", limit)
    return [AuditRow(**row) for row in rows]
