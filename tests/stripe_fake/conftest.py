"""Fixtures: a stand-in a test, the package's client for it, a merchant, and a receiver of webhooks."""

from collections.abc import AsyncIterator
from dataclasses import replace

import pytest
import stripe

from infra.settings import Settings, read_settings
from infra.stripe import open_stripe
from tests.support.stripe import API_KEY, SECRET, FakeStripe, Inbox, run_fake, run_inbox


@pytest.fixture
async def fake() -> AsyncIterator[FakeStripe]:
    async with run_fake() as running:
        yield running


@pytest.fixture
def stripe_settings(fake: FakeStripe) -> Settings:
    return replace(read_settings({}), stripe_api_key=API_KEY, stripe_base_url=fake.url)


@pytest.fixture
async def client(stripe_settings: Settings) -> AsyncIterator[stripe.StripeClient]:
    async with open_stripe(stripe_settings) as opened:
        yield opened


@pytest.fixture
async def merchant(fake: FakeStripe) -> str:
    """The id of a connected account that may charge."""
    return await fake.merchant()


@pytest.fixture
async def inbox(fake: FakeStripe) -> AsyncIterator[Inbox]:
    """Receives every event."""
    async with run_inbox() as running:
        await fake.control("POST", "endpoints", {"url": running.url, "secret": SECRET})
        yield running
