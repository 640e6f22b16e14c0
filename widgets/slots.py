"""Slots: a page's places filled with cards, the bytes put together from what is ready in memory."""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from functools import lru_cache
from typing import Annotated, NamedTuple

import msgspec
from msgspec import Meta, Struct

from recommender.serving.experiments import Trial, find_trial
from recommender.serving.languages import words_of
from recommender.serving.live_tenant import LiveTenant
from recommender.serving.made import Priced, tell_made
from recommender.serving.needs import Looks, Need, Needs
from recommender.serving.orders import DAY_S, Orders
from recommender.serving.picking import Picked, Wish, pick
from recommender.serving.session import NOTHING, Session
from recommender.serving.strategies import Ask, ask_of
from recommender.serving.words import Language, Words
from tenants.fields import Currency, ExternalId, ShortText
from tenants.measured import Record
from tenants.placements import Placement
from widgets.stamps import stamp

CART = 10
"""Products of a cart, the latest, that lead to others."""


class SlotContext(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What a page says of one of its places."""

    product: ExternalId | None = None
    person: Annotated[
        ExternalId | None, Meta(description="Who is to wear it: a person around the shopper; unset: the shopper.")
    ] = None
    exclude: Annotated[tuple[ExternalId, ...], Meta(max_length=200)] = ()
    category: Annotated[ShortText, Meta(min_length=1, description="Only products of this category.")] | None = None
    currency: Annotated[Currency | None, Meta(description="Only products that are priced in it.")] = None
    cart: Annotated[
        tuple[ExternalId, ...],
        Meta(
            max_length=200,
            description="What is in the cart now, the latest first: it leads to others, and is not shown.",
        ),
    ] = ()
    needs: Annotated[tuple[Need, ...], Meta(max_length=20, description="What a product must be to be shown.")] = ()
    limit: Annotated[int, Meta(ge=1, le=50, description="Unset: as many as the placement says.")] | None = None


class Slot(SlotContext, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One place of a page, as the page asks for it."""

    name: Annotated[str, Meta(min_length=1, max_length=100)]


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
    locale: str = "en"
    """What the page speaks (BCP 47)."""
    led: bool = True
    """Whether a cart may lead to other products: not for one who wants the same as everybody."""
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
    spoken = live.hear(viewer.locale)
    if spoken != viewer.locale:
        viewer = viewer._replace(locale=spoken)
    if viewer.records is not None:
        return _fill(live, orders, slots, viewer, now)  # no measurement is remembered, nor what follows from one
    key = (live.generation, live.catalogue.version, int(now // DAY_S), viewer, slots)
    return orders.answers.get(key) or orders.keep(
        key, _fill(live, orders, slots, viewer, now), question_bytes=len(msgspec.json.encode(slots))
    )


def _fill(live: LiveTenant, orders: Orders, slots: Iterable[Slot], viewer: Viewer, now: float) -> bytes:
    taken, looks = set[int](), Looks()
    filled = b",".join([_fill_one(live, orders, slot, viewer, now, taken, looks) for slot in slots])
    return b'{"model":%s,"slots":[%s]}' % (live.version_json, filled)


def _fill_one(
    live: LiveTenant, orders: Orders, slot: Slot, viewer: Viewer, now: float, taken: set[int], looks: Looks
) -> bytes:
    placement = live.placements.get(slot.name)
    if placement is None:
        return _no_placement(slot.name, words_of(viewer.locale))
    trial = find_trial(viewer.trials, slot.name) if viewer.trials else None
    if trial is None:
        return _show(live, orders, slot, placement, None, viewer, now, taken, looks)
    if trial.holdout:
        shown = _hold_out(placement, viewer.locale)
    else:
        shown = _show(live, orders, slot, trial.placement, trial, viewer, now, taken, looks)
    return shown[:-1] + trial.closing


def _show(
    live: LiveTenant,
    orders: Orders,
    slot: Slot,
    placement: Placement,
    trial: Trial | None,
    viewer: Viewer,
    now: float,
    taken: set[int],
    looks: Looks,
) -> bytes:
    """The place as this placement has it; `trial`: it is that arm's."""
    ask, wish = ask_for(live, placement, slot, viewer, now=now), wish_for(placement, slot, looks)
    order = orders.get(live, placement, ask, now=now, arm="" if trial is None else trial.token)
    picked = pick(live, placement, ask, order, wish, now=now, taken=taken)
    cards = live.catalogue.cards.many(picked.rows)
    if live.made:
        cards = [card + _flag(live, row, slot, viewer, now) for card, row in zip(cards, picked.rows, strict=True)]
    named = (None, None) if trial is None else (trial.experiment_id, trial.arm)
    cards = stamp(live, placement, picked, cards, now=now, experiment=named[0], arm=named[1])
    return _encode(live, orders, placement, picked, cards, wish, viewer.locale)


def ask_for(live: LiveTenant, placement: Placement, slot: Slot, viewer: Viewer, *, now: float) -> Ask:
    """What is known when this slot is filled for this viewer."""
    session = viewer.session
    if slot.cart and viewer.led:
        session = session._replace(carted=tuple(dict.fromkeys((*slot.cart[:CART], *session.carted))))
    ask = ask_of(live, viewer.shopper_id, session, slot.product, now=now, collections=viewer.collections)
    record = None if viewer.records is None else viewer.records.get(slot.person)
    if record is None or "made_for_you" not in placement.chain:
        return ask
    return ask._replace(measured=frozenset(record.values))


def wish_for(placement: Placement, slot: Slot, looks: Looks) -> Wish:
    """What the page wants of this slot."""
    needs = Needs(slot.needs)
    return Wish(slot.limit or placement.limit, slot.exclude, needs, looks, slot.cart, slot.category, slot.currency)


def _flag(live: LiveTenant, row: int, slot: Slot, viewer: Viewer, now: float) -> bytes:
    """What a card says of a product that is made to measure; nothing while it is not known what is on record."""
    product_id, records = live.catalogue.ids[row], viewer.records
    published = live.made.get(product_id)
    if published is None or (records is not None and slot.person not in records):
        return b""
    priced = Priced(product_id, *live.catalogue.price(row, now))
    record = None if records is None else records[slot.person]
    at, words = datetime.fromtimestamp(now, UTC), words_of(viewer.locale)
    made = tell_made(published, priced, record, region=viewer.region, now=at, words=words)
    return b',"made":' + msgspec.json.encode(made)


def _encode(
    live: LiveTenant,
    orders: Orders,
    placement: Placement,
    picked: Picked,
    cards: Iterable[bytes],
    wish: Wish,
    locale: str,
) -> bytes:
    words = words_of(locale)
    why = None if picked.rows else _why_empty(live, placement, wish, words)
    heading = words.headings.get(picked.source) if picked.fallen_back else None
    closings = orders.closings(live, words)
    shown = [
        card + (closings.get(reason) or orders.close(live, reason, words))
        for card, reason in zip(cards, picked.whys, strict=True)
    ]
    frame = _Frame(heading or placement.heading_in(locale), placement.layout, placement.shown, words.language)
    return _head(placement.id, placement.strategy, picked.source, why, frame) + b",".join(shown) + b"]}"


def _why_empty(live: LiveTenant, placement: Placement, wish: Wish, words: Words) -> str:
    if not len(live.catalogue):
        return words.empty_catalogue
    if wish.needs:
        return words.needs_unmet
    if wish.narrow:
        return words.narrowed_away
    return words.none[placement.strategy] if placement.strict else words.nothing_on_sale


def _hold_out(placement: Placement, locale: str) -> bytes:
    words = words_of(locale)
    frame = _Frame(placement.heading_in(locale), placement.layout, placement.shown, words.language)
    return _head(placement.id, placement.strategy, "none", words.held_out, frame) + b"]}"


def _no_placement(name: str, words: Words) -> bytes:
    frame = _Frame("", "carousel", (), words.language)
    return _head(name, "none", "none", words.no_placement, frame) + b"]}"


class _Frame(NamedTuple):
    """How a slot is shown."""

    heading: str
    layout: str
    fields: tuple[str, ...]
    locale: Language


@lru_cache(maxsize=4_096)
def _head(name: str, strategy: str, source: str, why: str | None, frame: _Frame) -> bytes:
    """The slot up to its products."""
    head = {"name": name, "strategy": strategy, "source": source, "why": why, **frame._asdict()}
    return msgspec.json.encode(head)[:-1] + b',"products":['
