"""Degraded: one machine away, or too much to do. What can go on goes on, the rest says when to come again."""

import asyncio
import contextlib
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import replace
from functools import partial

import httpx2
import pytest

from infra.settings import Settings
from tests.faults.kills import as_admin, kill, postgres_down, valkey_down, valkey_pid
from tests.support.polling import until
from tests.support.processes import run_lastbook
from tests.support.shop import Document, ShopClient, event, order

BASKETS = {f"s{number}": ["p1", "p2", f"p{number % 3}"] for number in range(6)}


@pytest.fixture
async def stocked(shop: ShopClient) -> ShopClient:
    """A shop that the API holds in memory."""
    await shop.stock("p0", "p1", "p2")
    await until(partial(shows, shop, "p0"))
    return shop


@pytest.fixture
async def trained(stocked: ShopClient) -> ShopClient:
    """The same, served by a model, with its tokens known to the API."""
    await stocked.sell(BASKETS)
    assert (await stocked.train()).status == "active"
    await until(partial(served_by_model, stocked))
    return stocked


async def served_by_model(shop: ShopClient) -> bool:
    answer = await shop.ask("home-for-you", shopper="s1")
    return answer.status_code == 200 and answer.json()["slots"][0]["source"] == "model"


async def is_ready(shop: ShopClient, *, database: bool = True, redis: bool = True) -> bool:
    answer = await shop.page.get("/health/ready")
    assert answer.status_code == (200 if answer.json()["database"] else 503)
    return bool(answer.json() == {"ready": database, "database": database, "redis": redis})


async def shows(shop: ShopClient, product_id: str) -> bool:
    return product_id in await shop.shown("home-popular")


async def test_without_postgres_loaded_slots_are_filled_from_memory(trained: ShopClient, machines: Settings) -> None:
    before = (await trained.ask("home-for-you", shopper="s1")).json()
    with postgres_down(machines):
        await until(partial(is_ready, trained, database=False))

        answers = [await trained.ask("home-for-you", shopper="s1") for _ in range(20)]
        assert [answer.json() for answer in answers] == [before] * 20

        stranger = await trained.ask("home-for-you", visitor="visitor-12345678")
        assert stranger.json()["slots"][0]["source"] == "popular"
        assert (await trained.page.get("/health/live")).status_code == 200
    await until(partial(is_ready, trained))


async def test_c9_without_postgres_a_personal_collection_is_closed_and_the_page_goes_on(
    trained: ShopClient, machines: Settings
) -> None:
    audience = {"kind": "shoppers", "shoppers": ["s1"]}
    limited = {"id": "c", "products": ["p0"], "audience": audience, "exclusive": True}
    assert (await trained.push("collections", [limited])).json()["created"] == 1

    async def shown() -> list[str]:
        return await trained.shown("home-popular", shopper="s1")

    async def is_closed_to_strangers() -> bool:
        return not await shows(trained, "p0")

    await until(is_closed_to_strangers)
    assert "p0" in await shown()
    with postgres_down(machines):
        await until(partial(is_ready, trained, database=False))
        for _ in range(10):
            found = await shown()
            assert {"p1", "p2"} <= {*found}
            assert "p0" not in found
    await until(partial(is_ready, trained))

    async def is_open_again() -> bool:
        return "p0" in await shown()

    await until(is_open_again)


async def test_without_postgres_the_server_api_says_when_to_come_again(stocked: ShopClient, machines: Settings) -> None:
    with postgres_down(machines):
        await until(partial(is_ready, stocked, database=False))
        refused = [
            await stocked.push("orders", [order("A1", ["p1"])]),
            await stocked.push("events", [event("e1")]),
            await stocked.api.get("/v1/products"),
            await stocked.page.post("/public/v1/events", json=beacon(stocked)),
        ]
        for answer in refused:
            check_come_again(answer)
    await until(partial(is_ready, stocked))

    assert (await stocked.push("orders", [order("A1", ["p1"])])).json()["created"] == 1


async def test_after_postgres_is_back_new_products_appear(stocked: ShopClient, machines: Settings) -> None:
    with postgres_down(machines):
        await until(partial(is_ready, stocked, database=False))
    await until(partial(is_ready, stocked))

    await stocked.stock("p-new")
    await until(partial(shows, stocked, "p-new"))


