"""A guest of the made-up shoemaker, in Chromium, joins a campaign of the demo with the test card."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
from playwright.async_api import Browser
from rich.console import Console

from api.demo.launching import launch_campaigns
from tenants.keys import signing_seed
from tests.payments.till import open_till
from tests.support.shop import ShopClient
from tests.widgets.support import open_browser, open_page, serve
from widgets.examples import shoemaker
from widgets.examples.shop import Shop, build_shop
from widgets.examples.shopper_token import SigningKey
from widgets.examples.view import Shopper

BASE = "https://longstep.example"


@pytest.fixture(scope="module")
async def browser() -> AsyncIterator[Browser]:
    async with open_browser() as opened:
        yield opened


async def launch(shop: ShopClient) -> None:
    """As the demo does it at every start."""
    await launch_campaigns(
        url=shop.service.url,
        key=shop.keys.secret.secret,
        publishable_key=shop.keys.publishable.secret,
        shop_url=BASE,
        console=Console(quiet=True),
    )


async def test_p4_a_guest_joins_a_campaign_of_the_demo_with_the_test_card(browser: Browser, shop: ShopClient) -> None:
    await shop.push("products", list(shoemaker.list_products(BASE)))
    async with open_till(shop):
        await launch(shop)
        await launch(shop)
        cards = await _cards(shop)
        assert [card["id"].rpartition("-")[0] for card in cards] == ["snow-plum", "tiger"]
        with serve(build_shop(_pages(shop, cards))) as url:
            async with open_page(browser, viewport={"width": 390, "height": 844}) as (page, watch):
                await page.goto(f"{url}/preorders")
                boot = page.locator("lastbook-campaign").first
                await boot.get_by_text("Left: 40").wait_for()
                await boot.get_by_label("Choose").select_option(label="Snow Plum Boot · Size 38")
                await boot.get_by_label("E-mail").fill("guest@example.com")
                await boot.get_by_label("I agree to the terms").check()
                await boot.get_by_role("button", name="Join").click()
                await page.wait_for_url("**/pay/**")
                await page.get_by_label("Card number").fill("4242424242424242")
                await page.get_by_label("Expiry").fill("12/34")
                await page.get_by_label("CVC").fill("123")
                await page.get_by_role("button", name="Save card").click()
                await page.wait_for_url("**/p/v1/preorder/**")
                assert await page.get_by_role("heading", name="Snow Plum Boot, the winter batch").count() == 1
            assert watch.errors == []


async def _cards(shop: ShopClient) -> list[dict[str, Any]]:
    answer = await shop.api.post("/public/v1/campaigns", json={"key": shop.keys.publishable.secret})
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json()["campaigns"]
    return found


def _pages(shop: ShopClient, cards: list[dict[str, Any]]) -> Shop:
    return Shop(
        kind="shoemaker",
        name="Long Step",
        api_url=shop.service.url,
        publishable_key=shop.keys.publishable.secret,
        signing_key=SigningKey(str(shop.keys.signing.key_id), signing_seed(shop.keys.signing.secret)),
        shoppers=(Shopper("S001", "On record"), Shopper("S002", "Unknown")),
        shelf=tuple(shoemaker.list_products(BASE))[:12],
        find_product=lambda product_id: shoemaker.find_product(product_id, BASE),
        list_campaigns=lambda: cards,
    )
