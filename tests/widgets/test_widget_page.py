"""A page's life around the element: left, come back to, prerendered, changed in place, loaded twice, crowded."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from playwright.async_api import Browser, async_playwright
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response, StreamingResponse
from starlette.routing import Route

from tests.widgets.fake_api import FakeApi
from tests.widgets.slot_pages import SLOT, settled, slot_with
from tests.widgets.support import CHROMIUM, OPTIONS, Watch, build_bare_shop, make_product, open_page, serve
from widgets.assets import load_assets
from widgets.snippet import make_snippet


async def test_another_address_without_a_load_asks_again_and_counts_anew(
    browser: Browser, api: FakeApi, api_url: str
) -> None:
    with serve(build_bare_shop(api_url, SLOT)) as shop:
        async with open_page(browser) as (page, watch):
            await page.goto(shop)
            await settled(page)
            await page.wait_for_timeout(1_300)
            assert len(api.questions) == 1
            await page.evaluate("history.pushState(null, '', '/?product=P9'); 0")
            await page.evaluate("document.querySelector('lastbook-slot').product = 'P9'")
            await page.wait_for_function("() => performance.getEntriesByName.length >= 0")
            await page.wait_for_timeout(1_500)
            await page.evaluate("history.replaceState(null, '', '#here')")
            await page.wait_for_timeout(300)
            assert len(api.questions) == 2  # one more, with the new product; none for a place in the page
            assert len(api.events("impression")) == 2  # sent when the first view ended
            await page.goto("about:blank")
            await asyncio.sleep(0.3)
    assert slot_with(api) == {"name": "home", "limit": 2, "product": "P9"}
    assert len(api.events("impression")) == 4
    assert watch.errors == []


async def test_a_page_that_tells_of_its_navigation_is_asked_for_once(
    browser: Browser, api: FakeApi, api_url: str
) -> None:
    with serve(build_bare_shop(api_url, SLOT)) as shop:
        async with open_page(browser) as (page, _):
            await page.goto(shop)
            await settled(page)
            await page.evaluate(
                "history.pushState(null, '', '/?b'); const slot = document.querySelector('lastbook-slot');"
                "slot.category = 'Shoes'; lastbook.navigate(); slot.currency = 'EUR'; lastbook.navigate();"
            )
            await page.wait_for_timeout(500)
            await settled(page)
    assert len(api.questions) == 2
    assert slot_with(api) == {"name": "home", "limit": 2, "category": "Shoes", "currency": "EUR"}


async def test_the_cart_goes_with_every_slot_unless_the_slot_names_its_own(
    browser: Browser, api: FakeApi, api_url: str
) -> None:
    body = SLOT + "<lastbook-slot name='own' cart='P7 P8'></lastbook-slot>"
    with serve(build_bare_shop(api_url, body)) as shop:
        async with open_page(browser) as (page, _):
            await page.goto(shop)
            await settled(page, 2)
            async with page.expect_response("**/public/v1/slots*"):
                await page.evaluate("lastbook.cart(['P1', 2])")
            await settled(page, 2)
            async with page.expect_response("**/public/v1/slots*"):
                await page.evaluate("lastbook.cart(['P1', 2, 'P3'])")
            await settled(page, 2)
            await page.evaluate("lastbook.cart([])")
            await page.wait_for_timeout(300)
    carts = [[slot.get("cart") for slot in question["slots"]] for question in api.questions]
    assert carts == [[None, ["P7", "P8"]], [["P1", "2"], ["P7", "P8"]], [["P1", "2", "P3"], ["P7", "P8"]]]


@pytest.mark.parametrize(("attributes", "method"), [("", "GET"), ("cart='P7'", "POST"), ("person='my-child'", "POST")])
async def test_b7_no_address_holds_what_is_in_a_cart_or_whom_something_is_for(
    browser: Browser, api: FakeApi, api_url: str, attributes: str, method: str
) -> None:
    with serve(build_bare_shop(api_url, f"<lastbook-slot name='home' {attributes}></lastbook-slot>")) as shop:
        async with open_page(browser) as (page, _):
            await page.goto(shop)
            await settled(page)
    assert api.methods == [method]


async def test_fifty_slots_are_one_request_and_more_are_two(browser: Browser, api: FakeApi, api_url: str) -> None:
    api.products = [make_product(number) for number in range(200)]
    body = "".join(f"<lastbook-slot name='s{number}' limit='2'></lastbook-slot>" for number in range(60))
    with serve(build_bare_shop(api_url, body)) as shop:
        async with open_page(browser) as (page, watch):
            await page.goto(shop)
            await settled(page, 60)
    assert [len(question["slots"]) for question in api.questions] == [50, 10]
    assert watch.errors == []


async def test_a_script_that_is_there_twice_works_once(browser: Browser, api: FakeApi, api_url: str) -> None:
    again = f"<script type=module src='{api_url}/w/v1/lastbook.js?again' data-key='lb_pk_test'></script>"
    with serve(build_bare_shop(api_url, SLOT, head=again)) as shop:
        async with open_page(browser) as (page, watch):
            await page.goto(shop)
            await settled(page)
            await page.wait_for_timeout(1_300)
            await page.evaluate("history.pushState(null, '', '/?b')")
            await page.wait_for_timeout(300)
    assert len(api.questions) == 1
    assert len(api.events("impression")) == 2
    assert watch.errors == []


async def test_of_two_keys_the_first_counts(browser: Browser, api: FakeApi, api_url: str) -> None:
    first = f"<script type=module src='{api_url}/w/v1/lastbook.js?one' data-key='lb_pk_first'></script>"
    others = "<script data-key='of-somebody-else'></script>"
    with serve(build_bare_shop(api_url, SLOT, head=others + first)) as shop:
        async with open_page(browser) as (page, watch):
            await page.goto(shop)
            await settled(page)
    assert [question["key"] for question in api.questions] == ["lb_pk_first"]
    assert watch.errors == []


@pytest.mark.parametrize("blocked", ["**/w/v1/**", "**/public/v1/**", "**/lastbook.css", "**/lastbook-zh.js"])
async def test_a_blocker_leaves_the_page_to_the_shop(
    browser: Browser, api: FakeApi, api_url: str, blocked: str
) -> None:
    body = SLOT.replace("limit", "locale='zh' limit")
    with serve(build_bare_shop(api_url, body)) as shop:
        async with open_page(browser) as (page, watch):
            await page.route(blocked, lambda route: route.abort("blockedbyclient"))
            await page.goto(shop)
            await page.wait_for_timeout(500)
            assert await page.locator("#own").is_visible()
            await page.evaluate("window.lastbook?.track('view', 'P1')")
            await page.goto("about:blank")
    assert watch.errors == []


async def test_a_page_that_is_prerendered_asks_once_it_is_looked_at(
    browser: Browser, api: FakeApi, api_url: str
) -> None:
    with serve(build_bare_shop(api_url, SLOT)) as shop:
        async with open_page(browser) as (page, _):
            await page.add_init_script(
                "let ahead = true; Object.defineProperty(document, 'prerendering', { get: () => ahead });"
                "window.activate = () => { ahead = false; document.dispatchEvent(new Event('prerenderingchange')); };"
            )
            await page.goto(shop)
            await settled(page, state="idle")
            await page.wait_for_timeout(300)
            assert api.questions == []
            await page.evaluate("activate()")
            await settled(page)
    assert len(api.questions) == 1


async def test_back_from_the_cache_nothing_is_exchanged_and_what_is_seen_counts_again(
    api: FakeApi, api_url: str
) -> None:
    """In a browser that keeps pages: the one of the other tests may not."""
    api.products = [make_product(number, token=f"token-{number}") for number in range(4)]
    with serve(build_bare_shop(api_url, SLOT)) as shop:
        async with async_playwright() as playwright:
            keeping = await playwright.chromium.launch(
                executable_path=CHROMIUM, args=OPTIONS, ignore_default_args=["--disable-back-forward-cache"]
            )
            page = await keeping.new_page()
            watch = Watch()
            page.on("console", watch.console)
            await page.add_init_script("addEventListener('pageshow', (event) => (window.restored = event.persisted))")
            await page.goto(shop)
            await settled(page)
            await page.wait_for_timeout(1_300)
            await page.goto(shop + "/tall.css")
            await page.evaluate("history.back()")
            await page.wait_for_function("() => window.restored === true")
            await page.wait_for_timeout(1_300)
            await page.goto(shop + "/tall.css")
            await asyncio.sleep(0.3)
            await keeping.close()
    assert len(api.questions) == 1
    assert [event["token"] for event in api.events("impression")] == ["token-0", "token-1"] * 2
    assert watch.errors == []


async def test_an_eager_slot_is_asked_for_wherever_it_is(browser: Browser, api: FakeApi, api_url: str) -> None:
    body = f"<pre>{'line<br>' * 200}</pre>{SLOT.replace('limit', 'loading=eager limit')}"
    with serve(build_bare_shop(api_url, body)) as shop:
        async with open_page(browser) as (page, _):
            await page.goto(shop)
            await settled(page)
    assert len(api.questions) == 1


async def test_a_refusal_of_the_beacon_keeps_the_latest_events(browser: Browser, api: FakeApi, api_url: str) -> None:
    with serve(build_bare_shop(api_url, SLOT)) as shop:
        async with open_page(browser) as (page, watch):
            await page.add_init_script(
                "window.full = true; const send = navigator.sendBeacon.bind(navigator);"
                "navigator.sendBeacon = (...said) => !window.full && send(...said);"
            )
            await page.goto(shop)
            await settled(page)
            await page.evaluate("for (let n = 0; n < 180; n++) lastbook.track('view', n)")
            await page.evaluate("window.full = false")
            await page.goto("about:blank")
            await asyncio.sleep(0.3)
    products = [event["product"] for event in api.events("view")]
    assert len(products) <= 100
    assert products[-1] == "179"
    assert watch.errors == []


async def test_a_script_that_runs_before_the_page_is_whole_waits_for_the_shops_own_children(
    browser: Browser, api: FakeApi, api_url: str
) -> None:
    """`async`, so that the shop's own scripts never wait for us: elements then stand there before their children do."""
    parts = (
        f"<!doctype html><html lang=en><title>Shop</title><script async type=module src='{api_url}/w/v1/lastbook.js'"
        " data-key='lb_pk_test'></script><main><lastbook-slot name='home' limit='2' loading='eager'><p>First</p>",
        "<template><b data-lb='text:title'></b></template><p>Last</p></lastbook-slot>",
        "<lastbook-slot name='popular' limit='2'></lastbook-slot></main>",
    )

    async def page_in_parts(request: Request) -> Response:
        async def write() -> AsyncIterator[str]:
            for part in parts:
                yield part
                await asyncio.sleep(0.7)

        return StreamingResponse(write(), media_type="text/html")

    with serve(Starlette(routes=[Route("/", page_in_parts)])) as shop:
        async with open_page(browser) as (page, watch):
            await page.goto(shop)
            await settled(page, 2)
            texts = await page.locator("lastbook-slot").all_inner_texts()
            assert texts[0].split() == ["Picked", "for", "home", "Product", "0", "Product", "1"]
            assert await page.locator("main b").count() == 2
    assert [len(question["slots"]) for question in api.questions] == [2]
    assert watch.errors == []


