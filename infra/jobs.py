"""Jobs: durable work in Postgres, deferred in the transaction that makes it necessary."""

from datetime import datetime

import asyncpg

from infra.database import Connection, savepoint

QUEUE = "default"


async def defer(
    conn: Connection,
    task: str,
    args: dict[str, str],
    *,
    queueing_lock: str | None = None,
    lock: str | None = None,
    run_at: datetime | None = None,
    priority: int = 0,
) -> int | None:
    """Queue a job on the caller's connection: it exists if and only if the caller commits.

    At most one job with the same `queueing_lock` waits: a second is not queued, but brings the first forward when it
    would run earlier, and None is returned.
    At most one job with the same `lock` runs at a time. The higher the `priority`, the sooner. Returns the job's id.
    """
    if queueing_lock is not None and await conn.fetchval(_BRING_FORWARD, queueing_lock, run_at):
        return None
    try:
        async with savepoint(conn):
            ids = await conn.fetchval(_DEFER, QUEUE, task, priority, lock, queueing_lock, args, run_at)
    except asyncpg.UniqueViolationError:
        # Another transaction queued it between the look and the insert.
        return None
    return int(ids[0])


# The row is written only when its time changes: a thousand pushes of orders do not queue for one row's lock.
_BRING_FORWARD = """
with waiting as (
    select id, scheduled_at
    from procrastinate_jobs
    where queueing_lock = $1 and status = 'todo'
), moved as (
    update procrastinate_jobs
    set scheduled_at = coalesce($2::timestamptz, now())
    from waiting
    where procrastinate_jobs.id = waiting.id and waiting.scheduled_at > coalesce($2::timestamptz, now())
)
select true from waiting
"""

_DEFER = """
select procrastinate_defer_jobs_v1(
    array[row($1, $2, $3, $4, $5, $6::jsonb, $7::timestamptz)::procrastinate_job_to_defer_v1]
)
"""
