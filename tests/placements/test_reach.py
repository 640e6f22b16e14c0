"""Reach: what is published is served by every process within five seconds."""

import time
from collections.abc import AsyncIterator
from contextlib import ExitStack

import httpx2
import pytest

from infra.settings import Settings
from tests.support.polling import until
from tests.support.processes import on_free_port, serving
from tests.support.shop import ShopClient

PROCESSES, PUBLICATIONS, SECONDS = 2, 10, 5


@pytest.fixture
async def pages(settings: Settings) -> AsyncIterator[list[httpx2.AsyncClient]]:
    """Two processes besides the one that takes the publications, each as an operator starts it."""
    with ExitStack() as stack:
        chosen = [on_free_port(settings) for _ in range(PROCESSES)]
        for one in chosen:
            stack.enter_context(serving(one).running())
        clients = [httpx2.AsyncClient(base_url=one.public_url, trust_env=False, timeout=60) for one in chosen]
        yield clients
        for client in clients:
            await client.aclose()


async def test_b10_what_is_published_is_served_by_every_process_within_five_seconds(
    shop: ShopClient, pages: list[httpx2.AsyncClient]
) -> None:
    await shop.stock("boots")
    body = {"key": shop.keys.publishable.secret, "slots": [{"name": "hot"}]}

    async def heading(page: httpx2.AsyncClient) -> str:
        answer = await page.post("/public/v1/slots", json=body)
        assert answer.status_code == 200, answer.text
        return str(answer.json()["slots"][0]["heading"])

    assert [await heading(page) for page in pages] == [""] * PROCESSES  # loaded before anything is published
    slowest = 0.0
    for number in range(PUBLICATIONS):
        wanted = f"Hot {number}"
        draft = {"id": "hot", "strategy": "new", "heading": wanted, "strict": True}
        assert (await shop.api.post("/v1/placements:draft", json=draft)).status_code == 200
        assert await heading(pages[0]) == (f"Hot {number - 1}" if number else "")
        assert (await shop.api.post("/v1/placements:publish", json={"id": "hot"})).status_code == 200
        published = time.monotonic()
        for page in (shop.page, *pages):

            async def served(page: httpx2.AsyncClient = page, wanted: str = wanted) -> bool:
                return await heading(page) == wanted

            await until(served, seconds=SECONDS)
        slowest = max(slowest, time.monotonic() - published)
    print(f"slowest of {PUBLICATIONS} publications: {slowest:.3f} s in {PROCESSES + 1} processes")
    assert slowest < SECONDS