@pytest.mark.parametrize("host", ["ours", "the shop's"])
async def test_looks_that_the_page_has_are_not_fetched_again_wherever_they_come_from(
    browser: Browser, api: FakeApi, api_url: str, host: str
) -> None:
    """A shop that serves a copy itself does not depend on our host to be painted."""
    sheet = f"{api_url}/w/v1/lastbook.css"

    async def copy(request: Request) -> Response:
        return Response(load_assets()["lastbook.css"].body, media_type="text/css")

    page_of_shop = build_bare_shop(api_url, SLOT, head="<link rel=stylesheet href='/copy.css'>")
    page_of_shop.router.routes.append(Route("/copy.css", copy))
    linked = build_bare_shop(api_url, SLOT, head=f"<link rel=stylesheet href='{sheet}'>")
    with serve(page_of_shop if host != "ours" else linked) as shop:
        async with open_page(browser, bypass_csp=True) as (page, watch):
            asked: list[str] = []
            page.on("request", lambda request: asked.append(request.url))
            await page.goto(shop)
            await settled(page)
            assert await page.evaluate("document.adoptedStyleSheets.length") == 0
    assert asked.count(sheet) == (host == "ours")
    assert watch.errors == []


@pytest.mark.parametrize("style", ["/lastbook.css", ""], ids=["the shop's own copy", "linked from our host"])
async def test_a_page_is_painted_and_its_scripts_run_while_our_host_hangs(browser: Browser, style: str) -> None:
    """With the snippet as it is printed. The control: a sheet of our host's holds the page back, as any linked one."""

    async def hang(request: Request) -> Response:
        await asyncio.sleep(4)
        return Response(status_code=504)

    with serve(Starlette(routes=[Route("/{path:path}", hang)])) as hanging:
        snippet = make_snippet(hanging, "lb_pk_x", style=style)
        html = f"<!doctype html><title>Shop</title>{snippet}<script defer src='/own.js'></script><h1>Shop</h1>"
        page_of_shop = Starlette(
            routes=[
                Route("/", lambda _: HTMLResponse(html)),
                Route("/own.js", lambda _: Response("window.alive = true", media_type="text/javascript")),
                Route("/lastbook.css", lambda _: Response(load_assets()["lastbook.css"].body, media_type="text/css")),
            ]
        )
        with serve(page_of_shop) as shop:
            async with open_page(browser) as (page, watch):
                await page.goto(shop, wait_until="commit")
                await page.wait_for_timeout(2_000)
                painted = await page.evaluate("performance.getEntriesByName('first-contentful-paint').length")
                alive = await page.evaluate("window.alive && document.readyState !== 'loading'")
    assert (painted, bool(alive)) == ((1, True) if style else (0, False))
    assert watch.errors == []
