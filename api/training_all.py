"""Training all: the operator's command for the fleet, with its progress on the terminal."""

import os
from collections.abc import Mapping
from functools import partial
from uuid import UUID

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from api.tooling import open_tools
from infra.ids import new_id
from infra.settings import Settings
from recommender.fleet import open_run, take_up_run, train_here
from recommender.fleet_ray import train_on_ray
from recommender.training_tasks import TrainingTask
from tenants.accounts import list_tenants

COLOURS = {"active": "green", "failed": "red"}


async def train_all(
    settings: Settings, console: Console, *, workers: int | None, ray: str | None, resume: UUID | None
) -> bool:
    """Train every tenant that has orders, here or on Ray; whether none failed. Raises as the two, and NotFound."""
    workers, run_id = workers or os.cpu_count() or 1, resume or new_id()
    train = train_here if ray is None else partial(train_on_ray, address=ray)
    async with open_tools(settings) as (db, _):
        async with db.system() as conn:
            slugs = {tenant.tenant_id: tenant.slug for tenant in await list_tenants(conn)}
        tasks = await (open_run(db, run_id) if resume is None else take_up_run(db, run_id))
        console.print(f"Run {run_id}, tenants: {len(tasks)}. If it is cut off: train --all --resume {run_id}")
        with _progress(console) as progress:
            ended = _Told(progress, slugs, tasks)
            await train(settings, db, tasks, workers=workers, ended=ended)
    return not ended.failed


class _Told:
    """A line on the terminal for each task that has ended, and the bar above them moved on."""

    def __init__(self, progress: Progress, slugs: Mapping[UUID, str], tasks: list[TrainingTask]) -> None:
        self.failed = sum(task.status == "failed" for task in tasks)
        self._progress = progress
        self._slugs = slugs
        self._bar = progress.add_task("training", total=len(tasks), completed=sum(task.ended for task in tasks))

    def __call__(self, task: TrainingTask) -> None:
        self.failed += task.status == "failed"
        said = task.outcome or task.status
        self._progress.console.print(
            f"{self._slugs.get(task.tenant_id, str(task.tenant_id))}: [{COLOURS.get(said, 'yellow')}]{said}[/]"
            f" in {task.seconds:.1f} s, version {task.version_id}{_attempts(task)}",
            highlight=False,
            soft_wrap=True,
        )
        if task.error:
            self._progress.console.print(f"  {task.error}", markup=False, highlight=False, soft_wrap=True)
        self._progress.advance(self._bar)


def _attempts(task: TrainingTask) -> str:
    return f", attempt {task.attempt}" if task.attempt > 1 else ""


def _progress(console: Console) -> Progress:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    return Progress(*columns, console=console)
