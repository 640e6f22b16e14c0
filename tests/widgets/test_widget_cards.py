"""What a slot shows: its language, prices, fields, the shop's own card, and markup that the server has included."""

import asyncio

import pytest
from playwright.async_api import Browser

from tests.widgets.fake_api import FakeApi
from tests.widgets.slot_pages import SLOT, settled, slot_with
from tests.widgets.support import build_bare_shop, make_product, open_page, serve


async def test_words_prices_and_the_question_are_in_the_slots_own_language(
    browser: Browser, api: FakeApi, api_url: str
) -> None:
    api.products = [make_product(number, sale_price_minor=99) for number in range(9)]
    body = SLOT + "<lastbook-slot name='german' locale='de_DE' limit='2'></lastbook-slot>"
    body += "<lastbook-slot name='chinese' locale='zh-Hans-CN' limit='2'></lastbook-slot>"
    with serve(build_bare_shop(api_url, body)) as shop:
        async with open_page(browser) as (page, watch):
            await page.goto(shop)
            await settled(page, 3)
            prices = await page.locator("lastbook-slot li:first-child .lastbook-price").all_text_contents()
            heading = await page.locator("[name=chinese] h2").inner_text()
            button = await page.locator("[name=chinese] button").first.get_attribute("aria-label")
    assert [question["locale"] for question in api.questions] == ["en", "de-DE", "zh-Hans-CN"]
    assert [price.replace("\xa0", " ") for price in prices] == [
        "Sale price $0.99 Regular price $1.99",
        "Sale price 0,99 $ Regular price 1,99 $",
        "优惠价 US$0.99 原价 US$1.99",
    ]
    assert (heading, button) == ("为您挑选 chinese", "上一组商品")
    assert watch.errors == []


@pytest.mark.parametrize(
    ("currency", "shown"),
    [
        ("HUF", "HUF 1,234.50"),
        ("IDR", "IDR 1,234.50"),
        ("JPY", "¥123,450"),
        ("KWD", "KWD 123.450"),
        ("USD", "$1,234.50"),
    ],
)
async def test_amounts_have_the_decimals_of_their_currency(
    browser: Browser, api: FakeApi, api_url: str, currency: str, shown: str
) -> None:
    api.products = [make_product(0, price_minor=123_450, currency=currency)]
    with serve(build_bare_shop(api_url, SLOT)) as shop:
        async with open_page(browser) as (page, _):
            await page.goto(shop)
            await settled(page)
            assert (await page.locator(".lastbook-price").inner_text()).replace("\xa0", " ") == shown


async def test_a_card_shows_the_fields_of_the_answer_and_the_attributes_win(
    browser: Browser, api: FakeApi, api_url: str
) -> None:
    why = {"code": "bought_together", "text": "Goes with Product 9"}
    api.products = [make_product(number, reason=why, image=f"{api_url}/none.png") for number in range(9)]
    api.fields, api.layout = ("title", "reason"), "carousel"
    body = SLOT + "<lastbook-slot name='own' layout='grid' reason='none' limit='2'></lastbook-slot>"
    with serve(build_bare_shop(api_url, body)) as shop:
        async with open_page(browser) as (page, _):
            await page.goto(shop)
            await settled(page, 2)
            texts = [await page.locator(f"[name={name}] a").first.inner_text() for name in ("home", "own")]
            layouts = [await page.locator(f"[name={name}]").get_attribute("layout") for name in ("home", "own")]
            assert await page.locator("lastbook-slot img").count() == 0
            api.fields, api.layout = ("image", "price"), "grid"
            await page.evaluate("document.querySelector('[name=home]').reason = 'show'; lastbook.cart(['P1'])")
            await page.wait_for_selector("[name=home] img", state="attached")
            fields = await page.locator("[name=home] li:first-child a *").evaluate_all(
                "all => all.map(e => e.className)"
            )
            assert await page.locator("[name=home]").get_attribute("layout") == "grid"
            assert await page.locator("[name=home] img").first.get_attribute("alt") == "Product 0"
    assert texts == ["Product 0\nGoes with Product 9", "Product 2"]
    assert layouts == ["carousel", "grid"]
    assert fields == ["lastbook-image", "", "lastbook-text", "lastbook-price", "lastbook-reason"]


TEMPLATE = (
    "<lastbook-slot name='home' limit='3'><p id='own'></p><template><a data-lb='href:url; title:title'>"
    "<img data-lb='src:image; alt:title; onerror:title'><b data-lb='text:title'>x</b><i data-lb='text:price'></i>"
    "<s data-lb='text:before'></s><em data-lb='text:reason;href:url'></em></a><button data-lb='add'>Add</button>"
    "</template></lastbook-slot>"
)


