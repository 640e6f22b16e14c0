"""Fleet on Ray: the same tasks on the machines of a cluster, one Ray task a tenant. The only file that imports ray.

Each machine needs this distribution, and reaches the database and the artifacts by the addresses that we use.
"""

import asyncio
import logging
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any
from uuid import UUID

import ray
from ray.exceptions import RayError

from infra.clock import system_clock
from infra.database import Database, DatabaseDown
from infra.settings import Settings
from recommender.fleet import Ended, settle, together
from recommender.training_tasks import ATTEMPTS, TrainingTask

LOCAL = "local"
"""The address that means a cluster of this machine alone, which ends with us."""


class RayUnreachable(ValueError):
    """No cluster answers at the address."""


async def train_on_ray(
    settings: Settings, db: Database, tasks: Sequence[TrainingTask], *, address: str, workers: int, ended: Ended
) -> None:
    """Do the tasks that have not ended on the cluster at this address, or on a new one here with so many processes.

    Raises RayUnreachable.
    """
    with _connected(address, workers=workers):
        await _train_all(settings, db, tasks, ended=ended)


async def _train_all(settings: Settings, db: Database, tasks: Sequence[TrainingTask], *, ended: Ended) -> None:
    # Ray gives a process as many threads as its task has processors: one.
    train: Any = ray.remote(_train)  # Any: its stubs know no list of exceptions
    train = train.options(num_cpus=1, max_retries=ATTEMPTS - 1, retry_exceptions=[DatabaseDown])
    refs = [(task, train.remote(settings, task.tenant_id, task.run_id)) for task in tasks if not task.ended]
    await together(_follow(ref, db, task, ended) for task, ref in refs)


@contextmanager
def _connected(address: str, *, workers: int) -> Iterator[None]:
    """We are a driver of the cluster while the context lasts. Ray tells its makers nothing of it."""
    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
    ours = {"num_cpus": workers, "include_dashboard": False, "_node_ip_address": "127.0.0.1"}
    options: dict[str, Any] = ours if address == LOCAL else {}
    try:
        ray.init(address, log_to_driver=False, logging_level=logging.ERROR, **options)
    except ConnectionError as lost:
        raise RayUnreachable(f"No Ray cluster answers at {address!r}: {lost}") from lost
    try:
        yield
    finally:
        ray.shutdown()


def _train(settings: Settings, tenant_id: UUID, run_id: UUID) -> None:
    """What a machine of the cluster does. The maths is imported here: the driver never needs it."""
    from recommender.training.attempt import do_task
    from recommender.training.tools import open_training_tools

    async def do() -> None:
        async with open_training_tools(settings) as (db, store):
            await do_task(db, store, system_clock, tenant_id=tenant_id, run_id=run_id)

    asyncio.run(do())


async def _follow(ref: Any, db: Database, task: TrainingTask, ended: Ended) -> None:  # Any: an awaitable of Ray's own
    complaint = ""
    try:
        await ref
    except RayError as error:
        complaint = str(error)
    ended(await settle(db, task.tenant_id, task.run_id, complaint=complaint))
