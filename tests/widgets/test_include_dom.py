"""Markup made on the server and elements made in the page are the same; the page takes over what the server made."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import msgspec
from playwright.async_api import Browser
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from tests.widgets.fake_api import ANYONE, FakeApi, asset
from tests.widgets.golden import GOLDEN, Golden
from tests.widgets.support import build_bare_shop, open_page, serve
from widgets.assets import load_assets
from widgets.include import Filling, render_slot

SHOP = "https://shop.example/**"
DUMP = """(root) => {
  // What a browser makes of an address, what changes while a carousel is used, and what tells the page of the server's
  // cards what they are, are no differences.
  const fleeting = ["hidden", "aria-disabled", "state", "included"];
  const tree = (node) => {
    if (node.nodeType !== 1) return node.nodeValue;
    const attributes = [...node.attributes]
      .filter(({ name }) => !fleeting.includes(name) && !name.startsWith("data-lb-"))
      .map(({ name, value }) => [name, name === "href" || name === "src" ? node[name] : value])
      .sort();
    return [node.localName, attributes, [...node.childNodes].map(tree)];
  };
  return [...root.querySelectorAll("lastbook-slot")].map(tree);
}"""
DUMP_TEXT = f"(html) => ({DUMP})(new DOMParser().parseFromString(html, 'text/html'))"
TOLD = """() => {
  window.said = [];
  for (const name of ["ready", "empty", "error", "impression", "click"])
    document.addEventListener("lastbook:" + name, (event) => said.push([name, event.detail]));
}"""


def named(number: int) -> Golden:
    filling, attributes = GOLDEN[number]
    return Golden(filling | {"name": f"golden-{number}"}, {"name": f"golden-{number}", **attributes})


def include(number: int) -> str:
    filling, attributes = named(number)
    whole = msgspec.convert(filling, Filling)
    return str(render_slot(whole, locale=attributes.get("locale", "en"), attributes=attributes))


@contextmanager
def golden_api() -> Iterator[str]:
    """Answers a slot by its number, whichever way it is asked for."""

    async def slots(request: Request) -> Response:
        asked = json.loads(request.query_params["page"] if request.method == "GET" else await request.body())
        found = [named(int(slot["name"].removeprefix("golden-"))).filling for slot in asked["slots"]]
        return JSONResponse({"model": None, "slots": found}, headers=ANYONE)

    app = Starlette(routes=[Route("/w/v1/{name}", asset), Route("/public/v1/slots", slots, methods=["GET", "POST"])])
    app.state.assets = load_assets()
    with serve(app) as url:
        yield url


def difference(one: Any, other: Any, path: str = "") -> str:
    """Where two trees part first; "" if nowhere."""
    if isinstance(one, list) and isinstance(other, list) and len(one) == len(other):
        pairs = zip(one, other, strict=True)
        return next((found for at, (a, b) in enumerate(pairs) if (found := difference(a, b, f"{path}.{at}"))), "")
    return "" if one == other else f"{path}: {one!r} != {other!r}"


async def test_forty_answers_look_the_same_from_the_server_and_from_the_page(browser: Browser) -> None:
    assert len(GOLDEN) == 40
    with golden_api() as api_url:
        body = "".join(
            "<lastbook-slot " + " ".join(f'{name}="{_escape(value)}"' for name, value in named(at).attributes.items())
            + "></lastbook-slot>"
            for at in range(len(GOLDEN))
        )  # fmt: skip
        with serve(build_bare_shop(api_url, body)) as shop:
            # The pictures are of another host, which the bare shop's policy does not know.
            async with open_page(browser, bypass_csp=True) as (page, watch):
                await page.route(SHOP, lambda route: route.fulfill(status=204))
                await page.goto(shop)
                await page.wait_for_function(_ALL_DONE, timeout=10_000)
                drawn = await page.evaluate(f"({DUMP})(document)")
            async with open_page(browser) as (page, _):
                made = await page.evaluate(DUMP_TEXT, "".join(include(at) for at in range(len(GOLDEN))))
    assert watch.errors == []
    apart = {at: found for at in range(len(GOLDEN)) if (found := difference(drawn[at], made[at]))}
    assert apart == {}


async def test_the_page_takes_over_what_the_server_made(browser: Browser, api: FakeApi, api_url: str) -> None:
    head = f"<link rel='stylesheet' href='{api_url}/w/v1/lastbook.css'>"
    with serve(build_bare_shop(api_url, include(0), head=head)) as shop:
        async with open_page(browser, bypass_csp=True) as (page, watch):
            await page.add_init_script(f"({TOLD})()")
            await page.route(SHOP, lambda route: route.fulfill(body="the product's page"))
            await page.goto(shop)
            await page.wait_for_function("() => said.some(([name]) => name === 'ready')", timeout=5_000)
            await page.locator(".lastbook-next").wait_for(state="visible", timeout=5_000)
            await page.wait_for_function(
                "() => said.filter(([name]) => name === 'impression').length > 3", timeout=5_000
            )
            await page.locator("lastbook-slot a").nth(1).click()
            await page.wait_for_url("https://shop.example/p/1")
    assert watch.errors == []
    assert api.questions == []
    (click,) = api.events("click")
    assert (click["product"], click["slot"], click["token"]) == ("P1", "golden-0", "t1.x-_9")
    assert {event["token"] for event in api.events("impression")} >= {"t0.x-_9", "t1.x-_9"}


async def test_without_javascript_the_markup_is_links_and_pictures(browser: Browser, api_url: str) -> None:
    head = f"<link rel='stylesheet' href='{api_url}/w/v1/lastbook.css'>"
    with serve(build_bare_shop(api_url, include(0), head=head)) as shop:
        async with open_page(browser, java_script_enabled=False) as (page, _):
            await page.goto(shop)
            assert await page.locator("lastbook-slot a").count() == 12
            assert await page.locator("lastbook-slot button:visible").count() == 0


def _escape(text: str) -> str:
    return text.replace("&", "&amp;").replace('"', "&quot;").replace("<", "&lt;")


_ALL_DONE = """() => [...document.querySelectorAll("lastbook-slot")].every(
  (slot) => ["ready", "empty", "error"].includes(slot.getAttribute("state")))"""
