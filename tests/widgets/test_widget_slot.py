"""The element in a browser, against an API whose behaviour the test chooses."""

import asyncio
import json

import pytest
from playwright.async_api import Browser, Page

from tests.widgets.fake_api import Behaviour, FakeApi
from tests.widgets.support import build_bare_shop, make_product, open_page, serve

SLOT = "<lastbook-slot name='home-for-you' limit='4'><p id='own'>The shop's own</p></lastbook-slot>"
NOTE_EVENTS = """() => {
  window.said = [];
  for (const name of ["render", "ready", "empty", "error", "impression", "click"])
    document.addEventListener("lastbook:" + name, (event) => said.push(name));
}"""


async def state_is(page: Page, state: str, selector: str = "lastbook-slot") -> None:
    await page.wait_for_selector(f'{selector}[state="{state}"]', state="attached", timeout=5_000)


async def titles(page: Page, selector: str = "lastbook-slot") -> list[str]:
    return await page.locator(f"{selector} .lastbook-title").all_inner_texts()


async def test_slot_shows_the_products_under_the_answers_heading(browser: Browser, api: FakeApi, api_url: str) -> None:
    with serve(build_bare_shop(api_url, SLOT)) as shop:
        async with open_page(browser) as (page, watch):
            await page.goto(shop)
            await state_is(page, "ready")
            assert await titles(page) == ["Product 0", "Product 1", "Product 2", "Product 3"]
            assert await page.locator("lastbook-slot h2").inner_text() == "Picked for home-for-you"
            assert await page.locator("lastbook-slot a").first.get_attribute("href") == "https://shop.example/p/0"
            assert await page.locator(".lastbook-price").first.inner_text() == "$1.99"
            assert await page.locator("#own").count() == 0
    assert watch.errors == []


async def test_c4_a_card_shows_the_price_as_it_would_be_made_for_this_shopper(
    browser: Browser, api: FakeApi, api_url: str
) -> None:
    ready = {"ready": True, "price_minor": 15_400, "text": "Made to your measure · 10 work days"}
    asked = {"ready": False, "price_minor": None, "text": None, "prompt": "measure"}
    api.products = [make_product(0, sale_price_minor=99, made=ready), make_product(1, made=asked)]
    with serve(build_bare_shop(api_url, SLOT)) as shop:
        async with open_page(browser) as (page, watch):
            await page.goto(shop)
            await state_is(page, "ready")
            prices = await page.locator(".lastbook-price").all_inner_texts()
            above = await page.locator(".lastbook-brand").all_inner_texts()
    assert prices[0] == "$154.00"
    assert above[0].lower() == "made to your measure · 10 work days"
    assert ("154" in prices[1], "measure" in above[1]) == (False, False)
    assert watch.errors == []


async def test_all_slots_of_a_page_are_one_request_without_preflight(
    browser: Browser, api: FakeApi, api_url: str
) -> None:
    far = "<link rel='stylesheet' href='/tall.css'>"
    body = f"{SLOT}<lastbook-slot name='product-similar' product='P9' exclude='P1, P2'></lastbook-slot>"
    with serve(build_bare_shop(api_url, body, head=far)) as shop:
        async with open_page(browser) as (page, _):
            await page.goto(shop)
            await state_is(page, "ready", "[name=product-similar]")
            await page.wait_for_timeout(200)
            shown = await titles(page)
    assert api.methods == ["GET"]
    assert api.questions[0]["slots"] == [
        {"name": "home-for-you", "limit": 4},
        {"name": "product-similar", "product": "P9", "exclude": ["P1", "P2"]},
    ]
    assert api.questions[0]["key"] == "lb_pk_test"
    assert len(set(shown)) == len(shown) == 16


@pytest.mark.parametrize(
    ("behaviour", "state"),
    [
        ("slow", "error"),
        ("status 500", "error"),
        ("half json", "error"),
        ("wrong shape", "error"),
        ("empty", "empty"),
    ],
)
async def test_without_an_answer_the_shops_own_children_stay(
    browser: Browser, api: FakeApi, api_url: str, behaviour: Behaviour, state: str
) -> None:
    api.behaviour = behaviour
    with serve(build_bare_shop(api_url, SLOT)) as shop:
        async with open_page(browser) as (page, watch):
            await page.goto(shop)
            await state_is(page, state)
            assert await page.locator("#own").inner_text() == "The shop's own"
            await page.wait_for_timeout(100)
    assert watch.errors == []


async def test_the_deadline_is_800_ms(browser: Browser, api: FakeApi, api_url: str) -> None:
    api.behaviour = "slow"
    with serve(build_bare_shop(api_url, SLOT)) as shop:
        async with open_page(browser) as (page, _):
            await page.goto(shop)
            await state_is(page, "loading")
            waited = await page.evaluate(
                "() => new Promise(done => { const from = performance.now(); document.addEventListener("
                "'lastbook:error', () => done(performance.now() - from)) })"
            )
    assert 400 < waited < 1_200


