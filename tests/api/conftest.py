"""Fixtures of the API tests: tenants that a module shares where every test leaves them as they were."""

from collections.abc import AsyncIterator

import pytest

from tests.support.service import Service
from tests.support.shop import ShopClient, open_test_shop


@pytest.fixture(scope="module")
async def still_shop(service: Service) -> AsyncIterator[ShopClient]:
    """An empty tenant in which nothing may ever be stored."""
    one = await open_test_shop(service)
    async with one.api, one.page:
        yield one
