"""The end of a worker that is told to end: a training that cannot end in time is not lost."""

import asyncio
from functools import partial

import pytest

from api.worker import work
from infra.settings import Settings
from tests.faults.trainings import BASKETS, is_training, jobs, reading_held_up, train_now, versions
from tests.support.polling import until
from tests.support.processes import find_processes
from tests.support.shop import ShopClient


@pytest.fixture(autouse=True)
def little_grace(monkeypatch: pytest.MonkeyPatch) -> None:
    """Running jobs get a moment instead of half a minute."""
    monkeypatch.setattr("api.worker.GRACE_SECONDS", 0.1)


async def end_while_training(shop: ShopClient, machines: Settings, *, another_waits: bool) -> None:
    """A worker that is told to end, as by SIGTERM, while its training cannot go on."""
    await shop.stock("p0", "p1", "p2")
    async with reading_held_up(machines):
        await train_now(shop)
        worker = asyncio.create_task(work(machines))
        await until(partial(is_training, shop, 0))
        if another_waits:
            await train_now(shop)
        worker.cancel()
        await asyncio.wait([worker])
        assert find_processes("recommender.training", shop.tenant_id) == []
    await shop.sell(BASKETS)


async def test_training_that_is_cut_off_waits_for_the_next_worker(shop: ShopClient, machines: Settings) -> None:
    await end_while_training(shop, machines, another_waits=False)
    assert await jobs(machines, shop) == ["todo"]

    await work(machines, until_empty=True)
    assert await jobs(machines, shop) == ["succeeded"]
    assert [one["status"] for one in await versions(shop)] == ["active", "failed"]


async def test_training_that_is_cut_off_gives_way_to_one_that_waits(shop: ShopClient, machines: Settings) -> None:
    await end_while_training(shop, machines, another_waits=True)

    await work(machines, until_empty=True)
    assert await jobs(machines, shop) == ["failed", "succeeded"]
    assert [one["status"] for one in await versions(shop)] == ["active", "failed"]
