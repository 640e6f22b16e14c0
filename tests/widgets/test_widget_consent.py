"""Who is told of whom: the three modes of consent, what a browser keeps, and what goes with events."""

import asyncio
import base64
import json
from typing import Any

import pytest
from playwright.async_api import Browser, Page
from starlette.applications import Starlette
from starlette.routing import Mount

from tests.widgets.fake_api import FakeApi
from tests.widgets.support import build_bare_shop, make_product, open_page, serve

SLOT = "<lastbook-slot name='home' limit='2'><p id='own'>The shop's own</p></lastbook-slot>"
KEY = "data-key='lb_pk_test'"
NO_STORAGE = """
  for (const name of ["localStorage", "sessionStorage"])
    Object.defineProperty(window, name, { get() { throw new DOMException("no", "SecurityError"); } });
"""
PRIVACY_SIGNAL = "Object.defineProperty(navigator, 'globalPrivacyControl', { value: true });"


def token_of(shopper: str, number: int = 0) -> str:
    """Looks like what a shop's server signs; each page has a new one."""
    claims = json.dumps({"sub": shopper, "iat": number}).encode()
    return f"e30.{base64.urlsafe_b64encode(claims).decode().rstrip('=')}.{number}"


async def settled(page: Page, count: int = 1) -> None:
    """By then an answer is kept, too, where it may be."""
    await page.wait_for_function(f"() => document.querySelectorAll('lastbook-slot[state=ready]').length === {count}")


async def kept(page: Page) -> int:
    """How many things the page keeps in the browser."""
    cookies = len(await page.context.cookies())
    return cookies + int(await page.evaluate("localStorage.length + sessionStorage.length"))


async def leave(page: Page) -> None:
    """Events are sent by then."""
    await page.goto("about:blank")
    await asyncio.sleep(0.3)


async def visit_in_turn(browser: Browser, api_url: str, scripts: list[str]) -> None:
    """Pages of one origin in one tab, whose server writes another tag each time."""
    pages = [
        Mount(f"/{number}", build_bare_shop(api_url, SLOT, script=script)) for number, script in enumerate(scripts)
    ]
    with serve(Starlette(routes=pages)) as shop:
        async with open_page(browser) as (page, _):
            for number in range(len(scripts)):
                await page.goto(f"{shop}/{number}/")
                await settled(page)


@pytest.mark.parametrize("consent", ["", "data-consent='auto'", "data-consent='denied'"])
async def test_a_stranger_is_asked_for_by_an_address_without_any_identifier_and_nothing_is_kept(
    browser: Browser, api: FakeApi, api_url: str, consent: str
) -> None:
    with serve(build_bare_shop(api_url, SLOT, script=f"{KEY} {consent}")) as shop:
        async with open_page(browser) as (page, watch):
            await page.goto(shop)
            await settled(page)
            await page.wait_for_timeout(1_200)
            assert await kept(page) == 0
            await leave(page)
    assert api.methods == ["GET"]
    assert api.questions[0] == {"key": "lb_pk_test", "locale": "en", "slots": [{"name": "home", "limit": 2}]}
    assert len(api.events("impression")) == 2
    assert set(api.beacons[0]) == {"key", "events"}
    assert watch.errors == []


async def test_denied_does_not_send_the_shoppers_token_with_slots_nor_with_events(
    browser: Browser, api: FakeApi, api_url: str
) -> None:
    script = f"{KEY} data-consent='denied' data-token='{token_of('S1')}'"
    with serve(build_bare_shop(api_url, SLOT, script=script)) as shop:
        async with open_page(browser) as (page, _):
            await page.goto(shop)
            await settled(page)
            await page.evaluate("lastbook.identify('another')")
            await page.evaluate("lastbook.track('view', 'P1')")
            assert await kept(page) == 0
            await leave(page)
    assert api.methods[0] == "GET"
    assert not any("token" in question or "visitor" in question for question in [*api.questions, *api.beacons])


