"""Fleet: all tenants' trainings at once. A run is a row a tenant, done by a pool of processes here (or by Ray).

The processes stay alive from tenant to tenant, so that three seconds of imports are paid once in each. One that dies is
replaced, and costs its tenant an attempt.
"""

import asyncio
import contextlib
import json
import os
import sys
from asyncio.subprocess import PIPE, Process
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from uuid import UUID

from infra.database import Database
from infra.errors import NotFound
from infra.settings import Settings
from recommender.jobs import training_environment
from recommender.training_tasks import ATTEMPTS, TrainingTask, find_task, give_task_up, open_task, take_up_task
from tenants.accounts import list_tenants

LAST_WORDS = 2_000
"""Bytes of what a process said that are kept to tell why it died."""
THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
"""Environment variables that say how many threads the maths libraries start."""

Ended = Callable[[TrainingTask], None]
"""Called with each task's row as it ends."""


async def open_run(db: Database, run_id: UUID) -> list[TrainingTask]:
    """Write a row for every tenant that has orders; returns them, the most orders first."""
    return await _of_each_tenant(db, lambda conn: open_task(conn, run_id))


async def take_up_run(db: Database, run_id: UUID) -> list[TrainingTask]:
    """All tasks of a run that was killed whole; those that have ended stay as they are. Raises NotFound."""
    tasks = await _of_each_tenant(db, lambda conn: take_up_task(conn, run_id))
    if not tasks:
        raise NotFound(f"There is no run {run_id}.", hint="`lastbook-server train --all` begins one, and names it.")
    return tasks


async def train_here(
    settings: Settings, db: Database, tasks: Sequence[TrainingTask], *, workers: int, ended: Ended
) -> None:
    """Do the tasks that have not ended in so many processes of this machine, which end with us."""
    waiting = deque(task for task in tasks if not task.ended)
    environment = training_environment(settings, **_shared_threads(workers))
    await together(_lane(environment, db, waiting, ended) for _ in range(min(workers, len(waiting))))


async def together(works: Iterable[Coroutine[None, None, None]]) -> None:
    """Wait for all; the first that raises ends the others, and is raised by itself."""
    try:
        async with asyncio.TaskGroup() as group:
            for work in works:
                group.create_task(work)
    except ExceptionGroup as several:
        raise several.exceptions[0] from several


async def settle(db: Database, task: TrainingTask, *, complaint: str) -> TrainingTask:
    """The row of a task that nobody works on any more; failed with the complaint if it has not ended."""
    async with db.tenant(task.tenant_id) as conn:
        await give_task_up(conn, task.run_id, error=complaint)
        settled = await find_task(conn, task.run_id)
    return settled or replace(task, status="failed", error="The tenant was deleted meanwhile.")


async def _of_each_tenant(db: Database, find: Callable[..., Awaitable[TrainingTask | None]]) -> list[TrainingTask]:
    """What is found in each tenant's own transaction, the most orders first: the longest training ends no run alone."""
    async with db.system() as conn:
        tenants = await list_tenants(conn)
    found = []
    for tenant in tenants:
        async with db.tenant(tenant.tenant_id) as conn:
            found.append(await find(conn))
    return sorted((task for task in found if task is not None), key=lambda task: -task.orders)


async def _lane(environment: dict[str, str], db: Database, waiting: deque[TrainingTask], ended: Ended) -> None:
    """One worker after another, one alive at a time, until no task waits."""
    async with contextlib.AsyncExitStack() as stack:
        worker = await stack.enter_async_context(_running(environment))
        while waiting:
            task, complaint = waiting.popleft(), ""
            for _ in range(ATTEMPTS):
                if worker.process.returncode is not None:
                    worker = await stack.enter_async_context(_running(environment))
                if await worker.do(task):
                    break
                complaint = await worker.last_words()
            ended(await settle(db, task, complaint=complaint))


@dataclass(frozen=True, slots=True)
class _Worker:
    """A training process that is given one task at a time."""

    process: Process
    said: bytearray
    listening: "asyncio.Task[None]"

    async def do(self, task: TrainingTask) -> bool:
        """Whether the process lived to say that the task has ended."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        line = json.dumps({"tenant": str(task.tenant_id), "run": str(task.run_id)}) + "\n"
        try:
            self.process.stdin.write(line.encode())
            await self.process.stdin.drain()
        except ConnectionError:
            return False
        return bool(await self.process.stdout.readline())

    async def last_words(self) -> str:
        """How it ended, and the end of what it said."""
        code = await self.process.wait()
        await self.listening
        return f"The training process ended with {code}. {self.said.decode(errors='replace')}".strip()


@asynccontextmanager
async def _running(environment: dict[str, str]) -> AsyncIterator[_Worker]:
    """A worker, killed when the context ends."""
    command = (sys.executable, "-m", "recommender.training", "--many")
    process = await asyncio.create_subprocess_exec(*command, env=environment, stdin=PIPE, stdout=PIPE, stderr=PIPE)
    said = bytearray()
    listening = asyncio.create_task(_listen(process, said))
    try:
        yield _Worker(process, said, listening)
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.wait()
        await listening


async def _listen(process: Process, said: bytearray) -> None:
    """Keep the end of what it says: a pipe that nobody reads holds its process up."""
    assert process.stderr is not None
    while words := await process.stderr.read(LAST_WORDS):
        said += words
        del said[:-LAST_WORDS]


def _shared_threads(workers: int) -> dict[str, str]:
    """The machine's cores, shared out among the workers, unless the operator has said otherwise."""
    each = max(1, (os.cpu_count() or 1) // workers)
    return {name: os.environ.get(name, str(each)) for name in THREADS}
