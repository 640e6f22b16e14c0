"""Visit: what a browser saw of a shop's page: once as it is, once as it would be without us."""

import gzip
import json
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from playwright.async_api import Browser, BrowserContext, ConsoleMessage, Page, Request

HERE: Final = Path(__file__).parent
ELEMENTS: Final = ("lastbook-slot", "lastbook-custom", "lastbook-measure", "lastbook-again", "lastbook-campaign")
DESKTOP: Final = (1280, 900)
PHONE: Final = (390, 844)
SETTLE_MS, DWELL_MS, LOAD_MS = 6_000, 1_200, 30_000
AXE_TAGS: Final = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa")
BROWSERS_OWN: Final = "Failed to load resource"
"""What the browser says itself of a request that failed; a page cannot keep it from doing so."""


class PageUnreachable(Exception):
    """The page could not be opened."""


@dataclass(frozen=True, slots=True)
class Script:
    """A tag of the page that loads our script."""

    src: str
    type: str
    integrity: str
    key: str | None
    consent: str | None

    @property
    def origin(self) -> str:
        return origin_of(self.src)


@dataclass(frozen=True, slots=True)
class Fetched:
    """A request of the page to us."""

    method: str
    path: str
    kind: str
    """As the browser sorts it: script, stylesheet, fetch, ping."""
    status: int
    """0: it failed."""
    wire_bytes: int
    gzip_bytes: int
    """Of the body, whether or not it came compressed."""


@dataclass(frozen=True, slots=True)
class Violation:
    """Something that the page's Content-Security-Policy forbade."""

    directive: str
    blocked: str
    source: str


@dataclass(frozen=True, slots=True)
class Shown:
    """An element of ours."""

    tag: str
    name: str
    state: str
    visible: bool
    """False in a part of the page that is closed: it has nothing to do yet."""


@dataclass(frozen=True, slots=True)
class Flaw:
    """What axe found inside our elements."""

    rule: str
    help: str
    where: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Visit:
    """All that was seen."""

    url: str
    status: int
    ran: bool
    """Whether our script did: one that came may still be refused, for its integrity."""
    policies: tuple[str, ...]
    scripts: tuple[Script, ...]
    sheets: tuple[str, ...]
    """Addresses of all linked style sheets."""
    elements: tuple[Shown, ...]
    fetched: tuple[Fetched, ...]
    key_status: int | None
    """What our server says to the key; None where there is nobody to ask."""
    violations: tuple[Violation, ...]
    errors: tuple[str, ...]
    """Of our scripts, in the console."""
    kept: tuple[str, ...]
    """Names under which we keep something in the browser."""
    shift: float
    """Sum of all layout shifts, while walking down the page."""
    shift_without: float
    """The same while our server is blocked."""
    moved: tuple[str, ...]
    flaws: tuple[Flaw, ...]


async def visit(browser: "Browser", url: str, size: tuple[int, int] = DESKTOP) -> Visit:
    """Two visits of about two seconds an element. The first is a page view like any other, impressions included.

    Raises PageUnreachable.
    """
    from playwright.async_api import Error

    context, page = await _open(browser, size)
    watching = Watching(page)
    try:
        answer = await page.goto(url, wait_until="load", timeout=LOAD_MS)
        seen = await _look(page, dwell=DWELL_MS)
    except Error as error:
        raise PageUnreachable(f"{url} could not be opened: {error.message.splitlines()[0]}") from None
    scripts = tuple(Script(**one) for one in seen["scripts"] if urlsplit(one["src"]).path.endswith("/lastbook.js"))
    noted = await page.evaluate("lastbookDoctor")
    ours = scripts[0].origin if scripts else None
    flaws = await _axe(page, seen["elements"])
    fetched = await watching.fetched(ours)
    status = await _ask_with(page, scripts[0]) if scripts else None
    await context.close()
    shown = tuple(Shown(**one) for one in seen["elements"])
    header = answer.headers.get("content-security-policy") if answer else None
    return Visit(
        url=url,
        status=answer.status if answer else 0,
        ran=seen["ran"],
        policies=tuple(([header] if header else []) + seen["policies"]),
        scripts=scripts,
        sheets=tuple(seen["sheets"]),
        elements=shown,
        fetched=fetched,
        key_status=status,
        violations=tuple(Violation(**one) for one in noted["violations"]),
        errors=watching.errors(ours),
        kept=tuple(seen["kept"]),
        shift=_sum(noted["shifts"]),
        shift_without=await _shift_without(browser, url, ours, size) if ours else 0.0,
        moved=tuple(dict.fromkeys(name for one in noted["shifts"] for name in one["moved"])),
        flaws=flaws,
    )


