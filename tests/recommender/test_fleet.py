"""The fleet: every tenant is trained once, whatever dies meanwhile, and the row of each says how it went."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from uuid import UUID

import pytest

from infra.errors import NotFound
from infra.ids import new_id
from infra.settings import Settings
from recommender.fleet import open_run, take_up_run, train_here
from recommender.training_tasks import TrainingTask, begin_attempt, finish_attempt, give_attempt_back
from tests.faults.kills import kill
from tests.support.databases import own_database
from tests.support.fleets import fleet_workers, is_reading, reading_held_up, selling_shops, task_of
from tests.support.polling import until
from tests.support.processes import is_running
from tests.support.service import Service, run_service
from tests.support.shop import ShopClient, open_test_shop, order


@pytest.fixture
async def service(settings: Settings) -> AsyncIterator[Service]:
    """Lastbook on a database of each test's own: a run is of all tenants that there are."""
    async with own_database(settings) as own, run_service(own) as running:
        yield running


async def train(service: Service, tasks: Sequence[TrainingTask], *, workers: int = 1) -> list[TrainingTask]:
    """The tasks as they ended."""
    ended = list[TrainingTask]()
    await train_here(service.settings, service.db, tasks, workers=workers, ended=ended.append)
    return ended


async def statuses(shop: ShopClient) -> list[str]:
    """Of the shop's model versions, the newest first."""
    return [one["status"] for one in (await shop.api.get("/v1/models")).json()["items"]]


async def one_reads(shops: Sequence[ShopClient], run_id: UUID, attempt: int = 1) -> ShopClient | None:
    """The shop whose training has begun so many times and reads."""
    reading = [shop for shop in shops if await is_reading(shop, run_id, attempt)]
    return reading[0] if reading else None


async def test_every_tenant_with_orders_is_trained_by_processes_that_stay_alive(service: Service) -> None:
    run_id = new_id()
    async with selling_shops(service, 3) as shops:
        await open_test_shop(service)
        tasks = await open_run(service.db, run_id)
        training = asyncio.create_task(train(service, tasks))
        seen = set[int]()
        while not training.done():
            seen |= {*fleet_workers()}
            await asyncio.sleep(0.01)
        ended = await training

        assert {task.tenant_id for task in ended} == {shop.keys.tenant_id for shop in shops}
        for shop in shops:
            task = await task_of(shop, run_id)
            assert (task.status, task.outcome, task.attempt, task.error) == ("done", "active", 1, None)
            [version] = (await shop.api.get("/v1/models")).json()["items"]
            assert (version["version_id"], version["status"]) == (str(task.version_id), "active")
            assert task.seconds > 0
        assert len(seen) == 1
        assert fleet_workers() == []


async def test_a_killed_worker_costs_one_retry_and_nothing_else(service: Service) -> None:
    run_id = new_id()
    async with selling_shops(service, 3) as shops:
        tasks = await open_run(service.db, run_id)
        async with reading_held_up(service.settings):
            training = asyncio.create_task(train(service, tasks))
            killed = await until(partial(one_reads, shops, run_id))
            assert killed is not None
            [worker] = fleet_workers()
            kill(worker)
            await until(partial(is_reading, killed, run_id, 2))
        await training

        for shop in shops:
            task = await task_of(shop, run_id)
            assert (task.status, task.outcome, task.attempt) == ("done", "active", 2 if shop is killed else 1)
            assert await statuses(shop) == (["active", "failed"] if shop is killed else ["active"])


async def test_a_tenant_whose_worker_dies_three_times_is_given_up_and_the_others_are_trained(service: Service) -> None:
    run_id = new_id()
    async with selling_shops(service, 2) as shops:
        tasks = await open_run(service.db, run_id)
        async with reading_held_up(service.settings):
            training = asyncio.create_task(train(service, tasks))
            for attempt in (1, 2, 3):
                doomed = await until(partial(one_reads, shops, run_id, attempt))
                [worker] = fleet_workers()
                kill(worker)
        ended = {task.tenant_id: task for task in await training}

        assert doomed is not None
        given_up = ended.pop(doomed.keys.tenant_id)
        assert (given_up.status, given_up.attempt, given_up.outcome) == ("failed", 3, None)
        assert given_up.error == "The training process ended with -9."
        assert [task.outcome for task in ended.values()] == ["active"]


async def test_a_training_that_raises_is_tried_three_times_and_its_reason_kept(
    service: Service, tmp_path: Path
) -> None:
    settings = replace(service.settings, artifacts_url=tmp_path.as_uri())
    async with selling_shops(service, 2) as [broken, sound]:
        (tmp_path / broken.tenant_id).write_text("a file where a folder is wanted")
        tasks = await open_run(service.db, new_id())
        await train_here(settings, service.db, tasks, workers=1, ended=lambda task: None)

        failed, done = [await task_of(shop, tasks[0].run_id) for shop in (broken, sound)]
        assert (failed.status, failed.attempt, done.outcome) == ("failed", 3, "active")
        assert broken.tenant_id in (failed.error or "")
        assert await statuses(broken) == ["failed"] * 3


