"""Loading: what a page asks us for, and how much of it there is."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import urlsplit

from playwright.async_api import Browser, Page, Request

from tests.widgets.element_states import AGAIN, CAMPAIGN, CUSTOM, MEASURE
from tests.widgets.scenarios import CORS, asked_slots, fill_slots
from tests.widgets.support import Watch, build_bare_shop, open_page, serve
from widgets.assets import load_assets

SLOTS: Final = (
    "<lastbook-slot name='home' layout='carousel' limit='6'></lastbook-slot>"
    "<lastbook-slot name='popular' layout='grid' limit='6'></lastbook-slot>"
)
PAGES: Final = {
    "slots": SLOTS,
    "custom": CUSTOM + SLOTS,
    "campaign": CAMPAIGN + SLOTS,
    "again": AGAIN + SLOTS,
    "measure": MEASURE,
}
"""By what is special on the page."""
KNOWN: Final = ("<lastbook-again", "<lastbook-measure")
"""A stranger is shown nothing of these, or only a part."""


@dataclass
class Loaded:
    """Requests of one page to us, by what they are for."""

    names: list[str] = field(default_factory=list)
    """Of files, as often as they were asked for."""
    calls: list[str] = field(default_factory=list)
    """Addresses of the API."""

    @property
    def scripts(self) -> list[str]:
        return [name for name in self.names if name == "lastbook.js"]

    @property
    def modules(self) -> list[str]:
        return [name for name in self.names if name.endswith(".js") and name != "lastbook.js"]

    @property
    def sheets(self) -> list[str]:
        return [name for name in self.names if name.endswith(".css")]

    def gzip_bytes(self) -> int:
        """Of all files, each once."""
        assets = load_assets()
        return sum(len(assets[name].gzipped) for name in set(self.names))

    def note(self, request: Request) -> None:
        path = urlsplit(request.url).path
        if path.startswith("/w/"):
            self.names.append(path.rpartition("/")[2])
        elif path.startswith("/public/v1/") and request.method != "OPTIONS" and not path.endswith("/events"):
            self.calls.append(path.removeprefix("/public/v1/"))


@asynccontextmanager
async def open_loaded(
    browser: Browser, api_url: str, body: str, *, html: str = "lang='en'", **options: Any
) -> AsyncIterator[tuple[Page, Loaded, Watch]]:
    """A page of a shopper who does nothing, half a second after its last element was ready."""
    known = " data-token='token'" if body.startswith(KNOWN) else ""
    script = f"data-key='lb_pk_test' data-consent='granted'{known}"
    with serve(build_bare_shop(api_url, body, script=script, html=html)) as shop:
        async with open_page(browser, **options) as (page, watch):
            loaded = Loaded()
            page.on("request", loaded.note)
            await page.route(
                "**/public/v1/slots*",
                lambda route: route.fulfill(json=fill_slots(asked_slots(route.request)), headers=CORS),
            )
            await page.goto(shop)
            await page.wait_for_function(ALL_READY)
            await page.wait_for_timeout(500)
            yield page, loaded, watch


ALL_READY: Final = """() => [...document.querySelectorAll("main *")].every(
  (one) => !one.localName.startsWith("lastbook-") || ["ready", "empty"].includes(one.getAttribute("state")))"""
