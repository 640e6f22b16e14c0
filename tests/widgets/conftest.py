"""Fixtures of the widget tests: one browser for all of them, a fake API for each."""

from collections.abc import AsyncIterator, Iterator

import pytest
import pytest_asyncio
from playwright.async_api import Browser

from tests.widgets.fake_api import FakeApi, build_fake_api
from tests.widgets.support import make_product, open_browser, serve


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def browser() -> AsyncIterator[Browser]:
    async with open_browser() as opened:
        yield opened


@pytest.fixture
def api() -> FakeApi:
    return FakeApi(products=[make_product(number) for number in range(60)])


@pytest.fixture
def api_url(api: FakeApi) -> Iterator[str]:
    with serve(build_fake_api(api)) as url:
        yield url
