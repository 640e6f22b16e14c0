"""A shop of two tastes whose model serves, for tests that change nothing that others read."""

from collections.abc import AsyncIterator

import pytest

from tests.demand.inviting import open_campaign
from tests.support.service import Service
from tests.support.shop import ShopClient, open_test_shop


@pytest.fixture(scope="module")
async def two_tastes(service: Service) -> AsyncIterator[ShopClient]:
    """With a draft 'c1' for beer-3."""
    shop = await open_test_shop(service)
    async with shop.api, shop.page:
        await open_campaign(shop)
        yield shop
