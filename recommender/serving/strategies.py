"""Strategies: which products a slot shows, each a chain of stages that ends where every shop has something to show."""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from itertools import chain, islice
from typing import Literal, NamedTuple

from recommender.serving.catalogue import NOWHERE
from recommender.serving.fusion import Voice, fuse
from recommender.serving.learned import Learned, Rows
from recommender.serving.live_tenant import LiveTenant
from recommender.serving.made import Side, list_needed
from recommender.serving.newcomers import read_leanings
from recommender.serving.reasons import Because, Why, why
from recommender.serving.session import NOTHING, Session

Source = Literal[
    "model",
    "session",
    "similar",
    "together",
    "buy_again",
    "viewed",
    "made",
    "segment",
    "trending",
    "popular",
    "prior",
    "new",
    "collections",
    "campaigns",
    "picks",
    "none",
]

SESSION_PRODUCTS = 6
"""How many of the latest products of a session count."""
CART_PRODUCTS = 3
"""Of these at the most from a full cart, as long as something was looked at."""
FADING = 0.8
"""What a product of a session counts beside the one after it."""
CART_WEIGHT = 1.5
"""What a product in the cart counts beside one that was looked at."""
CROWD_WEIGHT = 0.5
"""What everyone's taste, or that of shoppers alike, counts beside a newcomer's session."""
CROWD = 100
SEARCHED = 5_000
"""How far down a shopper's order what is made to measure is looked for; behind it comes the rest as published."""
NEW_PLACES = (4, 9, 15)
"""Where a shopper's list holds a product that never sold, counted from 0."""


class Ask(NamedTuple):
    """What is known when a slot is filled. Ids are the merchant's own. Hashable: an order is remembered by it."""

    shopper_id: str | None = None
    """Proven by a shopper token, never by word alone."""
    session: Session = NOTHING
    product_id: str | None = None
    """The product whose page it is."""
    collections: frozenset[str] = frozenset()
    """Ids of the open collections with a personal audience that hold the shopper."""
    measured: frozenset[tuple[str, Side]] = frozenset()
    """What is on record of this shopper's measurements, for strategies that put in front what can be made: which keys
    and sides, and no value."""


def ask_of(
    live: LiveTenant,
    shopper_id: str | None,
    session: Session,
    product_id: str | None,
    *,
    now: float,
    collections: frozenset[str] = frozenset(),
) -> Ask:
    """What may be known now: products that are not published yet, or no longer, or belong to a collection that is
    closed to this shopper, would be named in reasons."""
    live.advance(now)
    reserved, opening = live.catalogue.reserved, live.opening
    mine = collections & opening.personal if collections else collections
    if reserved or opening.exclusive:
        if product_id is not None and not live.may_name(product_id, now, mine):
            product_id = None
        seen = (*session.viewed, *session.carted)
        if not (reserved.keys().isdisjoint(seen) and opening.closed_to(mine).isdisjoint(seen)):
            viewed, carted = (
                tuple(name for name in names if live.may_name(name, now, mine))
                for names in (session.viewed, session.carted)
            )
            session = Session(viewed, carted, session.bought)
    return Ask(shopper_id, session, product_id, mine)


class Stage(NamedTuple):
    """An order of rows from one source, best first, and why each is shown."""

    source: Source
    rows: Iterable[int]
    why: Why
    """Of the rows that `whys` does not name."""
    whys: Mapping[int, Why] = {}


Chain = Callable[[LiveTenant, Ask], Iterator[Stage]]


def for_you(live: LiveTenant, ask: Ask) -> Iterator[Stage]:
    """The shopper's own list bent by the session; before a purchase what the session and who is alike speak for."""
    shopper = live.find_shopper(ask.shopper_id)
    if live.learned is not None and shopper is not None:
        own = _own(live.learned.listed("for_you", shopper), live.learned.listed("for_you_because", shopper))
        yield _bent(live, _with_newcomers(live, shopper, own), ask.session)
    else:
        yield from _of_newcomer(live, ask)


def discover(live: LiveTenant, ask: Ask) -> Iterator[Stage]:
    """Only what the shopper never bought: the order leaves the rest out."""
    shopper = live.find_shopper(ask.shopper_id)
    if live.learned is not None and shopper is not None:
        own = _own(live.learned.listed("discover", shopper), live.learned.listed("discover_because", shopper))
        yield _bent(live, _with_newcomers(live, shopper, own), ask.session)
    else:
        yield from _of_newcomer(live, ask)