class Watching:
    """Collects what a page asks for and complains of, from before it opens."""

    def __init__(self, page: "Page") -> None:
        self._ended: list[Request] = []
        self._said: list[tuple[str, str]] = []
        page.on("requestfinished", self._end)
        page.on("requestfailed", self._end)
        page.on("console", self._console)
        page.on("pageerror", lambda error: self._said.append((error.stack or "", error.message)))

    def errors(self, ours: str | None) -> tuple[str, ...]:
        """What was said from an address of ours."""
        return tuple(text for where, text in self._said if ours and _is_ours_in(where, ours))

    async def fetched(self, ours: str | None) -> tuple[Fetched, ...]:
        """The requests to us, in the order in which they ended."""
        return tuple([await _fetched(one) for one in self._ended if ours and _is_ours(one.url, ours)])

    def _end(self, request: "Request") -> None:
        self._ended.append(request)

    def _console(self, message: "ConsoleMessage") -> None:
        if message.type in {"error", "warning"} and not message.text.startswith(BROWSERS_OWN):
            self._said.append((str(message.location["url"]), message.text))


def origin_of(address: str) -> str:
    parts = urlsplit(address)
    return f"{parts.scheme}://{parts.netloc}"


async def _open(browser: "Browser", size: tuple[int, int]) -> "tuple[BrowserContext, Page]":
    context = await browser.new_context(viewport={"width": size[0], "height": size[1]})
    page = await context.new_page()
    await page.add_init_script(_read("watch.js"))
    return context, page


async def _look(page: "Page", *, dwell: int) -> Any:  # JSON
    names = ",".join(ELEMENTS)
    return await page.evaluate(_read("look.js"), {"names": names, "settle": SETTLE_MS if dwell else 0, "dwell": dwell})


async def _shift_without(browser: "Browser", url: str, ours: str, size: tuple[int, int]) -> float:
    context, page = await _open(browser, size)
    await page.route(lambda address: _is_ours(address, ours) and not address.endswith(".css"), lambda one: one.abort())
    await page.goto(url, wait_until="load", timeout=LOAD_MS)
    await _look(page, dwell=0)
    shifts = await page.evaluate("lastbookDoctor.shifts")
    await context.close()
    return _sum(shifts)


async def _axe(page: "Page", elements: Sequence[object]) -> tuple[Flaw, ...]:
    if not elements:
        return ()
    await page.evaluate((files("axe_playwright_python") / "axe.min.js").read_text("utf-8"))
    options = {"runOnly": {"type": "tag", "values": AXE_TAGS}, "resultTypes": ["violations"]}
    present = "(names) => names.filter((name) => document.querySelector(name)).map((name) => [name])"
    include = await page.evaluate(present, ELEMENTS)
    found = await page.evaluate("([include, options]) => axe.run({ include }, options)", [include, options])
    return tuple(
        Flaw(one["id"], one["help"], tuple(json.dumps(node["target"]) for node in one["nodes"]))
        for one in found["violations"]
    )


async def _ask_with(page: "Page", script: Script) -> int:
    """What the server says to the page's key."""
    body = {"key": script.key or "", "slots": [{"name": "doctor"}]}
    answer = await page.context.request.post(f"{script.origin}/public/v1/slots", data=body)
    return answer.status


async def _fetched(request: "Request") -> Fetched:
    path, response = urlsplit(request.url).path, await request.response()
    if response is None or request.failure:
        return Fetched(request.method, path, request.resource_type, 0, 0, 0)
    sizes, zipped = await request.sizes(), 0
    if request.resource_type != "ping":  # the browser keeps no answer to a beacon
        zipped = len(gzip.compress(await response.body(), 9))
    return Fetched(
        request.method, path, request.resource_type, response.status, max(sizes["responseBodySize"], 0), zipped
    )


def _is_ours(address: str, ours: str) -> bool:
    return origin_of(address) == ours and urlsplit(address).path.startswith(("/w/", "/public/v1/"))


def _is_ours_in(text: str, ours: str) -> bool:
    return f"{ours}/w/" in text


def _sum(shifts: Sequence[Any]) -> float:
    return float(sum(one["value"] for one in shifts))


def _read(name: str) -> str:
    return (HERE / name).read_text("utf-8")
