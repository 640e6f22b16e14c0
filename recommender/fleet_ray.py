"""Fleet on Ray: the same tasks on the machines of a cluster, one Ray task a tenant. The only file that imports ray.

Each machine needs this distribution, and reaches the database and the artifacts by the addresses that we use. Ray is an
extra and takes seconds to import, so that it is imported when it is wanted.
"""

import asyncio
import logging
import os
import socket
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any
from urllib.parse import SplitResult, urlsplit
from uuid import UUID

from infra.clock import system_clock
from infra.database import Database, DatabaseDown
from infra.settings import Settings
from recommender.fleet import Ended, settle, together
from recommender.training_tasks import ATTEMPTS, TrainingTask

LOCAL = "local"
"""The address that means a cluster of this machine alone, which ends with us."""
LOOPBACK = "127.0.0.1"
KNOCK_SECONDS = 5.0


class RayMissing(ValueError):
    """The extra `ray` is not installed."""


class RayUnreachable(ValueError):
    """No cluster answers at the address."""


async def train_on_ray(
    settings: Settings, db: Database, tasks: Sequence[TrainingTask], *, address: str, workers: int, ended: Ended
) -> None:
    """Do the tasks that have not ended on the cluster at this address, or on a new one here with so many processes.

    Raises RayMissing and RayUnreachable.
    """
    with _connected(address, workers=workers):
        await _train_all(settings, db, tasks, ended=ended)


def keep_to_loopback() -> None:
    """Ray would take 127.0.0.1 for the machine's address in its network, and listen there for anybody's code.

    The variable is named after other systems, means the same on this one, and is read when ray is imported.
    """
    os.environ["RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER"] = "0"


async def _train_all(settings: Settings, db: Database, tasks: Sequence[TrainingTask], *, ended: Ended) -> None:
    import ray

    # Ray gives a process as many threads as its task has processors: one.
    train: Any = ray.remote(_train)  # Any: its stubs know no list of exceptions
    train = train.options(num_cpus=1, max_retries=ATTEMPTS - 1, retry_exceptions=[DatabaseDown])
    refs = [(task, train.remote(settings, task.tenant_id, task.run_id)) for task in tasks if not task.ended]
    await together(_follow(ref, db, task, ended) for task, ref in refs)


@contextmanager
def _connected(address: str, *, workers: int) -> Iterator[None]:
    """We are a driver of the cluster while the context lasts. Ray tells its makers nothing of it."""
    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
    place = urlsplit(address if "://" in address else f"//{address}")
    if address == LOCAL or place.hostname == LOOPBACK:
        keep_to_loopback()
    options: dict[str, Any] = {"log_to_driver": False, "logging_level": logging.ERROR}
    if address == LOCAL:
        options |= {"num_cpus": workers, "include_dashboard": False, "_node_ip_address": LOOPBACK}
    else:
        _knock(place)
    try:
        import ray
    except ModuleNotFoundError as missing:
        raise RayMissing("Ray is not installed: pip install 'lastbook-server[ray]'.") from missing
    ray.init(address, **options)
    try:
        yield
    finally:
        ray.shutdown()


def _knock(place: SplitResult) -> None:
    """Raises RayUnreachable at once; Ray itself would ask for minutes. An address without a port is Ray's to find."""
    if place.port is None:
        return
    try:
        socket.create_connection((place.hostname or "", place.port), timeout=KNOCK_SECONDS).close()
    except OSError as refused:
        raise RayUnreachable(f"No Ray cluster answers at {place.netloc}: {refused}.") from refused


def _train(settings: Settings, tenant_id: UUID, run_id: UUID) -> None:
    """What a machine of the cluster does. The maths is imported here: the driver never needs it."""
    from recommender.training.attempt import do_task
    from recommender.training.tools import open_training_tools

    async def do() -> None:
        async with open_training_tools(settings) as (db, store):
            await do_task(db, store, system_clock, tenant_id=tenant_id, run_id=run_id)

    asyncio.run(do())


async def _follow(ref: Any, db: Database, task: TrainingTask, ended: Ended) -> None:  # Any: an awaitable of Ray's own
    from ray.exceptions import RayError

    complaint = ""
    try:
        await ref
    except RayError as error:
        complaint = str(error)
    ended(await settle(db, task, complaint=complaint))
