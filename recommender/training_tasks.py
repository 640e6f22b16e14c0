"""Training task: a tenant's part in a fleet's run. Its row says what is to be done and what became of it."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from infra.database import Connection

ATTEMPTS = 3
"""How often a tenant is tried in one run."""
KEEP_DAYS = 90


@dataclass(frozen=True, slots=True)
class TrainingTask:
    """One tenant in one run."""

    tenant_id: UUID
    run_id: UUID
    status: str
    """waiting → running → done or failed."""
    orders: int
    """The tenant's orders when the run began: how much there is to do."""
    attempt: int
    """How often it was begun; more than 1 after a worker died or an error was raised."""
    version_id: UUID | None
    """The newest attempt's model version."""
    outcome: str | None
    """Of one that is done: active, candidate (not good enough to serve), nothing (too little to learn from) or
    overtaken (a newer training of the same tenant took over)."""
    error: str | None
    """Why it failed, or why what it made does not serve."""
    cpu_seconds: float | None
    queued_at: datetime
    started_at: datetime | None
    finished_at: datetime | None

    @property
    def ended(self) -> bool:
        return self.finished_at is not None

    @property
    def seconds(self) -> float:
        """How long the newest attempt took, by the clock."""
        if self.started_at is None or self.finished_at is None:
            return 0.0
        return (self.finished_at - self.started_at).total_seconds()


async def open_task(conn: Connection, run_id: UUID) -> TrainingTask | None:
    """Let the tenant take part in a run; None when it has no orders. What is known of old runs goes."""
    await conn.execute("delete from training_tasks where queued_at < now() - make_interval(days => $1)", KEEP_DAYS)
    row = await conn.fetchrow(_OPEN, run_id)
    return TrainingTask(**row) if row else None


async def find_task(conn: Connection, run_id: UUID) -> TrainingTask | None:
    row = await conn.fetchrow(_FIND, run_id)
    return TrainingTask(**row) if row else None


async def take_up_task(conn: Connection, run_id: UUID) -> TrainingTask | None:
    """The task, ready to be done if its run was killed whole: a tenant that was cut off so has all attempts again."""
    await conn.execute(_TAKE_UP, run_id)
    return await find_task(conn, run_id)


async def begin_attempt(conn: Connection, run_id: UUID, version_id: UUID) -> TrainingTask | None:
    """Waiting or running → running, as a new attempt. None when it has ended, or has had all its attempts.

    A task that runs may be begun again: whoever ran it is dead, or is taken for dead and loses the right to end it.
    """
    row = await conn.fetchrow(_BEGIN, run_id, version_id, ATTEMPTS)
    return TrainingTask(**row) if row else None


async def finish_attempt(
    conn: Connection, run_id: UUID, version_id: UUID, *, outcome: str, error: str | None, cpu_seconds: float
) -> None:
    """Running → done, unless a newer attempt has begun."""
    await conn.execute(_FINISH, run_id, version_id, outcome, error, cpu_seconds)


async def give_attempt_back(conn: Connection, run_id: UUID, version_id: UUID, *, error: str) -> bool:
    """Running → waiting for the next attempt (true), or failed after the last; nothing when a newer one has begun."""
    return bool(await conn.fetchval(_GIVE_BACK, run_id, version_id, error, ATTEMPTS))


async def give_task_up(conn: Connection, run_id: UUID, *, error: str) -> None:
    """→ failed, unless it has ended. An error that an attempt left is kept before the new one."""
    await conn.execute(_GIVE_UP, run_id, error)


_COLUMNS = (
    "tenant_id, run_id, status, orders, attempt, version_id, outcome, error, cpu_seconds, "
    "queued_at, started_at, finished_at"
)

_OPEN = f"""
insert into training_tasks (run_id, orders)
select $1, count(*)
from orders
having count(*) > 0
returning {_COLUMNS}
"""

_FIND = f"""
select {_COLUMNS}
from training_tasks
where run_id = $1
"""

_TAKE_UP = """
update training_tasks
set status = 'waiting', attempt = 0
where run_id = $1 and status in ('waiting', 'running')
"""

# clock_timestamp, for a transaction may have waited: seconds are to be those of the training.
_BEGIN = f"""
update training_tasks
set status = 'running', attempt = attempt + 1, version_id = $2, started_at = clock_timestamp()
where run_id = $1 and status in ('waiting', 'running') and attempt < $3
returning {_COLUMNS}
"""

_FINISH = """
update training_tasks
set status = 'done', outcome = $3, error = $4, cpu_seconds = $5, finished_at = clock_timestamp()
where run_id = $1 and version_id = $2 and status = 'running'
"""

_GIVE_BACK = """
update training_tasks
set error = $3,
    status = case when attempt < $4 then 'waiting' else 'failed' end,
    finished_at = case when attempt < $4 then null else clock_timestamp() end
where run_id = $1 and version_id = $2 and status = 'running'
returning status = 'waiting'
"""

_GIVE_UP = """
update training_tasks
set status = 'failed', error = concat_ws(' ', error, $2::text), finished_at = clock_timestamp()
where run_id = $1 and status in ('waiting', 'running')
"""
