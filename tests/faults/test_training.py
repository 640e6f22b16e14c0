"""Training under kills: it is taken up again by itself, and the model before it goes on serving meanwhile."""

from collections.abc import AsyncIterator
from functools import partial

import pytest

from infra.settings import Settings
from tests.faults.kills import as_admin, kill, postmaster_pid
from tests.faults.trainings import (
    BASKETS,
    HOLD_UP_READING,
    active_version,
    has_active_version,
    is_training,
    jobs,
    make_dead_workers_look_dead,
    newest_serves,
    no_job_is_open,
    reading_held_up,
    serves,
    train_now,
    versions,
)
from tests.support.polling import until
from tests.support.processes import Process, find_processes, is_running, working
from tests.support.shop import ShopClient


@pytest.fixture(scope="module")
async def worker(machines: Settings) -> AsyncIterator[Process]:
    """The worker's process."""
    with working(machines).running() as process:
        yield process


@pytest.fixture
async def trained(shop: ShopClient, worker: Process) -> ShopClient:
    """A shop with a model that the worker trained."""
    await shop.stock("p0", "p1", "p2")
    await shop.sell(BASKETS)
    await until(partial(has_active_version, shop, 1))
    await until(partial(serves, shop, await active_version(shop)))
    return shop


async def test_killed_training_is_tried_again_and_the_old_model_serves_on(
    trained: ShopClient, machines: Settings
) -> None:
    before = await active_version(trained)
    async with reading_held_up(machines):
        await train_now(trained)
        for failed in range(2):
            await until(partial(is_training, trained, failed))
            [child] = find_processes("recommender.training", trained.tenant_id)
            kill(child)
            assert await serves(trained, before)
    await until(partial(has_active_version, trained, 4))

    newest, second, first, old = await versions(trained)
    assert (newest["status"], old["status"], old["version_id"]) == ("active", "retired", before)
    assert {one["error"] for one in (first, second)} == {"The training was cut off."}
    await until(partial(serves, trained, newest["version_id"]))


async def test_killed_workers_training_is_taken_up_by_the_next_worker(
    trained: ShopClient, worker: Process, machines: Settings
) -> None:
    before = await active_version(trained)
    async with reading_held_up(machines):
        await train_now(trained)
        await kill_worker_in_training(trained, worker)
        assert await serves(trained, before)
    await make_dead_workers_look_dead(machines)
    worker.start()

    await until(partial(has_active_version, trained, 3))
    assert [one["status"] for one in await versions(trained)] == ["active", "failed", "retired"]
    await until(partial(no_job_is_open, machines, trained))
    assert await jobs(machines, trained) == ["succeeded", "succeeded"]


async def test_killed_workers_training_gives_way_to_one_that_waits(
    trained: ShopClient, worker: Process, machines: Settings
) -> None:
    async with reading_held_up(machines):
        await train_now(trained)
        await kill_worker_in_training(trained, worker)
        await train_now(trained)
    await make_dead_workers_look_dead(machines)
    worker.start()

    await until(partial(has_active_version, trained, 3))
    assert [one["status"] for one in await versions(trained)] == ["active", "failed", "retired"]
    await until(partial(no_job_is_open, machines, trained))
    assert await jobs(machines, trained) == ["succeeded", "failed", "succeeded"]


async def test_killed_postgres_costs_the_worker_neither_its_life_nor_the_training(
    trained: ShopClient, worker: Process, machines: Settings
) -> None:
    admin = await as_admin(machines)
    await admin.execute(f"begin; {HOLD_UP_READING}")
    await train_now(trained)
    await until(partial(is_training, trained, 0))
    kill(postmaster_pid(machines))
    admin.terminate()
    await until(partial(accepts_a_training, trained))

    await until(partial(newest_serves, trained), seconds=60)
    assert is_running(worker.pid)


async def accepts_a_training(shop: ShopClient) -> bool:
    return (await shop.api.post("/v1/models:train")).status_code == 200


async def kill_worker_in_training(shop: ShopClient, worker: Process) -> None:
    """Its child dies with it."""
    await until(partial(is_training, shop, 0))
    [child] = find_processes("recommender.training", shop.tenant_id)
    worker.kill()

    async def gone() -> bool:
        return not is_running(child)

    await until(gone)
