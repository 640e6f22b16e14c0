"""Fixtures of the made-to-order tests: the workshop, and a browser to look at production sheets with."""

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
import pytest_asyncio
from playwright.async_api import Browser

from tests.made_orders.shoemaker import open_workshop
from tests.support.shop import ShopClient
from tests.widgets.support import open_browser


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def browser() -> AsyncIterator[Browser]:
    async with open_browser() as opened:
        yield opened


@pytest.fixture
async def workshop(shop: ShopClient) -> AsyncIterator[ShopClient]:
    """With the shoe, the belt, and mei on record; the clock is set back."""
    await open_workshop(shop)
    yield shop
    shop.service.clock.ahead = timedelta()
