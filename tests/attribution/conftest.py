"""Fixtures of attribution."""

import pytest

from tests.attribution.desk import Desk, open_desk
from tests.support.shop import ShopClient


@pytest.fixture
async def desk(shop: ShopClient) -> Desk:
    """A fresh shop's."""
    return await open_desk(shop)
