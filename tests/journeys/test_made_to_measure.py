"""Two shoppers of the made-up shoemaker, in Chromium, on the real server: one is on record, one measures her feet."""

from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest
from playwright.async_api import Browser, Page

from tenants.keys import signing_seed
from tests.made_for_you.workshop import configure
from tests.support.polling import until
from tests.support.shop import ShopClient
from tests.widgets.support import open_browser, open_page, serve
from widgets.examples import made_shoes, shoemaker
from widgets.examples.shop import Shop, build_shop
from widgets.examples.shopper_token import SigningKey
from widgets.examples.view import Shopper

SHOE = "LS-201"
BASE = "https://longstep.example"


@pytest.fixture(scope="module")
async def browser() -> AsyncIterator[Browser]:
    async with open_browser() as opened:
        yield opened


@pytest.fixture
async def shop_url(shop: ShopClient) -> AsyncIterator[str]:
    """Long Step as the demo opens it, without its orders."""
    await shop.push("products", list(shoemaker.list_products(BASE)))
    await shop.push("shoppers", list(shoemaker.list_shoppers(BASE)))
    for method, path, body in _told():
        answer = await shop.api.request(method, path, json=body)
        assert answer.status_code < 300, answer.text

    async def offered() -> bool:
        return (await configure(shop, product=SHOE)).status_code == 200

    await until(offered)
    with serve(build_shop(_pages(shop))) as url:
        yield url


async def test_c4_a_recorded_shopper_changes_her_shoe_and_orders_it_at_the_price_shown(
    browser: Browser, shop_url: str
) -> None:
    async with open_page(browser) as (page, watch):
        await page.goto(f"{shop_url}/product/{SHOE}?shopper=S001")
        await page.get_by_text("On record: Foot length, Ball girth").wait_for()
        assert await page.get_by_label("Initials inside the heel").input_value() == "AL"
        await page.get_by_role("radio", name="Extra wide").check()
        await page.get_by_role("radio", name="Leather").check()
        said = page.get_by_role("group", name="Width").get_by_text("A leather sole is cut no wider than wide.")
        await said.last.wait_for()
        await page.get_by_role("group", name="Width").get_by_role("button", name="Change Width to Wide").click()
        await page.locator("[part=price]", has_text="$174.00").wait_for()  # 168 − 8 leather + 8 wide + 6 initials
        await _order(page)
    assert watch.errors == []


async def test_c4_an_unknown_shopper_measures_her_feet_and_can_order_what_she_could_not(
    browser: Browser, shop_url: str
) -> None:
    async with open_page(browser) as (page, watch):
        await page.goto(f"{shop_url}/product/{SHOE}?shopper=S002")
        await page.get_by_role("link", name="Measure now").click()
        for name, length in (("Foot length", "25.4"), ("Ball girth", "24.2")):
            for side in ("Left", "Right"):
                await page.get_by_label(f"{name} {side}").fill(length)
        await page.get_by_role("checkbox").check()
        await page.get_by_role("button", name="Save measurements").click()
        await page.get_by_text("On record: Foot length, Ball girth").wait_for()
        await _order(page)
        await page.get_by_text("History", exact=True).click()
        assert await page.get_by_text("Ball girth, Right: 24.2 cm").is_visible()
        await page.get_by_role("button", name="Delete my measurements").click()
        await page.get_by_role("button", name="Delete my measurements").click()
        await page.get_by_text("Still to measure: Foot length, Ball girth").wait_for()
    assert watch.errors == []


async def _order(page: Page) -> None:
    await page.get_by_text("Ready on").wait_for()
    await page.get_by_role("button", name="Add to basket").click()
    await page.get_by_text("In your basket. The price holds until").wait_for()


def _told() -> Iterator[tuple[str, str, dict[str, Any]]]:
    yield "POST", "/v1/measurement-definitions:standard", {"sets": list(made_shoes.measurement_sets())}
    yield "PUT", "/v1/work-calendar", made_shoes.work_calendar()
    for shopper, consent in made_shoes.consents():
        yield "PUT", f"/v1/consents/{shopper}", consent
    for profile in made_shoes.measurement_profiles():
        yield "PUT", f"/v1/measurement-profiles/{profile['id']}", profile
    for shopper, wishes in made_shoes.wishes():
        yield "PUT", f"/v1/wishes/{shopper}", wishes
    for document in made_shoes.option_documents():
        yield "PUT", f"/v1/option-documents/{document['id']}", document
        yield "POST", "/v1/option-documents:publish", {"id": document["id"]}


def _pages(shop: ShopClient) -> Shop:
    def find_product(product_id: str) -> dict[str, Any] | None:
        return shoemaker.find_product(product_id, BASE)

    return Shop(
        kind="shoemaker",
        name="Long Step",
        api_url=shop.service.url,
        publishable_key=shop.keys.publishable.secret,
        signing_key=SigningKey(str(shop.keys.signing.key_id), signing_seed(shop.keys.signing.secret)),
        shoppers=(Shopper("S001", "On record"), Shopper("S002", "Unknown")),
        shelf=tuple(shoemaker.list_products(BASE))[:12],
        find_product=find_product,
    )