async def test_auto_sends_the_token_and_a_visitor_only_once_the_shopper_agreed(
    browser: Browser, api: FakeApi, api_url: str
) -> None:
    script = f"{KEY} data-token='{token_of('S1')}'"
    with serve(build_bare_shop(api_url, SLOT, script=script)) as shop:
        async with open_page(browser) as (page, _):
            await page.goto(shop)
            await settled(page)
            assert await kept(page) == 0
            async with page.expect_response("**/public/v1/slots*"):
                await page.evaluate("lastbook.setConsent(true)")
            await page.evaluate("lastbook.setConsent(true)")
            await page.wait_for_function("() => sessionStorage.length === 1")
            await page.goto(shop + "/?again")
            await settled(page)
            await leave(page)
    before, after = api.questions[:2]
    assert (before["token"], "visitor" in before) == (token_of("S1"), False)
    assert after["token"] == token_of("S1")
    assert len(after["visitor"]) >= 8
    assert len(api.questions) == 2  # the second page had its answer from the session


async def test_a_visitor_that_agreed_is_the_same_on_the_next_page_and_the_answer_too(
    browser: Browser, api: FakeApi, api_url: str
) -> None:
    with serve(build_bare_shop(api_url, SLOT, script=f"{KEY} data-consent='granted'")) as shop:
        async with open_page(browser) as (page, watch):
            await page.goto(shop)
            await settled(page)
            visitor = api.questions[0]["visitor"]
            await page.goto(shop + "/?next")
            await settled(page)
            assert len(api.questions) == 1
            async with page.expect_response("**/public/v1/slots*"):
                await page.evaluate("document.querySelector('lastbook-slot').product = 'P1'")
            assert api.questions[1]["visitor"] == visitor
            await page.evaluate("lastbook.track('view', 'P1')")
            await leave(page)
    assert {beacon["visitor"] for beacon in api.beacons} == {visitor}
    assert watch.errors == []


async def test_a_refusal_is_remembered_and_takes_away_what_was_kept(
    browser: Browser, api: FakeApi, api_url: str
) -> None:
    script = f"{KEY} data-token='{token_of('S1')}'"
    with serve(build_bare_shop(api_url, SLOT, script=script)) as shop:
        async with open_page(browser) as (page, _):
            await page.goto(shop)
            await settled(page)
            async with page.expect_response("**/public/v1/slots*"):
                await page.evaluate("lastbook.setConsent(true)")
            async with page.expect_response("**/public/v1/slots*"):
                await page.evaluate("lastbook.setConsent(false)")
            assert await page.evaluate("sessionStorage.length") == 0
            assert await page.evaluate("Object.values(localStorage)") == [""]
            await page.goto(shop + "/?next")
            await settled(page)
    assert api.methods == ["POST", "POST", "GET", "GET"]
    assert not any("token" in question or "visitor" in question for question in api.questions[2:])


async def test_a_browser_that_asks_not_to_be_tracked_gets_no_visitor_id(
    browser: Browser, api: FakeApi, api_url: str
) -> None:
    script = f"{KEY} data-consent='granted' data-token='{token_of('S1')}'"
    with serve(build_bare_shop(api_url, SLOT, script=script)) as shop:
        async with open_page(browser) as (page, _):
            await page.add_init_script(PRIVACY_SIGNAL)
            await page.goto(shop)
            await settled(page)
            await page.evaluate("lastbook.setConsent(true)")
            assert await kept(page) == 0
    assert [(question["token"], "visitor" in question) for question in api.questions] == [(token_of("S1"), False)]


async def test_the_answer_of_one_shopper_is_never_shown_to_the_next(
    browser: Browser, api: FakeApi, api_url: str
) -> None:
    """Signed out and in again by the shop's server alone: the page only gets another token."""
    visits = [("S1", 0), ("S1", 1), ("S2", 2), ("S2", 3)]
    scripts = [f"{KEY} data-consent='granted' data-token='{token_of(*visit)}'" for visit in visits]
    await visit_in_turn(browser, api_url, scripts)
    assert [question["token"] for question in api.questions] == [token_of("S1", 0), token_of("S2", 2)]


async def test_reset_makes_the_browser_another_visitor(browser: Browser, api: FakeApi, api_url: str) -> None:
    script = f"{KEY} data-consent='granted' data-token='{token_of('S1')}'"
    with serve(build_bare_shop(api_url, SLOT, script=script)) as shop:
        async with open_page(browser) as (page, _):
            await page.goto(shop)
            await settled(page)
            async with page.expect_response("**/public/v1/slots*"):
                await page.evaluate("lastbook.reset()")
            stored = await page.evaluate("Object.values(localStorage)")
    first, second = api.questions
    assert "token" not in second
    assert first["visitor"] != second["visitor"]
    assert stored == [second["visitor"]]


