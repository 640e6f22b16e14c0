"""Fixtures of buying again: a shop that sells soap."""

import pytest

from tests.support.shop import ShopClient


@pytest.fixture
async def store(shop: ShopClient) -> ShopClient:
    """Soap, rice and tea are in stock."""
    await shop.stock("soap", "rice", "tea")
    return shop
