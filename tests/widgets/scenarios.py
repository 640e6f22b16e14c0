"""Scenario: a way in which a slot comes to its products, or does not. What moves in the page meanwhile is measured.

The page is a shop's: its own text above and below, and the reserve that its style sheet from us keeps open.
"""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Final, Literal
from urllib.parse import parse_qs, urlsplit

from playwright.async_api import Browser, Page, Request, Route
from starlette.applications import Starlette
from starlette.requests import Request as PageRequest
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route as PageRoute

from tenants.placements import Placement
from tenants.theme import Theme
from tests.widgets.support import make_product, open_page, serve
from widgets.shop_style import make_shop_style

Outcome = Literal["ready", "slow", "error", "empty", "hang"]
LIMIT: Final = 12
DEADLINE_MS: Final = 800
SLOW_SECONDS: Final = 0.5
VIEWPORTS: Final = {"phone": (390, 844), "tablet": (768, 1024), "desktop": (1280, 900)}
CORS: Final = {"access-control-allow-origin": "*"}
OWN: Final = "<ul>" + "<li><a href='/p'>What the shop shows itself</a></li>" * 5 + "</ul>"
SHOP_CSS: Final = """
body { margin: 0 1rem; font: 16px/1.5 sans-serif }
.tall { height: 2400px }
"""
NOTE_SHIFTS: Final = """
window.lastbookShift = 0;
new PerformanceObserver((list) => list.getEntries().forEach((entry) => (window.lastbookShift += entry.value)))
  .observe({ type: "layout-shift", buffered: true });
"""


@dataclass(frozen=True, slots=True)
class Scenario:
    """One of the eleven."""

    name: str
    outcome: Outcome = "ready"
    layout: Literal["carousel", "grid"] = "carousel"
    fallback: bool = False
    """Whether the shop shows products of its own until then, of another height."""
    place: Literal["first", "below", "passed"] = "first"
    """Below the fold and scrolled to; or near the screen, then scrolled past before the answer came."""
    javascript: bool = True


SCENARIOS: Final = (
    Scenario("success"),
    Scenario("slow", outcome="slow"),
    Scenario("error", outcome="error"),
    Scenario("empty", outcome="empty"),
    Scenario("hang", outcome="hang"),
    Scenario("below the fold", place="below"),
    Scenario("scrolled past", outcome="slow", place="passed"),
    Scenario("fallback", fallback=True),
    Scenario("no javascript", fallback=True, javascript=False),
    Scenario("grid", layout="grid"),
    Scenario("carousel", layout="carousel", fallback=True, outcome="slow"),
)


async def measure_shift(
    browser: Browser, api_url: str, scenario: Scenario, viewport: tuple[int, int], *, reserve: bool = True
) -> float:
    """Sum of the layout shifts from the first paint until the slot has said how it ended, and half a second more."""
    async with _open(browser, api_url, scenario, viewport, reserve=reserve) as page:
        if not scenario.javascript:
            return await _moved_without_javascript(page, viewport[1])
        await _walk(page, scenario)
        return float(await page.evaluate("lastbookShift"))


async def measure_height(
    browser: Browser, api_url: str, scenario: Scenario, viewport: tuple[int, int], *, reserve: bool
) -> float:
    """Of the slot in the end, in CSS pixels."""
    async with _open(browser, api_url, scenario, viewport, reserve=reserve) as page:
        await _walk(page, scenario)
        return float(await page.locator("lastbook-slot").evaluate("(slot) => slot.getBoundingClientRect().height"))


def asked_slots(request: Request) -> list[dict[str, Any]]:
    """The slots of a question, however it was put."""
    if request.method == "POST":
        return list(json.loads(request.post_data or "{}")["slots"])
    return list(json.loads(parse_qs(urlsplit(request.url).query)["page"][0])["slots"])


def fill_slots(asked: list[dict[str, Any]], *, empty: bool = False) -> dict[str, Any]:
    """An answer as the slots address gives it; no product stands in two slots."""
    products = iter(range(1_000))
    return {
        "model": None,
        "slots": [
            {
                "name": slot["name"],
                "strategy": "for_you",
                "source": "none" if empty else "model",
                "heading": "Picked for you",
                "why": "Nothing is in stock." if empty else None,
                "layout": "carousel",
                "fields": ["image", "brand", "title", "price"],
                "locale": "en",
                "products": [] if empty else [_product(next(products)) for _ in range(slot.get("limit") or LIMIT)],
            }
            for slot in asked
        ],
    }