async def test_two_keys_never_share_a_visitor(browser: Browser, api: FakeApi, api_url: str) -> None:
    keys = ("lb_pk_one", "lb_pk_two", "lb_pk_one")
    await visit_in_turn(browser, api_url, [f"data-key='{key}' data-consent='granted'" for key in keys])
    visitors = {question["key"]: question["visitor"] for question in api.questions}
    assert len(api.questions) == 2
    assert len(set(visitors.values())) == 2


async def test_an_answer_is_shown_at_once_for_ten_minutes_and_renewed_after_one(
    browser: Browser, api: FakeApi, api_url: str
) -> None:
    with serve(build_bare_shop(api_url, SLOT, script=f"{KEY} data-consent='granted'")) as shop:
        async with open_page(browser) as (page, _):
            await page.clock.install()
            await page.goto(shop)
            await settled(page)
            await page.clock.fast_forward(50_000)
            await page.goto(shop + "/?a")
            await settled(page)
            assert len(api.questions) == 1
            await page.clock.fast_forward(70_000)
            api.products = [make_product(number) for number in range(90, 99)]
            async with page.expect_response("**/public/v1/slots*"):
                await page.goto(shop + "/?b")
            await settled(page)
            assert await page.locator(".lastbook-title").first.inner_text() == "Product 0"  # nothing moves any more
            await page.goto(shop + "/?c")
            await settled(page)
            assert await page.locator(".lastbook-title").first.inner_text() == "Product 90"
            assert len(api.questions) == 2
            await page.clock.fast_forward(700_000)
            api.behaviour = "status 500"
            await page.goto(shop + "/?d")
            await page.wait_for_selector("lastbook-slot[state=error]")
    assert len(api.questions) == 3


async def test_blocked_storage_breaks_nothing(browser: Browser, api: FakeApi, api_url: str) -> None:
    with serve(build_bare_shop(api_url, SLOT, script=f"{KEY} data-consent='granted'")) as shop:
        async with open_page(browser) as (page, watch):
            await page.add_init_script(NO_STORAGE)
            await page.goto(shop)
            await settled(page)
            await page.evaluate("lastbook.setConsent(false); lastbook.setConsent(true); lastbook.reset()")
            await page.wait_for_timeout(300)
            await settled(page)
    assert len(api.questions[0]["visitor"]) >= 8
    assert watch.errors == []


@pytest.mark.parametrize("broken", ["nonsense", "{}", "[1]", "null"])
async def test_what_somebody_else_put_into_our_storage_breaks_nothing(
    browser: Browser, api: FakeApi, api_url: str, broken: str
) -> None:
    with serve(build_bare_shop(api_url, SLOT, script=f"{KEY} data-consent='granted'")) as shop:
        async with open_page(browser) as (page, watch):
            await page.add_init_script(
                f"localStorage['lastbook:lb_pk_test'] = 'a-visitor'; sessionStorage['lastbook:lb_pk_test'] = '{broken}'"
            )
            await page.goto(shop)
            await settled(page)
    assert api.questions[0]["visitor"] == "a-visitor"
    assert watch.errors == []


async def test_events_carry_the_token_of_what_was_shown(browser: Browser, api: FakeApi, api_url: str) -> None:
    api.products = [make_product(number, token=f"token-{number}") for number in range(4)]
    api.exposure = "experiment"
    with serve(build_bare_shop(api_url, SLOT)) as shop:
        async with open_page(browser) as (page, _):
            await page.route("https://shop.example/**", lambda route: route.fulfill(body="the product's page"))
            await page.goto(shop)
            await settled(page)
            await page.wait_for_timeout(1_300)
            await page.evaluate("lastbook.track('cart', 'P1'); lastbook.track('cart', 'elsewhere')")
            await page.locator("lastbook-slot a").first.click()
            await page.wait_for_url("https://shop.example/p/0")
            await asyncio.sleep(0.3)
    tokens: dict[str, list[Any]] = {
        kind: [event.get("token") for event in api.events(kind)] for kind in ("impression", "click", "cart", "exposure")
    }
    assert tokens == {
        "impression": ["token-0", "token-1"],
        "click": ["token-0"],
        "cart": ["token-1", None],
        "exposure": ["experiment-home"],
    }
    assert [(event["slot"], "product" in event) for event in api.events("exposure")] == [("home", False)]


