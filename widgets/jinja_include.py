"""Jinja include: a merchant's templates write `{{ lastbook_slot("home-for-you") }}` and get the slot's markup.

    includes = Includes("https://lastbook.example", "lb_pk_…")
    environment.globals["lastbook_slot"] = includes.slot

    {% call lastbook_slot("home-for-you", token=shopper_token, limit=8) %} what the shop shows itself {% endcall %}

Shows how it is done; in another language it is as short. It never raises: a page without recommendations is better than
none, and where the markup is not there in time the page's script asks for itself.
"""

import time
from collections import OrderedDict
from collections.abc import Callable, Mapping
from typing import Final, NamedTuple

import httpx2
from markupsafe import Markup, escape

from widgets.include import ATTRIBUTES

PATIENCE_S: Final = 0.8
FRESH_S: Final = 60.0
STALE_S: Final = 600.0
MOST_KEPT: Final = 1_000


class _Kept(NamedTuple):
    """Anybody's markup."""

    html: str
    etag: str
    at: float


class Includes:
    """One for a merchant's process; its methods may be called from many threads."""

    def __init__(
        self,
        base_url: str,
        key: str,
        *,
        clock: Callable[[], float] = time.monotonic,
        transport: httpx2.BaseTransport | None = None,
    ) -> None:
        """`key` is a publishable key. `transport` is for tests."""
        self._key = key
        self._clock = clock
        self._client = httpx2.Client(base_url=base_url, timeout=PATIENCE_S, transport=transport)
        self._kept = OrderedDict[tuple[tuple[str, str], ...], _Kept]()

    def slot(
        self, name: str, *, token: str | None = None, caller: Callable[[], str] | None = None, **attributes: object
    ) -> Markup:
        """The filled element; with nothing to show, or without an answer, the element around the shop's own block.

        `token` is a shopper token that your server signed; markup for one shopper is not kept. `attributes` are the
        element's, and `region`.
        """
        wanted = {"name": name} | {name: str(value) for name, value in attributes.items() if value is not None}
        html = self._ask_for(wanted, token) if token else self._recall(wanted)
        if html is None or ' state="empty"' in html[: html.find(">")]:
            return _element(wanted, Markup(caller()) if caller else Markup())  # noqa: S704 Jinja escaped the block
        return Markup(html)  # noqa: S704 markup of the service that the page loads its script from

    def _recall(self, wanted: Mapping[str, str]) -> str | None:
        question, now = tuple(sorted(wanted.items())), self._clock()
        kept = self._kept.get(question)
        if kept is not None and now - kept.at < FRESH_S:
            return kept.html
        answer = self._get(wanted, {"If-None-Match": kept.etag} if kept is not None else {})
        if answer is None:
            return kept.html if kept is not None and now - kept.at < STALE_S else None
        html = kept.html if answer.status_code == 304 and kept is not None else answer.text
        self._kept[question] = _Kept(html, answer.headers.get("etag", ""), now)
        while len(self._kept) > MOST_KEPT:
            self._kept.popitem(last=False)
        return html

    def _ask_for(self, wanted: Mapping[str, str], token: str) -> str | None:
        answer = self._get(wanted, {"Lastbook-Token": token})
        return None if answer is None else answer.text

    def _get(self, wanted: Mapping[str, str], headers: Mapping[str, str]) -> httpx2.Response | None:
        try:
            answer = self._client.get("/w/v1/include", params={"key": self._key, **wanted}, headers=headers)
        except httpx2.HTTPError:
            return None
        return answer if answer.status_code in (200, 304) else None


def _element(wanted: Mapping[str, str], inside: Markup) -> Markup:
    said = Markup("").join(
        Markup(' {}="{}"').format(name, escape(wanted[name])) for name in ATTRIBUTES if name in wanted
    )
    return Markup("<lastbook-slot{}>{}</lastbook-slot>").format(said, inside)