async def test_without_redis_slots_ingest_and_beacon_go_on(trained: ShopClient, machines: Settings) -> None:
    visitor = "visitor-12345678"
    with valkey_down(machines):
        await until(partial(is_ready, trained, redis=False))

        assert await served_by_model(trained)
        assert (await trained.ask("home-for-you", visitor=visitor)).json()["slots"][0]["source"] == "popular"
        assert (await trained.push("orders", [order("A1", ["p1"])])).json()["created"] == 1
        told = await trained.page.post("/public/v1/events", json=beacon(trained) | {"visitor": visitor})
        assert (told.status_code, told.json()) == (202, {"accepted": 1, "duplicate": 0})
    await until(partial(is_ready, trained))


async def test_killed_redis_brings_sessions_back_by_itself(trained: ShopClient, machines: Settings) -> None:
    visitor = "visitor-87654321"
    kill(valkey_pid(machines))
    await until(partial(is_ready, trained))

    await trained.page.post("/public/v1/events", json=beacon(trained) | {"visitor": visitor})
    answer = await trained.ask("home-for-you", visitor=visitor)
    assert answer.json()["slots"][0]["source"] == "session"


async def test_lost_change_feed_is_renewed_and_nothing_it_missed_stays_unseen(
    stocked: ShopClient, machines: Settings
) -> None:
    admin = await as_admin(machines)
    try:
        for number in range(3):
            cut = await admin.fetchval(CUT_LISTENERS)
            assert cut >= 1
            await stocked.stock(f"unheard-{number}")
            await until(partial(shows, stocked, f"unheard-{number}"))
            await until(partial(admin.fetchval, LISTENERS))
    finally:
        await admin.close()


async def test_overloaded_service_answers_or_says_when_to_come_again(stocked: ShopClient, machines: Settings) -> None:
    async with several_pages(machines) as pages:
        asked = [page.post("/public/v1/slots", json=slots(stocked)) for page in pages for _ in range(10)]
        pushed = [
            page.post("/v1/orders:batch", json=[order(f"B{number}", ["p1"])], headers=secret(stocked))
            for number, page in enumerate(pages)
        ]
        answers = await asyncio.gather(*asked, *pushed)

        statuses = Counter(answer.status_code for answer in answers)
        assert statuses.keys() == {200, 503}
        for answer in answers:
            if answer.status_code == 503:
                check_come_again(answer)
        assert [(await pages[0].post("/public/v1/slots", json=slots(stocked))).status_code for _ in range(20)] == [
            200
        ] * 20


@contextlib.asynccontextmanager
async def several_pages(machines: Settings, *, max_in_flight: int = 4) -> AsyncIterator[list[httpx2.AsyncClient]]:
    """Forty browsers at an API of its own that answers few requests at once."""
    with run_lastbook(replace(machines, max_in_flight=max_in_flight)) as serving:
        async with contextlib.AsyncExitStack() as stack:
            yield [
                await stack.enter_async_context(
                    httpx2.AsyncClient(base_url=serving.public_url, trust_env=False, timeout=60)
                )
                for _ in range(40)
            ]


def check_come_again(answer: httpx2.Response) -> None:
    """A refusal that a client can act on."""
    assert answer.status_code == 503, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert int(answer.headers["retry-after"]) >= 1
    problem: Document = answer.json()
    assert problem["status"] == 503
    assert problem["hint"]
    assert problem["request_id"] == answer.headers["x-request-id"]


def beacon(shop: ShopClient) -> Document:
    return {"key": shop.keys.publishable.secret, "events": [{"id": "event-0001", "type": "view", "product": "p1"}]}


def slots(shop: ShopClient) -> Document:
    return {"key": shop.keys.publishable.secret, "slots": [{"name": "home-popular"}]}


def secret(shop: ShopClient) -> dict[str, str]:
    return {"Authorization": f"Bearer {shop.keys.secret.secret}"}


LISTENERS = "select count(*) from pg_stat_activity where query ilike 'listen%lastbook_changes%'"

CUT_LISTENERS = """
select count(*) from (
    select pg_terminate_backend(pid) from pg_stat_activity where query ilike 'listen%lastbook_changes%'
) as cut
"""
