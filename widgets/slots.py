"""Slots: a page's places filled with cards, the bytes put together from what is ready in memory."""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from functools import lru_cache
from typing import Annotated, NamedTuple

import msgspec
from msgspec import Meta, Struct

from recommender.serving.experiments import Trial, find_trial
from recommender.serving.live_tenant import LiveTenant
from recommender.serving.made import Priced, tell_made
from recommender.serving.needs import Looks, Need, Needs
from recommender.serving.orders import DAY_S, Orders
from recommender.serving.picking import Picked, Wish, pick
from recommender.serving.session import NOTHING, Session
from recommender.serving.strategies import WHY_NONE, ask_of
from tenants.fields import ExternalId
from tenants.measured import Record
from tenants.placements import Placement

HEADINGS = {"popular": "Popular now", "prior": "Often chosen", "new": "New in the shop"}
"""What stands above products that a placement shows instead of its own."""

WHY_HELD_OUT = "The place stays empty for this viewer: an experiment holds them out, to tell what it earns."


class Slot(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One place of a page, as the page asks for it."""

    name: Annotated[str, Meta(min_length=1, max_length=100)]
    product: ExternalId | None = None
    person: Annotated[
        ExternalId | None, Meta(description="Who is to wear it: a person around the shopper; unset: the shopper.")
    ] = None
    exclude: Annotated[tuple[ExternalId, ...], Meta(max_length=200)] = ()
    needs: Annotated[tuple[Need, ...], Meta(max_length=20, description="What a product must be to be shown.")] = ()
    limit: Annotated[int, Meta(ge=1, le=50, description="Unset: as many as the placement says.")] | None = None


class Viewer(NamedTuple):
    """Who looks at the page."""

    shopper_id: str | None
    """Proven by a shopper token, never by word alone."""
    session: Session
    collections: frozenset[str] = frozenset()
    """Ids of the open collections with a personal audience that hold the shopper."""
    records: Mapping[str | None, Record] | None = None
    """Measurements on record by person (None: the shopper), read for this page alone; None for somebody unproven."""
    region: str | None = None
    trials: tuple[Trial, ...] = ()
    """The arms of experiments that are theirs on this page."""


STRANGER = Viewer(None, NOTHING)
"""Somebody of whom nothing is known, or nothing is to be used."""


def fill(live: LiveTenant, orders: Orders, slots: tuple[Slot, ...], viewer: Viewer, *, now: float) -> bytes:
    """The JSON answer for all slots of a page; no product stands in two of them. `now` is in POSIX seconds.

    Strangers ask the same all the time, and a shopper who comes back to a page does: an answer is kept under all that
    it depends on, and nothing needs to be taken back.
    """
    live.advance(now)
    if viewer.records is not None:
        return _fill(live, orders, slots, viewer, now)  # no measurement is remembered, nor what follows from one
    key = (live.generation, live.catalogue.version, int(now // DAY_S), viewer, slots)
    return orders.answers.get(key) or orders.keep(key, _fill(live, orders, slots, viewer, now))


def _fill(live: LiveTenant, orders: Orders, slots: Iterable[Slot], viewer: Viewer, now: float) -> bytes:
    taken, looks = set[int](), Looks()
    filled = b",".join([_fill_one(live, orders, slot, viewer, now, taken, looks) for slot in slots])
    return b'{"model":%s,"slots":[%s]}' % (live.version_json, filled)


def _fill_one(
    live: LiveTenant, orders: Orders, slot: Slot, viewer: Viewer, now: float, taken: set[int], looks: Looks
) -> bytes:
    placement = live.placements.get(slot.name)
    if placement is None:
        return _head(slot.name, "none", "none", "", "There is no placement of that name.") + b"]}"
    trial = find_trial(viewer.trials, slot.name) if viewer.trials else None
    if trial is None:
        return _show(live, orders, slot, placement, viewer, now, taken, looks)
    if trial.holdout:
        return _head(placement.id, placement.strategy, "none", placement.heading, WHY_HELD_OUT) + b"]" + trial.closing
    shown = _show(live, orders, slot, trial.placement, viewer, now, taken, looks, arm=trial.token)
    return shown[:-1] + trial.closing


def _show(
    live: LiveTenant,
    orders: Orders,
    slot: Slot,
    placement: Placement,
    viewer: Viewer,
    now: float,
    taken: set[int],
    looks: Looks,
    *,
    arm: str = "",
) -> bytes:
    record = None if viewer.records is None else viewer.records.get(slot.person)
    ask = ask_of(live, viewer.shopper_id, viewer.session, slot.product, now=now, collections=viewer.collections)
    if placement.strategy == "made_for_you" and record is not None:
        ask = ask._replace(measured=frozenset(record.values))
    wish = Wish(slot.limit or placement.limit, slot.exclude, Needs(slot.needs), looks)
    order = orders.get(live, placement, ask, now=now, arm=arm)
    picked = pick(live, placement, ask, order, wish, now=now, taken=taken)
    cards = live.catalogue.cards.many(picked.rows)
    if live.made:
        cards = [card + _flag(live, row, slot, viewer, now) for card, row in zip(cards, picked.rows, strict=True)]
    return _encode(live, orders, placement, picked, cards, needs=bool(slot.needs))


def _flag(live: LiveTenant, row: int, slot: Slot, viewer: Viewer, now: float) -> bytes:
    """What a card says of a product that is made to measure; nothing while it is not known what is on record."""
    product_id, records = live.catalogue.ids[row], viewer.records
    published = live.made.get(product_id)
    if published is None or (records is not None and slot.person not in records):
        return b""
    priced = Priced(product_id, *live.catalogue.price(row, now))
    record = None if records is None else records[slot.person]
    made = tell_made(published, priced, record, region=viewer.region, now=datetime.fromtimestamp(now, UTC))
    return b',"made":' + msgspec.json.encode(made)


def _encode(
    live: LiveTenant, orders: Orders, placement: Placement, picked: Picked, cards: Iterable[bytes], *, needs: bool
) -> bytes:
    why = None if picked.rows else _why_empty(live, placement, needs=needs)
    heading = HEADINGS.get(picked.source, placement.heading) if picked.fallen_back else placement.heading
    closings = orders.closings(live)
    shown = [
        card + (closings.get(reason) or orders.close(live, reason))
        for card, reason in zip(cards, picked.whys, strict=True)
    ]
    return _head(placement.id, placement.strategy, picked.source, heading, why) + b",".join(shown) + b"]}"


def _why_empty(live: LiveTenant, placement: Placement, *, needs: bool) -> str:
    if not len(live.catalogue):
        return "The catalogue is empty."
    if needs:
        return "No product that this place may show meets the needs."
    return (
        WHY_NONE[placement.strategy]
        if placement.strict
        else "Nothing is on sale that this place may show: see its rules, its filter and what the page leaves out."
    )


@lru_cache(maxsize=4_096)
def _head(name: str, strategy: str, source: str, heading: str, why: str | None) -> bytes:
    """The slot up to its products."""
    head = {"name": name, "strategy": strategy, "source": source, "heading": heading, "why": why}
    return msgspec.json.encode(head)[:-1] + b',"products":['