async def test_an_api_that_is_down_leaves_the_page_as_it_was(browser: Browser, api: FakeApi, api_url: str) -> None:
    with serve(build_bare_shop(api_url, SLOT)) as shop:
        async with open_page(browser) as (page, watch):
            await page.route("**/public/v1/slots*", lambda route: route.abort())
            await page.goto(shop)
            await state_is(page, "error")
            assert await page.locator("#own").is_visible()
    assert watch.errors == []


async def test_without_javascript_the_shops_own_children_are_there(
    browser: Browser, api: FakeApi, api_url: str
) -> None:
    with serve(build_bare_shop(api_url, SLOT)) as shop:
        async with open_page(browser, java_script_enabled=False) as (page, _):
            await page.goto(shop)
            assert await page.locator("#own").is_visible()


async def test_markup_in_the_catalogue_stays_text(browser: Browser, api: FakeApi, api_url: str) -> None:
    evil = "<img src=x onerror=\"document.title='owned'\"><script>document.title='owned'</script>"
    api.products = [
        make_product(0, title=evil, brand=evil, image="javascript:document.title='owned'"),
        make_product(1, url="javascript:document.title='owned'"),
        make_product(2, url="data:text/html,owned"),
        make_product(3, price_minor="<b>1</b>", currency="<b>"),
    ]
    with serve(build_bare_shop(api_url, SLOT)) as shop:
        async with open_page(browser) as (page, watch):
            await page.goto(shop)
            await state_is(page, "ready")
            assert await titles(page) == [evil, "Product 3"]
            assert await page.locator("lastbook-slot :is(script, img, b)").count() == 0
            assert await page.title() == "Shop"
    assert watch.errors == []


async def test_prices_are_written_in_their_currency_and_a_sale_is_said_aloud(
    browser: Browser, api: FakeApi, api_url: str
) -> None:
    api.products = [
        make_product(0, price_minor=1099, currency="JPY"),
        make_product(1, price_minor=1099, currency="KWD"),
        make_product(2, price_minor=1099, sale_price_minor=999),
        make_product(3, price_minor=1.5),
    ]
    with serve(build_bare_shop(api_url, SLOT)) as shop:
        async with open_page(browser) as (page, _):
            await page.goto(shop)
            await state_is(page, "ready")
            prices = await page.locator(".lastbook-price").all_text_contents()
    assert [price.replace("\xa0", " ") for price in prices] == [
        "¥1,099",
        "KWD 1.099",
        "Sale price $9.99 Regular price $10.99",
        "",
    ]


async def test_changed_attributes_are_asked_for_in_one_more_request(
    browser: Browser, api: FakeApi, api_url: str
) -> None:
    with serve(build_bare_shop(api_url, SLOT)) as shop:
        async with open_page(browser) as (page, _):
            await page.goto(shop)
            await state_is(page, "ready")
            await page.evaluate(
                "() => { const slot = document.querySelector('lastbook-slot'); slot.product = 'P7'; slot.limit = 2;"
                " slot.exclude = 'P1'; slot.layout = 'grid'; }"
            )
            await page.wait_for_function("() => document.querySelectorAll('.lastbook-card').length === 2")
    assert len(api.questions) == 2
    assert api.questions[1]["slots"] == [{"name": "home-for-you", "product": "P7", "exclude": ["P1"], "limit": 2}]


async def test_a_slot_far_below_is_asked_for_when_it_comes_near(browser: Browser, api: FakeApi, api_url: str) -> None:
    body = f"<pre>{'line<br>' * 200}</pre>{SLOT}"
    with serve(build_bare_shop(api_url, body)) as shop:
        async with open_page(browser) as (page, _):
            await page.goto(shop)
            await state_is(page, "idle")
            await page.wait_for_timeout(300)
            assert api.questions == []
            await page.evaluate("scrollTo(0, document.body.scrollHeight)")
            await state_is(page, "ready")


async def test_the_shoppers_token_goes_with_the_question(browser: Browser, api: FakeApi, api_url: str) -> None:
    script = "data-key='lb_pk_test' data-token='first'"
    with serve(build_bare_shop(api_url, SLOT, script=script)) as shop:
        async with open_page(browser) as (page, _):
            await page.goto(shop)
            await state_is(page, "ready")
            for call in ("identify('second')", "reset()"):
                async with page.expect_response("**/public/v1/slots*"):
                    await page.evaluate(f"lastbook.{call}")
    assert [question.get("token") for question in api.questions] == ["first", "second", None]
    assert api.methods == ["POST", "POST", "GET"]
    assert api.content_types[0] == "text/plain;charset=UTF-8"  # which needs no preflight


async def test_a_shop_may_render_the_products_itself(browser: Browser, api: FakeApi, api_url: str) -> None:
    with serve(build_bare_shop(api_url, SLOT)) as shop:
        async with open_page(browser) as (page, _):
            await page.add_init_script(
                "document.addEventListener('lastbook:render', (event) => { event.preventDefault();"
                " document.querySelector('#own').textContent = event.detail.products[0].title; })"
            )
            await page.goto(shop)
            await state_is(page, "ready")
            assert await page.locator("#own").inner_text() == "Product 0"


