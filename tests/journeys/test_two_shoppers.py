"""Two shoppers of one shop, in Chromium, on the real server: each is shown products of their own."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from playwright.async_api import Browser, Page

from tenants.keys import signing_seed
from tests.support.shop import ShopClient, product
from tests.widgets.support import open_browser, open_page, serve
from widgets.examples.shop import Shop, build_shop
from widgets.examples.shopper_token import SigningKey
from widgets.examples.view import Shopper

BOOTS = [f"boot-{number}" for number in range(8)]
SLIPPERS = [f"slipper-{number}" for number in range(8)]


@pytest.fixture(scope="module")
async def browser() -> AsyncIterator[Browser]:
    async with open_browser() as opened:
        yield opened


@pytest.fixture
async def shop_url(shop: ShopClient) -> AsyncIterator[str]:
    """A shop whose shoppers like either boots or slippers, trained, with its pages on a server of their own."""
    await shop.stock(*BOOTS, *SLIPPERS)
    tastes = {f"b{n}": BOOTS[n % 3 :] for n in range(8)} | {f"s{n}": SLIPPERS[n % 3 :] for n in range(8)}
    await shop.sell(tastes)
    assert (await shop.train()).status == "active"
    with serve(build_shop(_pages(shop))) as url:
        yield url


async def test_r1_two_shoppers_see_different_products_in_the_same_page(browser: Browser, shop_url: str) -> None:
    boots = await _shown(browser, f"{shop_url}/?shopper=b0")
    slippers = await _shown(browser, f"{shop_url}/?shopper=s0")

    assert boots[0].startswith("Product boot")
    assert slippers[0].startswith("Product slipper")
    assert boots != slippers


async def test_stranger_sees_what_sells_and_no_error(browser: Browser, shop_url: str) -> None:
    assert len(await _shown(browser, shop_url)) == 12


async def test_click_on_a_product_reaches_the_record_as_the_shoppers_own(
    browser: Browser, shop_url: str, shop: ShopClient
) -> None:
    async with open_page(browser) as (page, _):
        await page.goto(f"{shop_url}/?shopper=b0")
        await _ready(page)
        await page.locator("lastbook-slot[name=home-for-you] a").first.click()
        clicks = await _wait_for_clicks(shop)

    assert clicks == [("client", "home-for-you", "b0")]


async def _shown(browser: Browser, url: str) -> list[str]:
    async with open_page(browser) as (page, watch):
        await page.goto(url)
        await _ready(page)
        titles = await page.locator("lastbook-slot[name=home-for-you] .lastbook-title").all_inner_texts()
    assert watch.errors == []
    return titles


async def _ready(page: Page) -> None:
    await page.locator("lastbook-slot[name=home-for-you][state=ready]").wait_for()


async def _wait_for_clicks(shop: ShopClient) -> list[tuple[object, ...]]:
    """The beacon travels on its own after the click."""
    async with asyncio.timeout(20):
        while True:
            async with shop.service.db.tenant(shop.keys.tenant_id) as conn:
                clicks = await conn.fetch(_CLICKS)
            if clicks:
                return [tuple(click) for click in clicks]
            await asyncio.sleep(0.05)


_CLICKS = """
select source, slot, external_id
from events
join shoppers using (tenant_id, shopper_id)
where type = 'click'
"""


def _pages(shop: ShopClient) -> Shop:
    catalogue: dict[str, dict[str, Any]] = {name: product(name, brand="", categories=[]) for name in BOOTS + SLIPPERS}
    return Shop(
        kind="grocery",
        name="Two Tastes",
        api_url=shop.service.url,
        publishable_key=shop.keys.publishable.secret,
        signing_key=SigningKey(str(shop.keys.signing.key_id), signing_seed(shop.keys.signing.secret)),
        shoppers=(Shopper("b0", "Boots"), Shopper("s0", "Slippers")),
        shelf=tuple(list(catalogue.values())[:12]),
        find_product=catalogue.get,
    )
