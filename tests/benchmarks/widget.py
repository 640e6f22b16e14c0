"""Benchmark widget: what the widgets cost a shop's page: bytes, movement, barriers, and the time that the core takes.

All in Chromium, on the pages, scenarios and element states of the tests.
"""

import asyncio
import statistics
from typing import Final

from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Browser
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from tests.widgets.element_states import STATES, in_state
from tests.widgets.fake_api import FakeApi, build_fake_api
from tests.widgets.loading import PAGES, open_loaded
from tests.widgets.scenarios import SCENARIOS, VIEWPORTS, measure_shift
from tests.widgets.support import make_product, open_browser, open_page, serve
from widgets.assets import load_assets

AXE_TAGS: Final = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
ROUNDS: Final = 30
ISOLATED: Final = {"cross-origin-opener-policy": "same-origin", "cross-origin-embedder-policy": "require-corp"}
"""With these a page's clock ticks every 5 microseconds, without every 100."""
EVALUATE: Final = """async (url) => {
  const link = Object.assign(document.createElement("link"), { rel: "modulepreload", href: url });
  await new Promise((done, failed) => { link.onload = done; link.onerror = failed; document.head.append(link); });
  const from = performance.now();
  await import(url);
  return performance.now() - from;
}"""
"""Fetched and compiled before, so that only what runs is timed."""


def run() -> dict[str, object]:
    """`ratio`: the time that an empty module takes over the core's; `layout_shift` is the worst of 33 pages."""
    return asyncio.run(_run())


async def _run() -> dict[str, object]:
    assets = load_assets()
    core = {name: len(assets[name].gzipped) for name in ("lastbook.js", "lastbook.css")}
    async with open_browser() as browser:
        pages = await _page_bytes(browser)
        shifts = await _shifts(browser)
        ours, empty = await _evaluations(browser)
        return {
            "name": "widget",
            "core_gzip_bytes": sum(core.values()),
            "page_gzip_bytes": max(pages.values()),
            "pages": pages,
            "layout_shift": max(shifts.values()),
            "scenarios": len(shifts),
            "axe_violations": await _violations(browser),
            "states": len(STATES),
            "evaluation_milliseconds": round(ours, 3),
            "empty_milliseconds": round(empty, 3),
            "ratio": round(empty / ours, 3),
        }


async def _page_bytes(browser: Browser) -> dict[str, int]:
    """Of all files that a page loads before the shopper acts, in the language that takes more."""
    found: dict[str, int] = {}
    for special, body in PAGES.items():
        for language in ("en", "zh-CN"):
            with serve(build_fake_api(_fake())) as api_url:
                async with open_loaded(browser, api_url, body, html=f"lang='{language}'") as (_, loaded, _):
                    found[special] = max(found.get(special, 0), loaded.gzip_bytes())
    return found


async def _shifts(browser: Browser) -> dict[tuple[str, str], float]:
    with serve(build_fake_api(_fake())) as api_url:
        return {
            (scenario.name, name): await measure_shift(browser, api_url, scenario, viewport)
            for scenario in SCENARIOS
            for name, viewport in VIEWPORTS.items()
        }


async def _violations(browser: Browser) -> int:
    """Of WCAG 2.2 AA, over every state of every element."""
    count = 0
    for state in STATES:
        fake = _fake()
        with serve(build_fake_api(fake)) as api_url:
            async with in_state(browser, fake, api_url, state) as (page, _):
                found = await Axe().run(page, options={"runOnly": {"type": "tag", "values": AXE_TAGS}})
                count += found.violations_count
    return count


async def _evaluations(browser: Browser) -> tuple[float, float]:
    """Medians of the core and of an empty module, in turns, each in a page of its own."""
    taken: dict[str, list[float]] = {"/lastbook.js": [], "/empty.js": []}
    with serve(_evaluation_shop()) as shop:
        for _ in range(ROUNDS):
            for path, times in taken.items():
                async with open_page(browser) as (page, _):
                    await page.goto(shop)
                    times.append(await page.evaluate(EVALUATE, shop + path))
    ours, empty = (statistics.median(times) for times in taken.values())
    return ours, empty


def _evaluation_shop() -> Starlette:
    core = load_assets()["lastbook.js"]

    async def page(request: Request) -> Response:
        return HTMLResponse("<!doctype html><html lang=en><title>Shop</title>", headers=ISOLATED)

    async def script(request: Request) -> Response:
        body = core.body if request.url.path == "/lastbook.js" else b"export {};"
        return Response(body, media_type="text/javascript", headers={"cache-control": "max-age=60"})

    return Starlette(routes=[Route("/", page), Route("/{name}.js", script)])


def _fake() -> FakeApi:
    return FakeApi(products=[make_product(number) for number in range(60)])
