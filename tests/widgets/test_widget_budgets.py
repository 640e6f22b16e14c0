"""The budgets of the widgets, line by line, as a browser sees them."""

import gzip
import random
import string
from typing import Literal

import pytest
from playwright.async_api import Browser

from tests.support.shop import ShopClient, product
from tests.widgets.fake_api import FakeApi
from tests.widgets.loading import PAGES, SLOTS, open_loaded
from tests.widgets.scenarios import SCENARIOS, VIEWPORTS, Scenario, measure_height, measure_shift
from tests.widgets.test_widget_assets import CHINESE_BYTES

CORE_BYTES, PAGE_BYTES, ANSWER_BYTES = 6_000, 10_000, 6_000
MODULES = 2
CALLS = {
    "slots": ["slots"],
    "custom": ["configure", "slots"],
    "campaign": ["campaigns", "slots"],
    "again": ["again:list", "slots"],
    "measure": ["measurements:read"],
}
"""All slots of a page are one question; a further element has one of its own."""
FAR_DOWN = "<div>" + "<p>A line of the shop's</p>" * 200 + "</div>"


@pytest.mark.parametrize("language", ["en", "zh-CN"])
async def test_loader_and_core_are_at_most_6000_bytes(
    browser: Browser, api: FakeApi, api_url: str, language: str
) -> None:
    async with open_loaded(browser, api_url, SLOTS, html=f"lang='{language}'") as (_, loaded, watch):
        assert loaded.gzip_bytes() <= CORE_BYTES, loaded
    assert watch.errors == []


@pytest.mark.parametrize("language", ["en", "zh-CN"])
@pytest.mark.parametrize("special", PAGES)
async def test_everything_on_a_page_is_at_most_10000_bytes(
    browser: Browser, api: FakeApi, api_url: str, special: str, language: str
) -> None:
    """A campaign in Chinese falls short of it."""
    most = CHINESE_BYTES.get(f"lastbook-{special}", PAGE_BYTES) if language == "zh-CN" else PAGE_BYTES
    async with open_loaded(browser, api_url, PAGES[special], html=f"lang='{language}'") as (_, loaded, _):
        assert loaded.gzip_bytes() <= most, f"{loaded.gzip_bytes()} bytes: {loaded}"


async def test_a_page_of_slots_is_one_script_one_call_and_one_beacon(
    browser: Browser, api: FakeApi, api_url: str
) -> None:
    async with open_loaded(browser, api_url, SLOTS) as (page, loaded, _):
        await page.wait_for_timeout(1_200)  # until the cards were seen
        await page.goto("about:blank")
        await page.wait_for_timeout(300)
    assert (loaded.scripts, loaded.modules, loaded.calls) == (["lastbook.js"], [], ["slots"])
    assert len(api.beacons) == 1
    assert loaded.sheets == ["lastbook.css"]


@pytest.mark.parametrize("language", ["en", "zh-CN"])
@pytest.mark.parametrize("special", PAGES)
async def test_before_the_shopper_acts_no_file_comes_twice_and_no_address_is_asked_twice(
    browser: Browser, api: FakeApi, api_url: str, special: str, language: str
) -> None:
    async with open_loaded(browser, api_url, PAGES[special], html=f"lang='{language}'") as (_, loaded, _):
        assert loaded.scripts == ["lastbook.js"]
        assert len(loaded.modules) <= MODULES, loaded
        assert len(set(loaded.names)) == len(loaded.names)
        assert sorted(loaded.calls) == CALLS[special]


async def test_what_is_far_below_is_neither_fetched_nor_asked_for(browser: Browser, api: FakeApi, api_url: str) -> None:
    body = f"<lastbook-slot name='first' limit='2'></lastbook-slot>{FAR_DOWN}<section>{PAGES['custom']}</section>"
    seen = body.replace("<section>", "</main><section>")
    async with open_loaded(browser, api_url, seen) as (_, loaded, _):
        assert (loaded.modules, loaded.calls) == ([], ["slots"])


async def test_an_answer_of_twelve_long_products_is_at_most_6000_bytes(shop: ShopClient) -> None:
    dice = random.Random(7)

    def words(number: int) -> str:
        return " ".join("".join(dice.choices(string.ascii_lowercase, k=7)) for _ in range(number))

    names = [words(6).replace(" ", "-") for _ in range(12)]
    await shop.push(
        "products",
        [
            product(
                f"product-{number:06}", title=words(8), brand=words(2), url=f"https://shop.example/{name}",
                image_urls=[f"https://images.shop.example/{name}.jpg"], sale_price_minor=900,
            )
            for number, name in enumerate(names)
        ],
    )  # fmt: skip
    answer = await shop.ask({"name": "home-popular", "limit": 12})
    assert len(answer.json()["slots"][0]["products"]) == 12
    assert len(gzip.compress(answer.content, 6)) <= ANSWER_BYTES, len(gzip.compress(answer.content, 6))


@pytest.mark.parametrize("viewport", VIEWPORTS)
@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda one: one.name)
async def test_the_layout_shift_that_we_add_is_zero(
    browser: Browser, api: FakeApi, api_url: str, scenario: Scenario, viewport: str
) -> None:
    assert await measure_shift(browser, api_url, scenario, VIEWPORTS[viewport]) == 0


@pytest.mark.parametrize("viewport", VIEWPORTS)
@pytest.mark.parametrize("layout", ["carousel", "grid"])
async def test_the_reserve_is_as_high_as_what_comes(
    browser: Browser, api: FakeApi, api_url: str, layout: Literal["carousel", "grid"], viewport: str
) -> None:
    """Within the room for the focus ring: no shift, and no gap either."""
    scenario = Scenario("success", layout=layout)
    reserved, natural = [
        await measure_height(browser, api_url, scenario, VIEWPORTS[viewport], reserve=reserve)
        for reserve in (True, False)
    ]
    assert abs(reserved - natural) <= 4


async def test_without_the_reserve_the_same_measure_finds_the_shift(
    browser: Browser, api: FakeApi, api_url: str
) -> None:
    assert await measure_shift(browser, api_url, SCENARIOS[0], VIEWPORTS["phone"], reserve=False) > 0.2
