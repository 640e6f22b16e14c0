"""Ingest under kills: what was acknowledged is there once, with exactly its lines, and all recovers by itself."""

import asyncio
import contextlib
from functools import partial

from rich.console import Console

from api.importing import encode_rows, push
from infra.database import DatabaseDown
from infra.settings import Settings
from tests.faults.kills import busy_backend_pid, kill, postmaster_pid, valkey_pid
from tests.faults.merchant import Merchant, counted_rows, recorded_orders
from tests.support.polling import until
from tests.support.processes import Process
from tests.support.shop import ShopClient, order

KILLS = 4


async def check_record(shop: ShopClient, merchant: Merchant) -> None:
    """The record is what the merchant was told, no more and no less."""
    assert await recorded_orders(shop) == merchant.told
    lines = sum(len(lines) for lines in merchant.told.values())
    assert await counted_rows(shop) == (merchant.counts["created"], lines)
    assert merchant.counts["created"] == len(merchant.told)


async def test_killed_api_loses_and_doubles_no_order(shop: ShopClient, api: Process) -> None:
    merchant = Merchant(shop)
    async with merchant.pushing():
        for _ in range(KILLS):
            await merchant.push_some()
            api.kill()
            api.start()
        await merchant.push_some()
    assert merchant.repeats >= KILLS
    await check_record(shop, merchant)


async def test_killed_postgres_loses_and_doubles_no_order(shop: ShopClient, machines: Settings) -> None:
    merchant = Merchant(shop)
    async with merchant.pushing():
        for _ in range(KILLS):
            await merchant.push_some()
            kill(postmaster_pid(machines))
        await merchant.push_some()
    assert merchant.repeats >= KILLS
    await check_record(shop, merchant)


async def test_killed_backend_loses_and_doubles_no_order(shop: ShopClient, machines: Settings) -> None:
    merchant = Merchant(shop)
    async with merchant.pushing():
        for _ in range(KILLS):
            await merchant.push_some()
            kill(await until(partial(busy_backend_pid, machines)))
        await merchant.push_some()
    assert merchant.repeats >= KILLS
    await check_record(shop, merchant)


async def test_killed_valkey_costs_ingest_not_one_repeat(shop: ShopClient, machines: Settings) -> None:
    merchant = Merchant(shop)
    async with merchant.pushing():
        for _ in range(KILLS):
            await merchant.push_some()
            kill(valkey_pid(machines))
            await until(partial(redis_is_up, shop))
        await merchant.push_some()
    assert merchant.repeats == 0
    await check_record(shop, merchant)


async def test_everything_killed_during_an_import_and_its_report_is_still_true(
    shop: ShopClient, api: Process, machines: Settings
) -> None:
    orders = [order(f"A{number:05}", [f"p{number % 9}", "p9"]) for number in range(12_000)]

    async def kill_all() -> None:
        await until(partial(stores_more_than, shop, 0))
        kill(valkey_pid(machines))
        kill(postmaster_pid(machines))
        await until(partial(stores_more_than, shop, 5_000))
        api.kill()
        api.start()
        api.wait_until_up()

    importing = push(
        "orders",
        encode_rows(orders),
        total=None,
        url=machines.public_url,
        key=shop.keys.secret.secret,
        console=Console(quiet=True),
    )
    report, _ = await asyncio.gather(importing, kill_all())

    assert +report.counts == {"created": 12_000}
    assert set(await recorded_orders(shop)) == {one["id"] for one in orders}
    assert await counted_rows(shop) == (12_000, 24_000)


async def stores_more_than(shop: ShopClient, orders: int) -> bool:
    with contextlib.suppress(DatabaseDown):
        return (await counted_rows(shop))[0] > orders
    return False


async def redis_is_up(shop: ShopClient) -> bool:
    answer = await shop.api.get("/health/ready")
    return bool(answer.json()["redis"])