def buy_again(live: LiveTenant, ask: Ask) -> Iterator[Stage]:
    """What the shopper bought and is likely to need again; what was just bought is not needed now."""
    shopper = live.find_shopper(ask.shopper_id)
    if live.learned is not None and shopper is not None:
        rows = live.learned.listed("buy_again", shopper)
        stage = Stage("buy_again", rows, why(Because.BOUGHT_BEFORE))
        yield _without(stage, _rows(live, ask.session.bought))


def similar(live: LiveTenant, ask: Ask) -> Iterator[Stage]:
    """What may stand in the product's stead; for one that never sold, what is described alike."""
    row = live.row_of(ask.product_id)
    if row != NOWHERE:
        found = live.learned.similar(row) if live.learned is not None else []
        yield Stage("similar", found or live.alike(row), why(Because.BESIDE, row))


def bought_together(live: LiveTenant, ask: Ask) -> Iterator[Stage]:
    """What is bought in the same orders as the product, or as what is in the cart."""
    rows = [row for row in map(live.row_of, (ask.product_id, *ask.session.carted)) if row != NOWHERE]
    if live.learned is not None and rows:
        voices = [Voice(live.learned.together(row), 1.0, why(Because.TOGETHER, row)) for row in rows]
        order, whys = fuse(voices)
        yield _without(Stage("together", order, why(Because.TOGETHER), whys), set(rows))


def trending(live: LiveTenant, ask: Ask) -> Iterator[Stage]:
    """What is bought more than before."""
    if live.learned is not None:
        yield Stage("trending", live.learned.trending(), why(Because.TRENDING))


def popular(live: LiveTenant, ask: Ask) -> Iterator[Stage]:
    """What sells of late; before anything was learned, what sells in shops of the same vertical."""
    if live.learned is not None:
        yield Stage("popular", live.learned.popular(), why(Because.POPULAR))
    elif live.usual:
        yield Stage("prior", live.usual, why(Because.USUAL))


def new(live: LiveTenant, ask: Ask) -> Iterator[Stage]:
    """The latest products, and behind them all others."""
    everything = chain(live.catalogue.newest, range(len(live.catalogue.ids) - 1, NOWHERE, -1))
    yield Stage("new", everything, why(Because.NEW))


def recently_viewed(live: LiveTenant, ask: Ask) -> Iterator[Stage]:
    """What this session looked at, the latest first."""
    yield Stage("viewed", [live.row_of(name) for name in ask.session.viewed], why(Because.SEEN))


def made_for_you(live: LiveTenant, ask: Ask) -> Iterator[Stage]:
    """What is made to measure: first what the shopper's record suffices for, each in the order of their taste."""
    made = {live.row_of(product): one for product, one in live.made.items()}
    documents = {one.document_id: one for one in live.made.values()} if ask.measured else {}
    able = {name for name, one in documents.items() if list_needed(one) <= ask.measured}
    liked = islice(_by_taste(live, ask), SEARCHED)
    rows = list(dict.fromkeys(row for row in chain(liked, made) if row in made and row != NOWHERE))
    ready = {row for row in rows if made[row].document_id in able}
    rows.sort(key=lambda row: row not in ready)
    yield Stage("made", rows, why(Because.CAN_BE_MADE), dict.fromkeys(ready, why(Because.MADE)))


def _by_taste(live: LiveTenant, ask: Ask) -> Iterator[int]:
    return chain.from_iterable(stage.rows for follow in (for_you, popular) for stage in follow(live, ask))


def collections(live: LiveTenant, ask: Ask) -> Iterator[Stage]:
    """Products of the collections that are open to this shopper, the one that ends first before the others."""
    for one in live.opening.open_to(ask.collections):
        yield Stage("collections", [live.row_of(name) for name in one.product_ids], why(Because.COLLECTION))


def campaigns(live: LiveTenant, ask: Ask) -> Iterator[Stage]:
    """Products of the preorder campaigns that are open to everybody, the one that ends first before the others."""
    rows = [live.row_of(name) for name in live.preorderable.product_ids]
    yield Stage("campaigns", rows, why(Because.CAMPAIGN))


