"""Fixtures of the faults: machines of a module's own, and Lastbook as a process on them."""

from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from infra.database import open_database
from infra.migrate import migrate
from infra.settings import Settings
from tests.support.processes import Process, on_free_port, run_machines, serving
from tests.support.service import MovableClock, Service


@pytest.fixture(scope="module")
async def machines() -> AsyncIterator[Settings]:
    """Postgres and Valkey that keep what they acknowledge; orders are learned from at once."""
    with run_machines() as settings:
        assert settings.database_owner_url is not None
        await migrate(settings.database_owner_url)
        yield on_free_port(replace(settings, train_after_seconds=0))


@pytest.fixture(scope="module")
async def api(machines: Settings) -> AsyncIterator[Process]:
    """The API's process."""
    with serving(machines).running() as process:
        yield process


@pytest.fixture(scope="module")
async def service(api: Process, machines: Settings) -> AsyncIterator[Service]:
    """What the shops of these tests talk to."""
    assert machines.database_url is not None
    db = await open_database(machines.database_url, pool_size=2)
    yield Service(machines.public_url, machines, MovableClock(), db)
    await db.close()
