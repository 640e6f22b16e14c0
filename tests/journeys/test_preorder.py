"""Shoppers of the made-up shoemaker, in Chromium, join the campaigns of the demo with the test card: a guest the one of
sizes, and who is on record the one that is made to measure."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
from playwright.async_api import Browser, Page
from rich.console import Console

from api.demo.launching import launch_campaigns
from api.demo.outfitting import outfit_shoemaker
from tenants.keys import signing_seed
from tests.made_for_you.workshop import configure
from tests.payments.till import open_till
from tests.support.polling import until
from tests.support.shop import ShopClient
from tests.widgets.support import open_browser, open_page, serve
from widgets.examples import shoemaker
from widgets.examples.shop import Shop, build_shop
from widgets.examples.shopper_token import SigningKey
from widgets.examples.view import Shopper

BASE = "https://longstep.example"
MADE = "LS-402"


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


async def stock(shop: ShopClient) -> None:
    """Long Step as the demo opens it, without its orders."""
    await shop.push("products", list(shoemaker.list_products(BASE)))
    await shop.push("shoppers", list(shoemaker.list_shoppers(BASE)))
    for call in outfit_shoemaker():
        answer = await shop.api.request(call.method, call.path, json=call.body)
        assert answer.status_code < 300, answer.text

    async def offered() -> bool:
        return (await configure(shop, product=MADE)).status_code == 200

    await until(offered)


async def test_p4_a_guest_joins_a_campaign_of_the_demo_with_the_test_card(browser: Browser, shop: ShopClient) -> None:
    await stock(shop)
    async with open_till(shop):
        await launch(shop)
        await launch(shop)
        cards = await _cards(shop)
        assert [card["id"].rpartition("-")[0] for card in cards] == ["snow-plum", "tiger"]
        with serve(build_shop(_pages(shop, cards))) as url:
            async with open_page(browser, viewport={"width": 390, "height": 844}) as (page, watch):
                await page.goto(f"{url}/preorders")
                tiger = page.locator("lastbook-campaign").last
                await tiger.scroll_into_view_if_needed()
                await tiger.get_by_label("Choose").select_option(index=2)
                await tiger.get_by_label("E-mail").fill("guest@example.com")
                await tiger.get_by_label("I agree to the terms").check()
                await tiger.get_by_role("button", name="Join").click()
                await pay(page, "Pay")
                assert await page.get_by_role("heading", name="Tiger Shoes for the new year").count() == 1
            assert watch.errors == []


async def test_p1_who_is_on_record_joins_the_campaign_that_is_made_to_her_measures(
    browser: Browser, shop: ShopClient
) -> None:
    await stock(shop)
    async with open_till(shop):
        await launch(shop)
        with serve(build_shop(_pages(shop, await _cards(shop)))) as url:
            async with open_page(browser, viewport={"width": 1280, "height": 900}) as (page, watch):
                await page.goto(f"{url}/preorders?shopper=S001")
                boot = page.locator("lastbook-campaign").first
                await boot.get_by_text("Left: 40").wait_for()
                await boot.get_by_text("Choose first").wait_for()
                assert await boot.get_by_role("button", name="Join").count() == 0
                await page.get_by_text("On record: Foot length, Ball girth").wait_for()
                shown = page.locator("lastbook-custom [part=price]")
                before = await shown.inner_text()
                await page.get_by_role("radio", name="Rubber").check()
                await shown.filter(has_not_text=before).wait_for()
                price = await shown.inner_text()
                await page.get_by_role("button", name="Continue to the preorder").click()
                await boot.get_by_text(f"Total: {price}").wait_for()
                assert await page.locator("[data-basket]").inner_text() == "0"
                await boot.get_by_label("I agree to the terms").check()
                await boot.get_by_role("button", name="Join").click()
                await pay(page, "Save card")
                assert await page.get_by_role("heading", name="Snow Plum Boot, the winter batch").count() == 1
                assert await page.get_by_text("Rubber").count() == 1
            assert watch.errors == []
    [joined] = (await shop.api.get("/v1/preorders")).json()["items"]
    reveal = {"reveal": "true"}
    made = (await shop.api.get(f"/v1/made-preorders/{joined['preorder_id']}", params=reveal)).json()
    assert {one["value_tenth_mm"] for one in made["measurements"] if one["key"] == "foot_length"} == {2435, 2450}


async def pay(page: Page, button: str) -> None:
    """At the stand-in for Stripe, and back."""
    await page.wait_for_url("**/pay/**")
    await page.get_by_label("Card number").fill("4242424242424242")
    await page.get_by_label("Expiry").fill("12/34")
    await page.get_by_label("CVC").fill("123")
    await page.get_by_role("button", name=button).click()
    await page.wait_for_url("**/p/v1/preorder/**")


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
