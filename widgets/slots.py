"""Slots: a page's places filled with cards, the bytes put together from what is ready in memory."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Annotated

import msgspec
from msgspec import Meta, Struct

from recommender.serving.live_tenant import LiveTenant
from recommender.serving.session import NOTHING, Session
from recommender.serving.strategies import Ask, pick
from tenants.fields import ExternalId


@dataclass(frozen=True, slots=True)
class Placement:
    """A named place in a shop's pages: what it shows, and the words above it."""

    strategy: str
    heading: str


PLACEMENTS: dict[str, Placement] = {
    "home-for-you": Placement("for_you", "Picked for you"),
    "home-popular": Placement("popular", "Popular now"),
    "product-similar": Placement("similar", "You may also like"),
    "cart-for-you": Placement("for_you", "Before you go"),
}


class Slot(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One place of a page, as the page asks for it."""

    name: Annotated[str, Meta(min_length=1, max_length=100)]
    product: ExternalId | None = None
    exclude: Annotated[tuple[ExternalId, ...], Meta(max_length=200)] = ()
    limit: Annotated[int, Meta(ge=1, le=50)] = 12


@dataclass(frozen=True, slots=True)
class Viewer:
    """Who looks at the page."""

    shopper_id: str | None
    """Proven by a shopper token, never by word alone."""
    session: Session


STRANGER = Viewer(None, NOTHING)
"""Somebody of whom nothing is known, or nothing is to be used."""


def fill(live: LiveTenant, slots: Iterable[Slot], viewer: Viewer, *, now: float) -> bytes:
    """The JSON answer for all slots of a page; no product stands in two of them. `now` is in POSIX seconds."""
    taken: set[int] = set()
    filled = b",".join([_fill_one(live, slot, viewer, now, taken) for slot in slots])
    return b'{"model":%s,"slots":[%s]}' % (live.version_json, filled)


def _fill_one(live: LiveTenant, slot: Slot, viewer: Viewer, now: float, taken: set[int]) -> bytes:
    placement = PLACEMENTS.get(slot.name)
    if placement is None:
        return _encode(slot.name, "none", "none", "", "There is no placement of that name.", ())
    seen = (*viewer.session.carted, *viewer.session.viewed)
    ask = Ask(viewer.shopper_id, seen, slot.product, slot.exclude, slot.limit)
    picked = pick(live, placement.strategy, ask, now=now, taken=taken)
    why = None if picked.cards else _why_empty(live)
    return _encode(slot.name, placement.strategy, picked.source, placement.heading, why, picked.cards)


def _why_empty(live: LiveTenant) -> str:
    return "No product can be shown now." if len(live.catalogue) else "The catalogue is empty."


def _encode(name: str, strategy: str, source: str, heading: str, why: str | None, cards: Sequence[bytes]) -> bytes:
    head = _json({"name": name, "strategy": strategy, "source": source, "heading": heading, "why": why})
    return b'%s,"products":[%s]}' % (head[:-1], b",".join(cards))


_json = msgspec.json.Encoder().encode
