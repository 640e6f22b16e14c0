"""Benchmark lighthouse: Lighthouse's performance score of the demo shops' pages with the widgets, and without.

Needs Node.js (18.16 or later): Lighthouse comes through npx, from the npm registry. By hand, for any shop:
`CHROME_PATH=$(command -v chromium) npx --yes lighthouse@12.8.2 URL --only-categories=performance --view`.
"""

import json
import os
import shutil
import statistics
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

from starlette.middleware.base import BaseHTTPMiddleware, RequestResponseEndpoint
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp

from tests.widgets.fake_api import FakeApi, build_fake_api
from tests.widgets.shops import Kind, card, make_shop
from tests.widgets.support import OPTIONS, serve
from widgets.doctor.browsers import find_chromium
from widgets.examples import shoemaker
from widgets.examples.shop import build_shop

LIGHTHOUSE: Final = "lighthouse@12.8.2"
"""The last one that runs on Node.js 18 and 20."""
ROUNDS: Final = 3
PAGES: Final[tuple[tuple[Kind, str], ...]] = (
    ("grocery", "/"),
    ("shoemaker", "/"),
    ("shoemaker", "/product/LS-201?shopper=S001"),
)
METRICS: Final = {
    "first-contentful-paint": "fcp_ms",
    "largest-contentful-paint": "lcp_ms",
    "total-blocking-time": "tbt_ms",
    "speed-index": "speed_index_ms",
    "cumulative-layout-shift": "cls",
}


def run() -> dict[str, object]:
    """`points`: the worst page's score without us less its score with us, medians of three; at most 2 is the goal."""
    npx = shutil.which("npx")
    if npx is None:
        raise SystemExit("Lighthouse comes through npx: install Node.js (18.16 or later).")
    pages = [_compare(npx, kind, path) for kind, path in PAGES]
    return {
        "name": "lighthouse",
        "points": max(page["without"]["score"] - page["with"]["score"] for page in pages),
        "pages": pages,
    }


def _compare(npx: str, kind: Kind, path: str) -> dict[str, Any]:
    """In turns, as the machine is not always equally busy."""
    seen: dict[str, list[dict[str, float]]] = {"with": [], "without": []}
    with _serving(kind, with_us=True) as ours, _serving(kind, with_us=False) as bare:
        for _ in range(ROUNDS):
            seen["with"].append(_audit(npx, ours + path))
            seen["without"].append(_audit(npx, bare + path))
    medians = {
        which: {name: round(statistics.median(run[name] for run in runs), 3) for name in runs[0]}
        for which, runs in seen.items()
    }
    return {"page": f"{kind} {path}", **medians}


@contextmanager
def _serving(kind: Kind, *, with_us: bool) -> Iterator[str]:
    products = [card(product) for product in shoemaker.list_products("http://127.0.0.1")]
    with serve(build_fake_api(FakeApi(products=products))) as api_url:
        app = build_shop(make_shop(api_url, kind))
        if not with_us:
            app.add_middleware(Bare, api_url=api_url)
        with serve(app) as shop:
            yield shop


class Bare(BaseHTTPMiddleware):
    """The same page without a line that names us."""

    def __init__(self, app: ASGIApp, *, api_url: str) -> None:
        super().__init__(app)
        self._api_url = api_url

    async def dispatch(self, request: Request, call_next: RequestResponseEndpoint) -> Response:
        response = await call_next(request)
        if "text/html" not in response.headers.get("content-type", ""):
            return response
        body = b"".join([part async for part in response.body_iterator])  # type: ignore[attr-defined]  # it streams
        lines = [line for line in body.decode().splitlines() if self._api_url not in line]
        return Response("\n".join(lines), response.status_code, media_type="text/html; charset=utf-8")


def _audit(npx: str, url: str) -> dict[str, float]:
    """The score from 0 to 100, as on a slow phone, and what it is made of."""
    command = [
        npx, "--yes", LIGHTHOUSE, url, "--only-categories=performance", "--output=json", "--output-path=stdout",
        "--quiet", f"--chrome-flags=--headless=new {' '.join(OPTIONS)}",
    ]  # fmt: skip
    environment = {**os.environ, "CHROME_PATH": find_chromium() or ""}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=180, check=True)
    report = json.loads(done.stdout)
    metrics = {name: float(report["audits"][audit]["numericValue"]) for audit, name in METRICS.items()}
    return {"score": 100 * report["categories"]["performance"]["score"], **metrics}
