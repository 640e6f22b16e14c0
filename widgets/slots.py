"""Slots: a page's places filled with cards, the bytes put together from what is ready in memory."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import msgspec

from recommender.serving.live_tenant import LiveTenant
from recommender.serving.strategies import Ask, Picked, pick


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


@dataclass(frozen=True, slots=True)
class Slot:
    """A place to fill, as the page asks for it."""

    name: str
    product_id: str | None = None
    exclude: frozenset[str] = frozenset()
    limit: int = 12


def fill(live: LiveTenant, slots: Iterable[Slot], ask: Ask, *, now: float) -> bytes:
    """The JSON answer for all slots of a page; no product stands in two of them. `now` is in POSIX seconds.

    `ask` says who is there; the page's product, exclusions and limit come from each slot.
    """
    taken: set[int] = set()
    filled = b",".join([_fill_one(live, slot, ask, now, taken) for slot in slots])
    version = b'"%s"' % str(live.version_id).encode() if live.version_id else b"null"
    return b'{"model":%s,"slots":[%s]}' % (version, filled)


def _fill_one(live: LiveTenant, slot: Slot, ask: Ask, now: float, taken: set[int]) -> bytes:
    placement = PLACEMENTS.get(slot.name)
    if placement is None:
        return _encode(slot.name, "none", "none", "", "There is no placement of that name.", ())
    wish = replace(ask, product_id=slot.product_id, exclude=slot.exclude, limit=slot.limit)
    picked = pick(live, placement.strategy, wish, now=now, taken=taken)
    cards = [live.catalogue.shelves[row].card_at(now) for row in picked.rows]
    return _encode(slot.name, placement.strategy, picked.source, placement.heading, _why_empty(picked, live), cards)


def _why_empty(picked: Picked, live: LiveTenant) -> str | None:
    if picked.rows:
        return None
    return "No product can be shown now." if live.catalogue.shelves else "The catalogue is empty."


def _encode(name: str, strategy: str, source: str, heading: str, why: str | None, cards: Sequence[bytes]) -> bytes:
    head = _json({"name": name, "strategy": strategy, "source": source, "heading": heading, "why": why})
    return b'%s,"products":[%s]}' % (head[:-1], b",".join(cards))


_json = msgspec.json.Encoder().encode
