"""Fixtures of all tests: machines for the run, one service a worker, one tenant a test."""

from collections.abc import AsyncIterator
from contextlib import ExitStack

import pytest

from infra.settings import Settings
from tests.support.machines import machine_settings, start_machines
from tests.support.service import Service, run_service
from tests.support.shop import ShopClient, open_test_shop

_MACHINES = pytest.StashKey[ExitStack]()


def pytest_configure(config: pytest.Config) -> None:
    """The main process owns the machines: a worker that ends early must not take them along."""
    if not hasattr(config, "workerinput") and not config.option.collectonly:
        config.stash[_MACHINES] = ExitStack()
        start_machines(config.stash[_MACHINES])


def pytest_unconfigure(config: pytest.Config) -> None:
    if _MACHINES in config.stash:
        config.stash[_MACHINES].close()


@pytest.fixture(scope="session")
def settings() -> Settings:
    """Settings of the run's machines."""
    return machine_settings()


@pytest.fixture(scope="session")
async def service(settings: Settings) -> AsyncIterator[Service]:
    """A running Lastbook."""
    async with run_service(settings) as running:
        yield running
        assert running.clock.ahead.total_seconds() == 0, "a test moved the clock and did not put it back"


@pytest.fixture
async def shop(service: Service) -> AsyncIterator[ShopClient]:
    """A fresh tenant."""
    async for one in _shop(service):
        yield one


@pytest.fixture
async def other_shop(service: Service) -> AsyncIterator[ShopClient]:
    """A second tenant, which must never see the first one's data."""
    async for one in _shop(service):
        yield one


async def _shop(service: Service) -> AsyncIterator[ShopClient]:
    one = await open_test_shop(service)
    async with one.api, one.page:
        yield one
