"""The training job: a process of its own, which may die without harm to what serves."""

import asyncio
import contextlib
import json
import os
import signal
import sys
from collections.abc import AsyncIterator
from functools import partial
from uuid import UUID

import pytest

from infra.artifacts import open_artifacts
from infra.lifeline import child_environment
from infra.settings import Settings
from recommender.jobs import TrainingFailed, defer_missed_training, train_tenant
from recommender.registry import ModelVersion, list_versions
from tests.support.databases import as_admin, own_database
from tests.support.polling import until
from tests.support.processes import Process, find_processes, is_running
from tests.support.service import Service, run_service
from tests.support.shop import ShopClient

PARENT = """
import asyncio, sys
from uuid import UUID
from infra.settings import read_settings
from recommender.jobs import train_tenant
asyncio.run(train_tenant(read_settings(), UUID(sys.argv[1])))
"""


@pytest.fixture(scope="module")
async def service(settings: Settings) -> AsyncIterator[Service]:
    """Lastbook on a database of these tests' own, where they may hold tables up."""
    async with own_database(settings) as own, run_service(own) as running:
        yield running


async def versions(shop: ShopClient) -> list[ModelVersion]:
    """The newest first."""
    async with shop.service.db.tenant(shop.keys.tenant_id) as conn:
        return await list_versions(conn)


@contextlib.asynccontextmanager
async def reading_held_up(settings: Settings) -> AsyncIterator[None]:
    """A training that began cannot read the orders until the context ends."""
    async with as_admin(settings) as admin, admin.transaction():
        await admin.execute("lock table order_lines in access exclusive mode")
        yield


async def is_training(shop: ShopClient) -> bool:
    found = await versions(shop)
    return bool(found) and found[0].status == "training"


def training_child(shop: ShopClient) -> int:
    [child] = find_processes("recommender.training", shop.tenant_id)
    return child


async def test_a_shop_without_orders_has_a_failed_version_that_says_why(shop: ShopClient) -> None:
    trained = await shop.train()
    assert (trained.status, trained.reason) == ("failed", "There are no orders to learn from yet.")
    [version] = await versions(shop)
    assert (version.version_id, version.status, version.error) == (trained.version_id, "failed", trained.reason)


async def test_a_shop_with_three_orders_gets_a_model(shop: ShopClient) -> None:
    await shop.stock("p1", "p2")
    await shop.sell({"ann": ["p1", "p2"], "bo": ["p1"]})
    trained = await shop.train()
    assert (trained.status, trained.reason) == ("active", None)
    [version] = await versions(shop)
    assert (version.version_id, version.status, version.stage, version.progress) == (
        trained.version_id, "active", "done", 1.0,
    )  # fmt: skip
    assert await shop.shown("home-for-you", shopper="ann")


async def test_a_killed_training_leaves_the_old_version_active_and_the_next_one_cleans_up(shop: ShopClient) -> None:
    await shop.stock("p1", "p2")
    await shop.sell({"ann": ["p1", "p2"], "bo": ["p1"]})
    old = await shop.train()
    async with reading_held_up(shop.service.settings):
        training = asyncio.create_task(shop.train())
        await until(partial(is_training, shop))
        os.kill(training_child(shop), signal.SIGKILL)
        with pytest.raises(TrainingFailed, match="-9"):
            await training
    assert [one.status for one in await versions(shop)] == ["training", "active"]

    new = await shop.train()
    assert [(one.status, one.error) for one in await versions(shop)] == [
        ("active", None), ("failed", "The training was cut off."), ("retired", None),
    ]  # fmt: skip
    assert (await versions(shop))[0].version_id == new.version_id != old.version_id


async def test_orders_that_came_after_the_last_training_began_are_learned_by_the_hourly_look(shop: ShopClient) -> None:
    await shop.stock("p1", "p2")
    await shop.sell({"s1": ["p1"], "s2": ["p2"]})
    await shop.train()
    assert not await _missed(shop)

    await shop.sell({"s3": ["p1", "p2"]})

    assert await _missed(shop)


async def _missed(shop: ShopClient) -> bool:
    async with shop.service.db.tenant(shop.keys.tenant_id) as conn:
        return await defer_missed_training(conn, run_at=shop.service.clock())


async def test_a_training_ends_with_the_process_that_wanted_it(shop: ShopClient) -> None:
    await shop.stock("p1")
    await shop.sell({"ann": ["p1"]})
    parent = Process([sys.executable, "-c", PARENT, shop.tenant_id], environment_of(shop.service.settings))
    async with reading_held_up(shop.service.settings):
        parent.start()
        await until(partial(is_training, shop))
        child = training_child(shop)
        parent.kill()

        async def gone() -> bool:
            return not is_running(child)

        await until(gone)
    assert [one.status for one in await versions(shop)] == ["training"]


async def test_a_training_that_is_given_up_ends_its_process(shop: ShopClient) -> None:
    async with reading_held_up(shop.service.settings):
        training = asyncio.create_task(shop.train())
        await until(partial(is_training, shop))
        child = training_child(shop)
        training.cancel()
        with pytest.raises(asyncio.CancelledError):
            await training
        assert not is_running(child)


async def test_a_training_without_its_database_says_so(shop: ShopClient) -> None:
    ended = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "recommender.training", "--tenant", shop.tenant_id, "--version", shop.tenant_id),
        env={name: value for name, value in os.environ.items() if name != "DATABASE_URL"},
        stderr=asyncio.subprocess.PIPE,
    )
    _, complained = await ended.communicate()
    assert ended.returncode == 1
    assert b"DATABASE_URL is needed" in complained


def environment_of(settings: Settings) -> dict[str, str]:
    assert settings.database_url is not None
    return child_environment(DATABASE_URL=settings.database_url, ARTIFACTS_URL=settings.artifacts_url)


async def test_r1_what_a_weekly_tuning_found_is_what_later_trainings_go_on_with(shop: ShopClient) -> None:
    await shop.stock("p1", "p2", "p3")
    await shop.sell({f"s{number}": ["p1", "p2", "p3"] for number in range(12)}, days_apart=20)
    tuned = await train_tenant(shop.service.settings, shop.keys.tenant_id, tune_seconds=1)
    later = await shop.train()

    versions = {one["version_id"]: one for one in (await shop.api.get("/v1/models")).json()["items"]}
    found_at = versions[str(tuned.version_id)]["metrics"]["tuned_at"]
    assert found_at
    assert versions[str(later.version_id)]["metrics"]["tuned_at"] == found_at
    first, second = [await parameters(shop, one.version_id) for one in (tuned, later)]
    assert (first.pop("tune_seconds"), second.pop("tune_seconds")) == (1, 0)
    assert first == second


async def parameters(shop: ShopClient, version_id: UUID) -> dict[str, object]:
    store = open_artifacts(shop.service.settings.artifacts_url)
    manifest = json.loads(await store.get(f"{shop.tenant_id}/models/{version_id}/manifest.json"))
    found: dict[str, object] = manifest["parameters"]
    return found