async def test_a_card_seen_for_a_second_is_one_impression_sent_when_the_page_hides(
    browser: Browser, api: FakeApi, api_url: str
) -> None:
    with serve(build_bare_shop(api_url, SLOT)) as shop:
        async with open_page(browser) as (page, _):
            await page.goto(shop)
            await state_is(page, "ready")
            await page.evaluate(NOTE_EVENTS)
            await page.wait_for_timeout(600)
            assert await page.evaluate("said.length") == 0
            await page.wait_for_function("() => said.length === 4", timeout=3_000)
            await page.wait_for_timeout(1_200)
            assert api.beacons == []
            await page.goto("about:blank")
            await asyncio.sleep(0.3)
    assert len(api.beacons) == 1
    seen = api.events("impression")
    assert [event["product"] for event in seen] == ["P0", "P1", "P2", "P3"]
    assert {event["slot"] for event in seen} == {"home-for-you"}
    assert len({event["id"] for event in seen}) == 4


async def test_a_click_is_sent_at_once(browser: Browser, api: FakeApi, api_url: str) -> None:
    with serve(build_bare_shop(api_url, SLOT)) as shop:
        async with open_page(browser) as (page, _):
            await page.route("https://shop.example/**", lambda route: route.fulfill(body="the product's page"))
            await page.goto(shop)
            await state_is(page, "ready")
            await page.locator("lastbook-slot a").nth(1).click()
            await page.wait_for_url("https://shop.example/p/1")
    assert [(event["product"], event["slot"]) for event in api.events("click")] == [("P1", "home-for-you")]


async def test_events_of_the_element_come_in_order(browser: Browser, api: FakeApi, api_url: str) -> None:
    with serve(build_bare_shop(api_url, SLOT)) as shop:
        async with open_page(browser) as (page, _):
            await page.add_init_script(f"({NOTE_EVENTS})()")
            await page.goto(shop)
            await page.wait_for_function("() => said.length === 6", timeout=5_000)
            assert await page.evaluate("said") == ["render", "ready", *["impression"] * 4]


async def test_a_failed_second_question_brings_the_shops_own_children_back(
    browser: Browser, api: FakeApi, api_url: str
) -> None:
    with serve(build_bare_shop(api_url, SLOT)) as shop:
        async with open_page(browser) as (page, _):
            await page.goto(shop)
            await state_is(page, "ready")
            api.behaviour = "status 500"
            await page.evaluate("document.querySelector('lastbook-slot').product = 'P5'")
            await state_is(page, "error")
            assert await page.locator("#own").is_visible()
            assert await page.locator(".lastbook-card").count() == 0


async def test_a_strict_policy_is_not_violated(browser: Browser, api: FakeApi, api_url: str) -> None:
    api.products = [make_product(number, image=f"{api_url}/w/v1/lastbook.css") for number in range(6)]
    body = SLOT.replace("limit", "layout='carousel' limit")
    with serve(build_bare_shop(api_url, body)) as shop:
        async with open_page(browser) as (page, watch):
            await page.add_init_script(
                "window.broken = []; document.addEventListener('securitypolicyviolation',"
                " (event) => broken.push(event.violatedDirective))"
            )
            await page.goto(shop)
            await state_is(page, "ready")
            step = await page.locator(".lastbook-next").bounding_box()
            assert await page.evaluate("getComputedStyle(document.querySelector('.lastbook-list')).display") == "grid"
            assert json.dumps(await page.evaluate("broken")) == "[]"
    assert step is None or (step["width"], step["height"]) == (44, 44)
    assert watch.errors == []


async def test_a_heading_of_the_shops_own_wins_and_changes_without_a_question(
    browser: Browser, api: FakeApi, api_url: str
) -> None:
    with serve(build_bare_shop(api_url, SLOT.replace("limit", "heading='Ours' limit"))) as shop:
        async with open_page(browser) as (page, _):
            await page.goto(shop)
            await state_is(page, "ready")
            assert await page.locator("lastbook-slot h2").inner_text() == "Ours"
            await page.evaluate("document.querySelector('lastbook-slot').heading = 'Still ours'")
            assert await page.get_by_role("list", name="Still ours").count() == 1
    assert len(api.questions) == 1


@pytest.mark.parametrize(("direction", "sign"), [("ltr", 1), ("rtl", -1)])
async def test_a_carousels_arrows_point_where_they_lead(
    browser: Browser, api: FakeApi, api_url: str, direction: str, sign: int
) -> None:
    api.layout = "carousel"
    with serve(build_bare_shop(api_url, SLOT, html=f"lang='ar' dir='{direction}'")) as shop:
        async with open_page(browser, viewport={"width": 390, "height": 844}) as (page, _):
            await page.goto(shop)
            await state_is(page, "ready")
            drawn = await page.evaluate(ARROWS)
    # Drawn is the corner between the top and the right, turned.
    assert drawn == [["2px 2px 0px 0px", turn, move] for turn, move in (("-135deg", "2px"), ("45deg", "-2px"))[::sign]]


ARROWS = """() => [...document.querySelectorAll(".lastbook-step")].map((button) => {
  const { borderWidth, rotate, translate } = getComputedStyle(button, "::before");
  return [borderWidth, rotate, translate];
})"""
