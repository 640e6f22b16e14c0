"""The fleet on Ray: a cluster of three nodes on this machine, one of which dies while it trains."""

import asyncio
import os
from collections.abc import AsyncIterator, Iterator
from functools import partial
from typing import Any
from uuid import UUID

import pytest

from infra.ids import new_id
from infra.settings import Settings
from recommender.fleet import open_run
from recommender.fleet_ray import RayUnreachable, keep_to_loopback, train_on_ray
from recommender.training_tasks import TrainingTask
from tests.support.databases import own_database
from tests.support.fleets import is_reading, reading_held_up, selling_shops, task_of
from tests.support.polling import until
from tests.support.processes import free_port
from tests.support.service import Service, run_service
from tests.support.shop import ShopClient

SMALLEST_STORE = 75 * 2**20
PATIENCE_SECONDS = 80.0


@pytest.fixture(scope="module")
def cluster() -> Iterator[Any]:
    """Three nodes with a processor each; Ray's stubs know nothing of the class."""
    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
    keep_to_loopback()
    from ray.cluster_utils import Cluster

    node = {"num_cpus": 1, "object_store_memory": SMALLEST_STORE, "node_ip_address": "127.0.0.1"}
    cluster: Any = Cluster(initialize_head=True, head_node_args={**node, "include_dashboard": False})
    try:
        for _ in range(2):
            cluster.add_node(wait=False, **node)
        cluster.wait_for_nodes()
        yield cluster
    finally:
        cluster.shutdown()


@pytest.fixture
async def service(settings: Settings) -> AsyncIterator[Service]:
    """Lastbook on a database of the test's own: a run is of all tenants that there are."""
    async with own_database(settings) as own, run_service(own) as running:
        yield running


async def all_read(shops: list[ShopClient], run_id: UUID, number: int) -> list[ShopClient]:
    """The shops in training, once there are so many."""
    reading = [shop for shop in shops if await is_reading(shop, run_id)]
    return reading if len(reading) == number else []


async def test_a_node_that_dies_while_it_trains_costs_one_retry(service: Service, cluster: Any) -> None:
    run_id, ended = new_id(), list[TrainingTask]()
    async with selling_shops(service, 4) as shops:
        tasks = await open_run(service.db, run_id)
        async with reading_held_up(service.settings):
            training = asyncio.create_task(
                train_on_ray(
                    service.settings, service.db, tasks, address=cluster.address, workers=1, ended=ended.append
                )
            )
            await until(partial(all_read, shops, run_id, 3), seconds=PATIENCE_SECONDS)
            await asyncio.to_thread(cluster.remove_node, cluster.list_all_nodes()[-1], allow_graceful=False)
        await training

        rows = [await task_of(shop, run_id) for shop in shops]
        assert [(task.status, task.outcome) for task in rows] == [("done", "active")] * 4
        assert sorted(task.attempt for task in rows) == [1, 1, 1, 2]
        assert sorted(ended, key=lambda task: task.tenant_id) == sorted(rows, key=lambda task: task.tenant_id)
        for shop, task in zip(shops, rows, strict=True):
            versions = (await shop.api.get("/v1/models")).json()["items"]
            assert (versions[0]["version_id"], versions[0]["status"]) == (str(task.version_id), "active")


async def test_an_address_where_no_cluster_is_is_said_in_a_sentence(service: Service) -> None:
    nowhere = f"127.0.0.1:{free_port()}"
    with pytest.raises(RayUnreachable, match=nowhere):
        await train_on_ray(service.settings, service.db, [], address=nowhere, workers=1, ended=lambda task: None)
