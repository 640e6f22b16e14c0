"""Fleet: small tenants trained with the full pipeline by two processes, as `lastbook-server train --all` does."""

import asyncio
import resource
import time

from api.onboarding import open_shop
from infra.database import Database, open_database
from infra.ids import new_id
from infra.migrate import migrate
from infra.settings import Settings
from recommender.fleet import open_run, train_here
from recommender.training_tasks import TrainingTask
from tests.benchmarks.small_tenants import make_tenant, store_tenant
from tests.support.processes import run_machines

TENANTS, WORKERS = 8, 2


def measure_fleet() -> dict[str, object]:
    """`tenants_per_minute` is by the clock from the fleet's start to its end, the processes' imports included.

    It gives way to whatever else the machine does (the processes are nice); the same of free cores is what the
    processor time allows. `cpu_seconds_per_tenant` is a training's own, on all threads; `tenant_peak_mb` the largest
    training process's.
    """
    with run_machines() as settings:
        assert settings.database_owner_url is not None
        asyncio.run(migrate(settings.database_owner_url))
        tasks, seconds = asyncio.run(_train(settings))
    assert [task.status for task in tasks] == ["done"] * TENANTS, tasks
    outcomes = [task.outcome or "" for task in tasks]
    cpu_seconds = sum(task.cpu_seconds or 0 for task in tasks) / TENANTS
    return {
        "tenants_per_minute": round(TENANTS / seconds * 60, 1),
        "tenants_per_minute_of_free_cores": round(60 / cpu_seconds * WORKERS, 1),
        "cpu_seconds_per_tenant": round(cpu_seconds, 2),
        "seconds_per_tenant": round(sum(task.seconds for task in tasks) / TENANTS, 2),
        "tenant_peak_mb": round(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024),
        "tenants": TENANTS,
        "workers": WORKERS,
        "outcomes": {outcome: outcomes.count(outcome) for outcome in sorted(set(outcomes))},
    }


async def _train(settings: Settings) -> tuple[list[TrainingTask], float]:
    """The tasks as they ended, and the seconds it took."""
    assert settings.database_url is not None
    db = await open_database(settings.database_url, pool_size=2, answer_seconds=None)
    try:
        for number in range(TENANTS):
            await _open_tenant(settings, db, number)
        tasks = await open_run(db, new_id())
        ended, started = list[TrainingTask](), time.perf_counter()
        await train_here(settings, db, tasks, workers=WORKERS, ended=ended.append)
        return ended, time.perf_counter() - started
    finally:
        await db.close()


async def _open_tenant(settings: Settings, db: Database, number: int) -> None:
    slug = f"small-{number}"
    shop = await open_shop(settings, slug=slug, name=slug, currency="EUR", owner_email=f"{slug}@example.com")
    async with db.tenant(shop.tenant_id) as conn:
        await store_tenant(conn, make_tenant(number))