@asynccontextmanager
async def _open(
    browser: Browser, api_url: str, scenario: Scenario, viewport: tuple[int, int], *, reserve: bool
) -> AsyncIterator[Page]:
    width, height = viewport
    with serve(_build_page(api_url, scenario, reserve=reserve)) as shop:
        options = {"viewport": {"width": width, "height": height}, "java_script_enabled": scenario.javascript}
        async with open_page(browser, **options) as (page, watch):
            await page.add_init_script(NOTE_SHIFTS)
            await page.route("**/public/v1/slots*", lambda route: _answer(route, scenario.outcome))
            await page.goto(shop)
            yield page
    assert watch.errors == []


async def _answer(route: Route, outcome: Outcome) -> None:
    if outcome == "hang":
        return  # the page waits until it is closed
    if outcome == "slow":
        await asyncio.sleep(SLOW_SECONDS)
    if outcome == "error":
        await route.fulfill(status=500, headers=CORS, body="no")
    else:
        answer = fill_slots(asked_slots(route.request), empty=outcome == "empty")
        await route.fulfill(json=answer, headers=CORS)


async def _walk(page: Page, scenario: Scenario) -> None:
    slot = page.locator("lastbook-slot")
    if scenario.place == "below":
        await slot.scroll_into_view_if_needed()
    if scenario.place == "passed":
        await page.wait_for_selector("lastbook-slot[state=loading]", state="attached")
        await page.evaluate("scrollTo(0, document.body.scrollHeight)")
    settled = "lastbook-slot:is([state=ready], [state=error], [state=empty])"
    await page.wait_for_selector(settled, state="attached", timeout=DEADLINE_MS + 7_000)
    await page.wait_for_timeout(500)


async def _moved_without_javascript(page: Page, height: int) -> float:
    """There is no observer then: how far what stands below went within half a second, as a share of the window."""
    below = page.get_by_text("Right below.")
    before = await below.bounding_box()
    await page.wait_for_timeout(500)
    after = await below.bounding_box()
    assert before is not None
    assert after is not None
    assert await page.get_by_text("What the shop shows itself").count() == 5
    return abs(after["y"] - before["y"]) / height


def _build_page(api_url: str, scenario: Scenario, *, reserve: bool) -> Starlette:
    slot = f"<lastbook-slot name='home' layout='{scenario.layout}'>{OWN if scenario.fallback else ''}</lastbook-slot>"
    above = "<div class='tall'>What is above</div>" if scenario.place == "below" else "<h1>Shop</h1>"
    sheets = [f"{api_url}/w/v1/lastbook.css", "/own.css", *(["/reserve.css"] if reserve else [])]
    html = (
        "<!doctype html><html lang=en><meta charset=utf-8>"
        "<meta name=viewport content='width=device-width, initial-scale=1'><title>Shop</title>"
        + "".join(f"<link rel=stylesheet href='{sheet}'>" for sheet in sheets)
        + f"<script type=module src='{api_url}/w/v1/lastbook.js' data-key=lb_pk_test></script>"
        f"<main>{above}{slot}<p>Right below.</p><div class='tall'>What is below</div></main>"
    )

    async def page(request: PageRequest) -> Response:
        return HTMLResponse(html)

    async def own(request: PageRequest) -> Response:
        return Response(SHOP_CSS, media_type="text/css")

    async def reserved(request: PageRequest) -> Response:
        placement = Placement(id="home", strategy="for_you", limit=LIMIT)
        return Response(make_shop_style(Theme(), [placement]), media_type="text/css")

    return Starlette(routes=[PageRoute("/", page), PageRoute("/own.css", own), PageRoute("/reserve.css", reserved)])


def _product(number: int) -> dict[str, Any]:
    title = (
        "A product whose name is long enough for two lines of the card, and then some more" if number % 3 else "Short"
    )
    return make_product(number, title=title, sale_price_minor=149 if number % 2 else None)
