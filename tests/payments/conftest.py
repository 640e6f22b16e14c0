"""Fixtures of the payment tests."""

from collections.abc import AsyncIterator

import pytest

from tests.payments.till import Till, open_till
from tests.support.shop import ShopClient


@pytest.fixture
async def till(shop: ShopClient) -> AsyncIterator[Till]:
    """A fresh shop that is connected to Stripe."""
    async with open_till(shop) as one:
        try:
            yield one
        finally:
            one.world.faults.waiting.clear()
            one.world.outbox.pending.clear()