async def test_a_template_of_the_shop_is_filled_with_text_and_safe_addresses_alone(
    browser: Browser, api: FakeApi, api_url: str
) -> None:
    evil = "<img src=x onerror=alert(1)>"
    api.products = [
        make_product(0, sale_price_minor=99, image=f"{api_url}/p.png", reason={"code": "c", "text": "Because"}),
        make_product(1, title=evil, image="javascript:alert(1)", sale_price_minor=None),
    ]
    with serve(build_bare_shop(api_url, TEMPLATE)) as shop:
        async with open_page(browser) as (page, watch):
            await page.goto(shop)
            await settled(page)
            cards = await page.locator(".lastbook-card").evaluate_all("all => all.map(card => card.innerHTML)")
            await page.evaluate("document.querySelector('lastbook-slot').name = 'none'")
            api.behaviour = "empty"
            await page.evaluate("document.querySelector('lastbook-slot').product = 'P5'")
            await settled(page, state="empty")
            assert await page.locator("lastbook-slot > template").count() == 1
    assert 'href="https://shop.example/p/0" title="Product 0"' in cards[0]
    assert f'src="{api_url}/p.png"' in cards[0]
    assert ">Product 0</b>" in cards[0]
    assert ">$0.99</i>" in cards[0]
    assert ">$1.99</s>" in cards[0]
    assert ">Because</em>" in cards[0]
    assert "onerror=" not in cards[0]
    assert "&lt;img src=x onerror=alert(1)&gt;</b>" in cards[1]
    assert "javascript:" not in cards[1]
    assert watch.errors == []


async def test_a_templates_add_button_tells_the_shop_and_is_credited(
    browser: Browser, api: FakeApi, api_url: str
) -> None:
    api.products = [make_product(number, token=f"token-{number}") for number in range(4)]
    with serve(build_bare_shop(api_url, TEMPLATE)) as shop:
        async with open_page(browser) as (page, _):
            await page.goto(shop)
            await settled(page)
            await page.evaluate(
                "document.addEventListener('lastbook:add', ({ detail }) => lastbook.cart([detail.product.id]))"
            )
            async with page.expect_response("**/public/v1/slots*"):
                await page.get_by_role("button", name="Add").nth(1).click()
            await page.goto("about:blank")
            await asyncio.sleep(0.3)
    assert slot_with(api)["cart"] == ["P1"]
    assert [(event["product"], event["token"]) for event in api.events("cart")] == [("P1", "token-1")]
    assert api.events("click") == []


INCLUDED = (
    "<lastbook-slot name='home' layout='carousel' state='ready' included data-lb-exposure='held'>"
    "<div class='lastbook-head'><h2>Ours</h2>"
    "<button class='lastbook-step lastbook-previous' type='button' hidden></button>"
    "<button class='lastbook-step lastbook-next' type='button' hidden></button></div>"
    "<ul class='lastbook-list' role='list'>"
    + "".join(
        f"<li class='lastbook-card' data-lb-product='P{n}' data-lb-token='token-{n}'>"
        f"<a href='https://shop.example/p/{n}'><span class='lastbook-text'>Product {n}</span></a></li>"
        for n in range(12)
    )
    + "</ul></lastbook-slot>"
)


async def test_what_the_server_included_comes_to_life_without_a_question(
    browser: Browser, api: FakeApi, api_url: str
) -> None:
    with serve(build_bare_shop(api_url, INCLUDED)) as shop:
        async with open_page(browser) as (page, watch):
            await page.route("https://shop.example/**", lambda route: route.fulfill(body="the product's page"))
            await page.goto(shop)
            await page.wait_for_function("() => !document.querySelector('[included]')")
            await page.locator(".lastbook-next").click()
            await page.wait_for_function("() => document.querySelector('.lastbook-list').scrollLeft > 100")
            await page.wait_for_timeout(1_300)
            assert api.questions == []
            await page.locator("lastbook-slot a").nth(3).click()
            await page.wait_for_url("https://shop.example/p/3")
            await asyncio.sleep(0.3)
    assert [event["token"] for event in api.events("click")] == ["token-3"]
    assert [event["token"] for event in api.events("exposure")] == ["held"]
    assert len(api.events("impression")) > 3
    assert watch.errors == []


async def test_an_included_slot_is_asked_for_when_it_changes(browser: Browser, api: FakeApi, api_url: str) -> None:
    with serve(build_bare_shop(api_url, INCLUDED)) as shop:
        async with open_page(browser) as (page, _):
            await page.goto(shop)
            await page.wait_for_function("() => !document.querySelector('[included]')")
            await page.evaluate("document.querySelector('lastbook-slot').limit = 2")
            await page.wait_for_function("() => document.querySelectorAll('.lastbook-card').length === 2")
    assert len(api.questions) == 1
