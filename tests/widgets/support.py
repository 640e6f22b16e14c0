"""Support for widget tests: a server in a thread, Chromium's options, and a bare page around the element."""

import asyncio
import shutil
import socket
import threading
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from typing import Any

import uvicorn
from playwright.async_api import Browser, ConsoleMessage, Page, async_playwright
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
OPTIONS = [
    "--no-sandbox",
    "--disable-dev-shm-usage",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
STRICT = (
    "default-src 'none'; script-src {api}; style-src 'self'; img-src {api}; connect-src {api}; base-uri 'none'; "
    "require-trusted-types-for 'script'"
)
# What the browser itself reports of a request that failed; a page cannot keep it from doing so.
BROWSERS_OWN = "Failed to load resource"


@dataclass
class Watch:
    """What went wrong in a page: errors in the console, exceptions, CSP violations."""

    errors: list[str] = field(default_factory=list)

    def console(self, message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"} and not message.text.startswith(BROWSERS_OWN):
            self.errors.append(message.text)


@asynccontextmanager
async def open_browser() -> AsyncIterator[Browser]:
    """Debian's Chromium under Playwright."""
    assert CHROMIUM, "Chromium is missing: apt-get install chromium"
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=OPTIONS)
        yield browser
        await browser.close()


@asynccontextmanager
async def open_page(browser: Browser, **options: Any) -> AsyncIterator[tuple[Page, Watch]]:
    """A page of a fresh profile, watched."""
    context = await browser.new_context(**options)
    page, watch = await context.new_page(), Watch()
    page.on("console", watch.console)
    page.on("pageerror", lambda error: watch.errors.append(str(error)))
    yield page, watch
    await context.close()


@contextmanager
def serve(app: Starlette) -> Iterator[str]:
    """Run an app on a free port in a thread; yields its address."""
    listening = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(app, log_level="error", lifespan="off", loop="asyncio"))
    thread = threading.Thread(target=lambda: asyncio.run(server.serve([listening])), daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    yield f"http://127.0.0.1:{listening.getsockname()[1]}"
    server.should_exit = True
    thread.join(timeout=5)


def build_bare_shop(
    api_url: str, body: str, *, head: str = "", script: str = "data-key='lb_pk_test'", html: str = "lang='en'"
) -> Starlette:
    """A page with nothing but `body`, under the strictest policy that a shop may have."""

    async def page(request: Request) -> Response:
        text = (
            f"<!doctype html><html {html}><title>Shop</title>{head}"
            f"<script type='module' src='{api_url}/w/v1/lastbook.js' {script}></script><main>{body}</main></html>"
        )
        return HTMLResponse(text, headers={"content-security-policy": STRICT.format(api=api_url)})

    async def style(request: Request) -> Response:
        return Response("main{height:3000px}", media_type="text/css")

    return Starlette(routes=[Route("/", page), Route("/tall.css", style)])


def make_product(number: int, **changes: Any) -> dict[str, Any]:
    """A card as the API answers it."""
    return {
        "id": f"P{number}",
        "title": f"Product {number}",
        "url": f"https://shop.example/p/{number}",
        "image": None,
        "brand": "Maker",
        "price_minor": 199,
        "sale_price_minor": None,
        "currency": "USD",
        **changes,
    }