STRATEGIES: dict[str, Chain] = {
    "for_you": for_you,
    "discover": discover,
    "buy_again": buy_again,
    "similar": similar,
    "bought_together": bought_together,
    "trending": trending,
    "popular": popular,
    "new": new,
    "recently_viewed": recently_viewed,
    "made_for_you": made_for_you,
    "collections": collections,
    "campaigns": campaigns,
}
FALLBACK: tuple[Chain, ...] = (popular, new)
"""What follows every chain, unless the placement is strict: a shop is never left with an empty place."""


def _own(rows: Rows, because: Rows) -> Stage:
    """A list of the model with the shopper's own purchases as reasons."""
    whys = {row: _own_why(row, other) for row, other in zip(rows, because, strict=True) if other != NOWHERE}
    return Stage("model", rows, why(Because.PICKED), whys)


def _own_why(row: int, because: int) -> Why:
    return why(Because.BOUGHT_BEFORE) if because == row else why(Because.BOUGHT, because)


def _with_newcomers(live: LiveTenant, shopper: int, own: Stage) -> Stage:
    """A few products that never sold, at fixed places."""
    assert live.learned is not None
    leanings = read_leanings(live.learned, shopper)
    rows, newcomers = list(own.rows), live.newcomers.best(leanings, most=len(NEW_PLACES))
    for place, row in zip(NEW_PLACES, newcomers, strict=False):
        rows.insert(place, row)
    return own._replace(rows=rows, whys={**own.whys, **dict.fromkeys(newcomers, why(Because.NEW_FOR_YOU))})


def _bent(live: LiveTenant, own: Stage, session: Session) -> Stage:
    """The shopper's list and what goes with the session's products, as one."""
    voices = _voices(live, session)
    if not voices:
        return own
    rows, whys = fuse([Voice(list(own.rows), 1.0, own.why), *voices])
    heard = {row: (own.whys.get(row, reason) if reason == own.why else reason) for row, reason in whys.items()}
    return _without(Stage("model", rows, own.why, heard), _rows(live, session.carted))


def _of_newcomer(live: LiveTenant, ask: Ask) -> Iterator[Stage]:
    """What goes with the session's products, tempered by what the shopper's segment buys; a stranger's is everyone."""
    segment, voices = live.find_cold_segment(ask.shopper_id), _voices(live, ask.session)
    crowd = _crowd(live.learned, segment)
    if voices:
        rows, whys = fuse([*voices, crowd])
        seen = _rows(live, (*ask.session.carted, *ask.session.viewed))
        yield _without(Stage("session", rows, why(Because.PICKED), whys), seen)
    elif segment is not None:
        yield Stage("segment", crowd.rows, crowd.why)


def _crowd(learned: Learned | None, segment: int | None) -> Voice:
    if learned is None:
        return Voice((), 0.0, why(Because.POPULAR))
    return _everyone(learned) if segment is None else _alike(learned, segment)


def _everyone(learned: Learned) -> Voice:
    rows = [row for row, _ in zip(learned.popular(), range(CROWD), strict=False)]
    return Voice(rows, CROWD_WEIGHT, why(Because.POPULAR))


def _alike(learned: Learned, segment: int) -> Voice:
    return Voice(learned.listed("segment_popular", segment), CROWD_WEIGHT, why(Because.LIKED_BY_SIMILAR))


def _voices(live: LiveTenant, session: Session) -> list[Voice]:
    """What goes with each of the session's latest products; the latest says most."""
    carted = [(name, Because.IN_CART, CART_WEIGHT) for name in session.carted]
    viewed = [(name, Because.VIEWED, 1.0) for name in session.viewed if name not in session.carted]
    told = carted[:CART_PRODUCTS] + viewed + carted[CART_PRODUCTS:]
    said = [(live.row_of(name), because, weight) for name, because, weight in told[:SESSION_PRODUCTS]]
    return [
        Voice(live.beside(row), weight * FADING**age, why(because, row))
        for age, (row, because, weight) in enumerate(said)
        if row != NOWHERE
    ]


def _without(stage: Stage, rows: Collection[int]) -> Stage:
    return stage._replace(rows=(row for row in stage.rows if row not in rows)) if rows else stage


def _rows(live: LiveTenant, product_ids: Iterable[str]) -> set[int]:
    return {live.row_of(name) for name in product_ids}
