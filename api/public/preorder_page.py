"""/p/v1/preorder/<secret>: a shopper's page of one preorder, made on the server and whole without JavaScript.

Whoever has the link may act, so the address stays out of logs, referrers, caches and search engines.
"""

import contextlib
import secrets
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime
from pathlib import Path
from urllib.parse import parse_qs
from uuid import UUID

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from api.bodies import read_body
from api.public.paying import LATER
from api.public.preorder_words import Words, words_in
from api.state import state_of
from api.writes import settle
from infra.database import Connection
from infra.errors import NotFound
from tenants.delays import NoDelay, answer_delay
from tenants.imports.money import decimals_of
from tenants.preorder_changes import CancellationOver, cancel_own
from tenants.preorder_links import ParsedLink, get_linked, parse_link
from tenants.preorder_money import UNPAID
from tenants.preorder_states import LIVE, PreorderStep
from tenants.preorder_views import PreorderView, view_preorders

FORM = "application/x-www-form-urlencoded"
HEADERS = {
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "X-Robots-Tag": "noindex",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}

_POLICY = "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
_templates = Environment(
    loader=FileSystemLoader(Path(__file__).parent), autoescape=True, undefined=StrictUndefined, trim_blocks=True
)


def page_routes() -> list[Route]:
    return [Route("/p/v1/preorder/{secret}", answer_page, methods=["GET", "POST"])]


async def answer_page(request: Request) -> Response:
    """The page; a POST cancels the preorder first, or answers to a delay, as the buttons of the page do."""
    try:
        link = parse_link(request.path_params["secret"])
        view = await _view(request, link)
        after = await _act(request, link, view) if request.method == "POST" else view
        return _render(request, view, after)
    except NotFound:
        return HTMLResponse(_templates.get_template("preorder_gone.html").render(), 404, HEADERS)


async def _view(request: Request, link: ParsedLink) -> PreorderView:
    """Raises NotFound."""
    state = state_of(request)
    async with state.db.tenant(link.tenant_id) as conn:
        return (await view_preorders(conn, preorder_ids=[await get_linked(conn, link)], now=state.clock()))[0]


async def _act(request: Request, link: ParsedLink, view: PreorderView) -> PreorderView:
    """How it is then: as before, when that can no longer be done."""
    state, act = state_of(request), _ACTS.get(await _read_act(request))

    async def once() -> None:
        assert act is not None
        async with state.db.tenant(link.tenant_id) as conn:
            await act(conn, view.preorder_id, state.clock())

    if act is not None:
        with contextlib.suppress(CancellationOver, NoDelay, PreorderStep):
            await settle(once)
    return await _view(request, link)


async def _read_act(request: Request) -> str:
    body = await read_body(request, limit=1000, types=(FORM,))
    return parse_qs(body.decode("latin-1")).get("act", [""])[0]


async def _cancel(conn: Connection, preorder_id: UUID, now: datetime) -> None:
    await cancel_own(conn, preorder_id, now=now)


async def _wait(conn: Connection, preorder_id: UUID, now: datetime) -> None:
    await answer_delay(conn, preorder_id, "accepted", now=now)


async def _decline(conn: Connection, preorder_id: UUID, now: datetime) -> None:
    await answer_delay(conn, preorder_id, "declined", now=now)


_ACTS: Mapping[str, Callable[[Connection, UUID, datetime], Awaitable[None]]] = {
    "cancel": _cancel,
    "wait": _wait,
    "decline": _decline,
}
"""By the button."""


def _render(request: Request, before: PreorderView, view: PreorderView) -> Response:
    nonce, words = secrets.token_urlsafe(16), words_in(view.terms_locale)
    html = _templates.get_template("preorder.html").render(
        view=view,
        words=words,
        said=_say(request, words, before, view),
        # Relative to the page, whose last part is the secret.
        pay=f"{request.path_params['secret']}/pay" if may_pay(view) else "",
        nonce=nonce,
        money=lambda minor: format_money(minor, view.currency),
        moment=format_moment,
    )
    policy = f"default-src 'none'; style-src 'nonce-{nonce}'; {_POLICY}"
    return HTMLResponse(html, headers={**HEADERS, "Content-Security-Policy": policy})


def may_pay(view: PreorderView) -> bool:
    """Whether there is something to pay on a page of Stripe's: to join, or after a charge that failed."""
    if view.fulfilment == "reserved":
        return True
    return view.fulfilment in LIVE and view.payment in UNPAID


def _say(request: Request, words: Words, before: PreorderView, view: PreorderView) -> str:
    if view.fulfilment == "cancelled" != before.fulfilment:
        return words.cancelled
    if before.delay is not None and view.delay is None:
        return words.waits
    return words.later if request.url.query == LATER[1:] else ""


def format_money(minor: int, currency: str) -> str:
    """Such as 1,234.50 EUR."""
    digits = decimals_of(currency)
    whole, rest = divmod(minor, 10**digits)
    return f"{whole:,}{f'.{rest:0{digits}}' if digits else ''} {currency}"


def format_moment(moment: datetime) -> str:
    """Such as 2026-03-02 12:00 UTC."""
    return moment.strftime("%Y-%m-%d %H:%M UTC")