async def test_a_tenant_whose_orders_were_cancelled_is_done_with_nothing_to_learn(service: Service) -> None:
    async with selling_shops(service, 1) as [shop]:
        for one in (await shop.api.get("/v1/orders")).json()["items"]:
            cancelled = order(one["id"], ["p1"], status="cancelled")
            assert (await shop.api.put(f"/v1/orders/{one['id']}", json=cancelled)).status_code == 200
        [task] = await train(service, await open_run(service.db, new_id()))

    assert (task.status, task.outcome) == ("done", "nothing")
    assert task.error == "There are no orders to learn from yet."


async def test_a_tenant_that_is_deleted_meanwhile_ends_no_other_ones_training(service: Service) -> None:
    async with selling_shops(service, 2) as [gone, other]:
        tasks = await open_run(service.db, new_id())
        async with service.db.system() as conn:
            await conn.execute("delete from tenants where tenant_id = $1", gone.keys.tenant_id)
        ended = {task.tenant_id: task for task in await train(service, tasks)}

    assert ended[other.keys.tenant_id].outcome == "active"
    assert ended[gone.keys.tenant_id].error == "The tenant was deleted meanwhile."


async def test_an_overlapping_training_of_the_same_tenant_overtakes_the_fleets(service: Service) -> None:
    run_id = new_id()
    async with selling_shops(service, 1) as [shop]:
        async with reading_held_up(service.settings):
            training = asyncio.create_task(train(service, await open_run(service.db, run_id)))
            await until(partial(is_reading, shop, run_id))
            job = asyncio.create_task(shop.train())
            await until(partial(_has_versions, shop, ["training", "failed"]))
        [task], trained = await training, await job

        assert (task.status, task.outcome, task.attempt) == ("done", "overtaken", 1)
        assert trained.status == "active"
        assert await statuses(shop) == ["active", "failed"]


async def test_a_worker_job_that_the_fleet_overtakes_ends_without_an_error(service: Service) -> None:
    run_id = new_id()
    async with selling_shops(service, 1) as [shop]:
        async with reading_held_up(service.settings):
            job = asyncio.create_task(shop.train())
            await until(partial(_has_versions, shop, ["training"]))
            training = asyncio.create_task(train(service, await open_run(service.db, run_id)))
            await until(partial(is_reading, shop, run_id))
        [task], trained = await training, await job

        assert (trained.status, trained.reason) == ("overtaken", "A newer training of the same tenant took over.")
        assert (task.outcome, await statuses(shop)) == ("active", ["active", "failed"])


async def test_a_run_that_was_cut_off_is_taken_up_and_what_is_done_is_not_done_again(service: Service) -> None:
    run_id = new_id()
    async with selling_shops(service, 2) as shops:
        await open_run(service.db, run_id)
        await train(service, [await task_of(shops[0], run_id)])
        before = await task_of(shops[0], run_id)
        async with service.db.tenant(shops[1].keys.tenant_id) as conn:
            await begin_attempt(conn, run_id, new_id())

        ended = await train(service, await take_up_run(service.db, run_id))

        assert [(task.tenant_id, task.outcome, task.attempt) for task in ended] == [
            (shops[1].keys.tenant_id, "active", 1)
        ]
        assert await task_of(shops[0], run_id) == before
        assert await statuses(shops[0]) == ["active"]
        with pytest.raises(NotFound):
            await take_up_run(service.db, new_id())


async def test_an_attempt_that_was_taken_for_dead_cannot_end_the_task(service: Service) -> None:
    run_id, old, new = new_id(), new_id(), new_id()
    async with selling_shops(service, 1) as [shop]:
        await open_run(service.db, run_id)
        async with service.db.tenant(shop.keys.tenant_id) as conn:
            await begin_attempt(conn, run_id, old)
            await begin_attempt(conn, run_id, new)
            await finish_attempt(conn, run_id, old, outcome="overtaken", error=None, cpu_seconds=1)
            assert not await give_attempt_back(conn, run_id, old, error="late")
        running = await task_of(shop, run_id)
        assert (running.status, running.version_id, running.error) == ("running", new, None)


async def test_a_fleet_that_is_given_up_ends_its_processes(service: Service) -> None:
    run_id = new_id()
    async with selling_shops(service, 2) as shops, reading_held_up(service.settings):
        training = asyncio.create_task(train(service, await open_run(service.db, run_id), workers=2))
        for shop in shops:
            await until(partial(is_reading, shop, run_id))
        workers = fleet_workers()
        training.cancel()
        with pytest.raises(asyncio.CancelledError):
            await training
        assert len(workers) == 2
        assert not any(is_running(pid) for pid in workers)


async def _has_versions(shop: ShopClient, wanted: list[str]) -> bool:
    return await statuses(shop) == wanted
