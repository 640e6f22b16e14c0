"""Rejects: the rows that an import refused, by line, with the field and the reason, and never with their values."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from infra.database import Connection
from tenants.imports.documents import Bad

MOST_KEPT = 100_000
"""Rejects kept of one import; all are counted."""


@dataclass(frozen=True, slots=True)
class Reject:
    """One refused row. `line` is the number of the row in a Parquet file."""

    number: int
    line: int
    field: str
    reason: str


async def add_rejects(conn: Connection, import_id: UUID, rows: Sequence[Bad], *, before: int) -> None:
    """Keep them behind the `before` rejects that the import had."""
    kept = sorted(rows, key=lambda row: row.line)[: max(0, MOST_KEPT - before)]
    if not kept:
        return
    await conn.execute(
        """
        insert into import_rejects (import_id, number, line, field, reason)
        select $1, number, line, field, reason
        from unnest($2::bigint[], $3::bigint[], $4::text[], $5::text[]) as bad (number, line, field, reason)
        """,
        import_id,
        [before + place for place in range(1, len(kept) + 1)],
        [row.line for row in kept],
        [row.error.field[:200] for row in kept],
        [row.error.reason[:500] for row in kept],
    )


async def list_rejects(conn: Connection, import_id: UUID, *, after: int, limit: int) -> Sequence[Reject]:
    """In the order of the file, behind the number `after` (0 from the start)."""
    rows = await conn.fetch(
        """
        select number, line, field, reason
        from import_rejects
        where import_id = $1 and number > $2
        order by number
        limit $3
        """,
        import_id,
        after,
        limit,
    )
    return [Reject(**row) for row in rows]
