"""Attempt: one training as a process does it, alone or as a fleet's task; one that is overtaken is no error."""

import asyncio
import time
import traceback
from uuid import UUID

from infra.artifacts import Artifacts
from infra.clock import Clock
from infra.database import Database, DatabaseDown
from infra.ids import new_id
from recommender.registry import VersionNotTraining
from recommender.training.pipeline import Outcome, train
from recommender.training_tasks import TrainingTask, begin_attempt, finish_attempt, give_attempt_back

OVERTAKEN = "A newer training of the same tenant took over."
PAUSE_SECONDS = 1.0
"""After an attempt that failed, times its number: what was short may be there again."""


async def train_or_yield(
    db: Database, store: Artifacts, clock: Clock, *, tenant_id: UUID, version_id: UUID, tune_seconds: int = 0
) -> Outcome:
    """Train one version; a newer training of the tenant that began meanwhile makes the outcome "overtaken"."""
    try:
        return await train(db, store, clock, tenant_id=tenant_id, version_id=version_id, tune_seconds=tune_seconds)
    except VersionNotTraining:
        return Outcome(version_id, "overtaken", OVERTAKEN)


async def do_task(db: Database, store: Artifacts, clock: Clock, *, tenant_id: UUID, run_id: UUID) -> None:
    """Try a fleet's task until its row says that it has ended; one that has ended is not done again.

    Raises DatabaseDown when the row cannot be reached; whoever calls again goes on where it was.
    """
    while True:
        async with db.tenant(tenant_id) as conn:
            task = await begin_attempt(conn, run_id, new_id())
        if task is None or not await _try(db, store, clock, task=task):
            return
        await asyncio.sleep(PAUSE_SECONDS * task.attempt)


async def _try(db: Database, store: Artifacts, clock: Clock, *, task: TrainingTask) -> bool:
    """Train, and end the task or give it back with the reason; whether it is to be tried again."""
    assert task.version_id is not None
    begun = time.process_time()
    try:
        outcome = await train_or_yield(db, store, clock, tenant_id=task.tenant_id, version_id=task.version_id)
    except DatabaseDown:
        raise
    except Exception as error:  # noqa: BLE001 the worker's edge: one tenant's trouble is not the next one's
        traceback.print_exc()
        async with db.tenant(task.tenant_id) as conn:
            return await give_attempt_back(conn, task.run_id, task.version_id, error=f"{type(error).__name__}: {error}")
    async with db.tenant(task.tenant_id) as conn:
        await finish_attempt(
            conn,
            task.run_id,
            task.version_id,
            outcome="nothing" if outcome.status == "failed" else outcome.status,
            error=outcome.reason,
            cpu_seconds=time.process_time() - begun,
        )
    return False
