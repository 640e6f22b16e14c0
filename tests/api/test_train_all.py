"""`lastbook-server train --all`, as an operator runs it, ends it and takes it up again."""

import asyncio
import re
import subprocess
import sys
from collections.abc import AsyncIterator, Sequence
from functools import partial
from uuid import UUID

import pytest

from infra.ids import new_id
from infra.lifeline import child_environment
from infra.settings import Settings
from recommender.fleet import open_run
from tests.support.databases import own_database
from tests.support.fleets import fleet_workers, is_reading, reading_held_up, selling_shops, task_of
from tests.support.polling import until
from tests.support.processes import is_running
from tests.support.service import Service, run_service
from tests.support.shop import ShopClient, open_test_shop

COMMAND = (sys.executable, "-m", "api", "train")
WITHOUT_RAY = "import sys; sys.modules['ray'] = None; from api.cli import main; main()"


@pytest.fixture
async def service(settings: Settings) -> AsyncIterator[Service]:
    """Lastbook on a database of each test's own: a run is of all tenants that there are."""
    async with own_database(settings) as own, run_service(own) as running:
        yield running


def start(service: Service, *words: str, command: Sequence[str] = COMMAND) -> "subprocess.Popen[str]":
    settings = service.settings
    assert settings.database_url is not None
    assert settings.redis_url is not None
    environment = child_environment(
        DATABASE_URL=settings.database_url,
        REDIS_URL=settings.redis_url,
        ARTIFACTS_URL=settings.artifacts_url,
        LASTBOOK_DATA_DIR=str(settings.data_dir),
        COLUMNS="200",
    )
    return subprocess.Popen([*command, *words], env=environment, stderr=subprocess.PIPE, text=True)


async def run(service: Service, *words: str, command: Sequence[str] = COMMAND) -> tuple[int, str]:
    """Exit code, and what it said. The service answers on this event loop, so the command is waited for in a thread."""
    return await end(start(service, *words, command=command))


async def end(process: "subprocess.Popen[str]") -> tuple[int, str]:
    _, said = await asyncio.to_thread(process.communicate, timeout=90)
    return process.returncode, said


async def slug_of(shop: ShopClient) -> str:
    async with shop.service.db.tenant(shop.keys.tenant_id) as conn:
        slug: str = await conn.fetchval("select slug from tenants")
        return slug


async def run_id_of(shop: ShopClient) -> UUID | None:
    async with shop.service.db.tenant(shop.keys.tenant_id) as conn:
        found: UUID | None = await conn.fetchval("select run_id from training_tasks")
        return found


async def test_all_shops_are_trained_and_each_has_a_line(service: Service) -> None:
    async with selling_shops(service, 2) as shops:
        empty = await open_test_shop(service)
        code, said = await run(service, "--all", "--workers", "2")

        assert code == 0, said
        for shop in shops:
            [version] = (await shop.api.get("/v1/models")).json()["items"]
            assert re.search(rf"{await slug_of(shop)}: active in \d+\.\d s, version {version['version_id']}", said)
        assert await slug_of(empty) not in said
        assert "2/2" in said


async def test_a_killed_run_leaves_no_process_and_is_taken_up_where_it_was(service: Service) -> None:
    async with selling_shops(service, 2) as shops:
        async with reading_held_up(service.settings):
            process = start(service, "--all", "--workers", "2")
            run_id = await until(partial(run_id_of, shops[1]), seconds=60)
            assert run_id is not None
            for shop in shops:
                await until(partial(is_reading, shop, run_id), seconds=60)
            workers = fleet_workers(process.pid)
            process.kill()
            await end(process)

            async def gone() -> bool:
                return not any(is_running(pid) for pid in workers)

            await until(gone)
        code, said = await run(service, "--all", "--resume", str(run_id))

        assert (code, len(workers)) == (0, 2), said
        assert {(await task_of(shop, run_id)).outcome for shop in shops} == {"active"}


async def test_ctrl_c_and_sigterm_end_all_workers(service: Service) -> None:
    for signal in (2, 15):
        async with selling_shops(service, 1) as [shop], reading_held_up(service.settings):
            process = start(service, "--all")
            run_id = await until(partial(run_id_of, shop), seconds=60)
            assert run_id is not None
            await until(partial(is_reading, shop, run_id), seconds=60)
            workers = fleet_workers(process.pid)
            process.send_signal(signal)
            code, _ = await end(process)

            assert code != 0
            assert workers
            assert not any(is_running(pid) for pid in workers)
        async with service.db.system() as conn:
            await conn.execute("delete from tenants")


async def test_a_failed_tenant_makes_the_exit_code_1_and_is_named_with_the_reason(service: Service) -> None:
    run_id = new_id()
    async with selling_shops(service, 1) as [shop]:
        await open_run(service.db, run_id)
        artifacts = service.settings.artifacts_url.removeprefix("file://")
        with open(f"{artifacts}/{shop.tenant_id}", "w") as file:  # noqa: ASYNC230 a test's own file
            file.write("a file where a folder is wanted")
        code, said = await run(service, "--all", "--resume", str(run_id))

        assert code == 1
        assert f"{await slug_of(shop)}: failed" in said
        assert "attempt 3" in said


async def test_all_shops_are_trained_on_a_ray_of_this_machine(service: Service) -> None:
    async with selling_shops(service, 2) as shops:
        code, said = await run(service, "--all", "--ray", "local", "--workers", "1")

        assert code == 0, said
        for shop in shops:
            assert f"{await slug_of(shop)}: active in" in said


async def test_without_the_extra_ray_it_says_what_to_install(service: Service) -> None:
    command = (sys.executable, "-c", WITHOUT_RAY, "train")
    async with selling_shops(service, 1):
        code, said = await run(service, "--all", "--ray", "local", command=command)

    assert code == 1
    assert "pip install 'lastbook-server[ray]'" in said
    assert "Traceback" not in said


async def test_an_unknown_run_or_neither_a_tenant_nor_all_is_refused(service: Service) -> None:
    code, said = await run(service, "--all", "--resume", str(new_id()))
    assert (code, "There is no run" in said) == (1, True)
    code, said = await run(service)
    assert (code, "--all" in said) == (2, True)


async def test_a_fleet_is_not_tuned_by_hand_and_the_refusal_says_what_is_done_instead(service: Service) -> None:
    code, said = await run(service, "--all", "--tune", "5")
    assert code == 2
    assert "--tune is for one tenant; the worker tunes all of them once a week." in said
