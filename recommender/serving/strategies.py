"""Strategies: which products a slot shows, each a chain of sources that ends where every shop has something to show."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import chain, zip_longest
from typing import Literal, NamedTuple

from recommender.serving.catalogue import NOWHERE
from recommender.serving.live_tenant import LiveTenant

Source = Literal["model", "similar", "session", "popular", "new", "none"]


class Ask(NamedTuple):
    """What is known when a slot is filled. Ids are the merchant's own."""

    shopper_id: str | None = None
    """Proven by a shopper token, never by word alone."""
    viewed: Sequence[str] = ()
    """This session's products, the latest first."""
    product_id: str | None = None
    """The product whose page it is."""
    exclude: Sequence[str] = ()
    limit: int = 12


class Picked(NamedTuple):
    """Cards to show, and the first source that gave any."""

    cards: Sequence[bytes]
    source: Source


Rows = Iterable[int]
Chain = Callable[[LiveTenant, Ask], Iterator[tuple[Source, Rows]]]


def for_you(live: LiveTenant, ask: Ask) -> Iterator[tuple[Source, Rows]]:
    """The shopper's own list; for a stranger what is near the session's products; then what sells; then what is new."""
    if live.learned is not None and ask.shopper_id is not None and live.may_personalise(ask.shopper_id):
        yield "model", live.for_you(ask.shopper_id)
    if ask.viewed:
        yield "session", _near(live, ask.viewed)
    yield from popular(live, ask)


def similar(live: LiveTenant, ask: Ask) -> Iterator[tuple[Source, Rows]]:
    """What is bought by those who buy this product; then what sells."""
    if ask.product_id is not None:
        yield "similar", _near(live, (ask.product_id,))
    yield from popular(live, ask)


def popular(live: LiveTenant, ask: Ask) -> Iterator[tuple[Source, Rows]]:
    """What sells of late; before there is a model, what is new."""
    yield "popular", live.popular
    yield "new", live.catalogue.newest


STRATEGIES: dict[str, Chain] = {"for_you": for_you, "similar": similar, "popular": popular}


def pick(live: LiveTenant, strategy: str, ask: Ask, *, now: float, taken: set[int]) -> Picked:
    """Cards of up to `ask.limit` products that sell now and are neither excluded nor taken; adds them to `taken`.

    Deterministic for the same model, catalogue, ask and time.
    """
    rows_of, shelves = live.catalogue.rows, live.catalogue.shelves
    barred = taken.union([rows_of.get(name, NOWHERE) for name in (*ask.exclude, ask.product_id or "")])
    cards: list[bytes] = []
    first: Source = "none"
    for source, rows in STRATEGIES[strategy](live, ask):
        for row in rows:
            shelf = shelves[row]
            if row in barred or not shelf.opens_at <= now < shelf.closes_at:
                continue
            barred.add(row)
            taken.add(row)
            cards.append(shelf.card_at(now))
            if len(cards) == ask.limit:
                return Picked(cards, source if first == "none" else first)
        if cards and first == "none":
            first = source
    return Picked(cards, first)


def _near(live: LiveTenant, product_ids: Sequence[str]) -> Rows:
    """Products near any of these, taken in turns, without these themselves."""
    if live.learned is None:
        return ()
    rows = [live.catalogue.rows.get(product_id, NOWHERE) for product_id in product_ids]
    turns = zip_longest(*(live.learned.similar(row) for row in rows), fillvalue=NOWHERE)
    return (row for row in chain.from_iterable(turns) if row not in rows)