async def test_r8_a_hold_out_that_shows_nothing_is_exposed_as_well(
    browser: Browser, api: FakeApi, api_url: str
) -> None:
    api.exposure, api.products = "held-out", []
    with serve(build_bare_shop(api_url, SLOT)) as shop:
        async with open_page(browser) as (page, _):
            await page.goto(shop)
            await page.wait_for_selector("lastbook-slot[state=empty]")
            assert await page.locator("#own").is_visible()
            await leave(page)
    assert [event["token"] for event in api.events("exposure")] == ["held-out-home"]


async def test_a_token_that_has_ended_is_as_none_and_the_shop_is_asked_once_for_another(
    browser: Browser, api: FakeApi, api_url: str
) -> None:
    script = f"{KEY} data-consent='granted' data-token='{token_of('S1')}'"
    fresh = token_of("S1", 1)
    with serve(build_bare_shop(api_url, SLOT, script=script)) as shop:
        async with open_page(browser) as (page, watch):
            await page.add_init_script("window.asked = 0; addEventListener('lastbook:expired', () => asked++)")
            await page.goto(shop)
            await settled(page)
            api.ended = {token_of("S1")}
            await page.evaluate("document.querySelector('lastbook-slot').product = 'P1'")
            await page.wait_for_function("() => asked === 1")
            await settled(page)
            assert api.methods == ["POST", "POST", "GET"]
            assert set(api.questions[2]) == {"key", "locale", "slots"}
            async with page.expect_response("**/public/v1/slots*"):
                await page.evaluate(f"lastbook.identify('{fresh}')")
            await settled(page)
            assert api.questions[3]["token"] == fresh
            api.ended.add(fresh)
            await page.evaluate("document.querySelector('lastbook-slot').product = 'P2'")
            await page.wait_for_function("() => asked === 2")
            await settled(page)
    assert watch.errors == []


async def test_a_shop_that_identifies_with_what_has_ended_does_not_go_round_in_circles(
    browser: Browser, api: FakeApi, api_url: str
) -> None:
    ended = token_of("S1")
    api.ended = {ended}
    again = f"addEventListener('lastbook:expired', () => lastbook.identify('{ended}'))"
    with serve(build_bare_shop(api_url, SLOT, script=f"{KEY} data-token='{ended}'")) as shop:
        async with open_page(browser) as (page, watch):
            await page.add_init_script(again)
            await page.goto(shop)
            await settled(page)
            await page.wait_for_timeout(500)
            await settled(page)
    assert len(api.questions) <= 4
    assert watch.errors == []


async def test_a_shop_that_says_denied_takes_away_what_it_had_kept(
    browser: Browser, api: FakeApi, api_url: str
) -> None:
    """The shopper withdrew what they had granted, in the shop's own settings: its pages say so from then on."""
    scripts = [f"{KEY} data-consent='{mode}'" for mode in ("granted", "denied", "auto")]
    pages = [Mount(f"/{at}", build_bare_shop(api_url, SLOT, script=script)) for at, script in enumerate(scripts)]
    with serve(Starlette(routes=pages)) as shop:
        async with open_page(browser) as (page, _):
            await page.goto(f"{shop}/0/")
            await settled(page)
            assert await kept(page) == 2
            for later in (1, 2):
                await page.goto(f"{shop}/{later}/")
                await settled(page)
                assert await kept(page) == 0
    assert ["visitor" in question for question in api.questions] == [True, False, False]


async def test_a_browser_that_asks_not_to_be_tracked_later_on_is_not_recognised_by_what_was_kept(
    browser: Browser, api: FakeApi, api_url: str
) -> None:
    with serve(build_bare_shop(api_url, SLOT, script=KEY)) as shop:
        async with open_page(browser) as (page, _):
            await page.goto(shop)
            await settled(page)
            async with page.expect_response("**/public/v1/slots*"):
                await page.evaluate("lastbook.setConsent(true)")
            await settled(page)
            await page.add_init_script(PRIVACY_SIGNAL)
            await page.goto(shop + "/?next")
            await settled(page)
            assert await kept(page) == 0
    assert ["visitor" in question for question in api.questions] == [False, True, False]
