"""Fleets as tests see them: shops with orders, a run's rows, and trainings that are held up while they read."""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from uuid import UUID

from infra.settings import Settings
from recommender.training_tasks import TrainingTask, find_task
from tests.support.databases import as_admin
from tests.support.processes import find_processes
from tests.support.service import Service
from tests.support.shop import ShopClient, open_test_shop

BASKETS = {"ann": ["p1", "p2"], "bo": ["p1"]}


@asynccontextmanager
async def selling_shops(service: Service, number: int) -> AsyncIterator[list[ShopClient]]:
    """So many shops with a few orders each."""
    shops = [await open_test_shop(service) for _ in range(number)]
    for shop in shops:
        await shop.stock("p1", "p2")
        await shop.sell(BASKETS)
    try:
        yield shops
    finally:
        for shop in shops:
            await shop.api.aclose()
            await shop.page.aclose()


@asynccontextmanager
async def reading_held_up(settings: Settings) -> AsyncIterator[None]:
    """A training that began cannot read the orders until the context ends."""
    async with as_admin(settings) as admin, admin.transaction():
        await admin.execute("lock table order_lines in access exclusive mode")
        yield


async def task_of(shop: ShopClient, run_id: UUID) -> TrainingTask:
    async with shop.service.db.tenant(shop.keys.tenant_id) as conn:
        task = await find_task(conn, run_id)
    assert task is not None
    return task


async def is_reading(shop: ShopClient, run_id: UUID, attempt: int = 1) -> bool:
    """Whether that attempt has begun and its version is in training."""
    task = await task_of(shop, run_id)
    async with shop.service.db.tenant(shop.keys.tenant_id) as conn:
        stage = await conn.fetchval(
            "select stage from model_versions where version_id = $1 and status = 'training'", task.version_id
        )
    return (task.status, task.attempt, stage) == ("running", attempt, "reading")


def fleet_workers(parent: int | None = None) -> list[int]:
    """Pids of the fleet's processes that this process, or another, started."""
    parent = os.getpid() if parent is None else parent
    return [pid for pid in find_processes("recommender.training", "--many") if _parent(pid) == parent]


def _parent(pid: int) -> int:
    try:
        return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
    except OSError:
        return 0
