"""Explaining: why a slot shows a product, or why it does not."""

from collections.abc import Iterator
from typing import Annotated

from msgspec import Meta, Struct

from recommender.serving.catalogue import NOWHERE
from recommender.serving.live_tenant import LiveTenant
from recommender.serving.orders import Order, Orders
from recommender.serving.picking import Wish, pick
from recommender.serving.reasons import Reason, tell_reason
from recommender.serving.strategies import Ask
from recommender.serving.words import Words
from recommender.serving.words_en import ENGLISH
from tenants.expressions import Document
from tenants.placements import Placement


class Obstacle(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One thing that keeps a product out of a slot."""

    code: Annotated[str, Meta(description="For programs: unknown_product, unavailable, hidden_by_rule …")]
    text: Annotated[str, Meta(description="For people.")]
    rule: Annotated[str | None, Meta(description="The id of the rule that it comes from.")] = None


class Explanation(Struct, frozen=True, kw_only=True):
    """One product in one slot for one shopper."""

    product: str
    position: Annotated[int | None, Meta(description="Where the slot shows it, counted from 1; null when it does not.")]
    source: Annotated[str | None, Meta(description="Which part of the strategy brought it.")]
    place: Annotated[int | None, Meta(description="Its place in that part before anything was left out.")]
    score: Annotated[float | None, Meta(description="What the model said, where the model brought it.")]
    reason: Annotated[Reason | None, Meta(description="What the shopper is told.")]
    rules: Annotated[tuple[str, ...], Meta(description="The rules that say something of it here, the strongest first.")]
    obstacles: Annotated[tuple[Obstacle, ...], Meta(description="Why it is not shown; empty when it is.")]


def explain(
    live: LiveTenant,
    orders: Orders,
    placement: Placement,
    ask: Ask,
    wish: Wish,
    product_id: str,
    *,
    now: float,
    words: Words = ENGLISH,
) -> Explanation:
    """Works out what the slot would show as the slot does, and looks for the product in it."""
    order, row = orders.get(live, placement, ask, now=now), live.row_of(product_id)
    picked = pick(live, placement, ask, order, wish, now=now, taken=set())
    shown = row != NOWHERE and row in picked.rows
    at = picked.rows.index(row) if shown else None
    source, place = _found(order, row)
    return Explanation(
        product=product_id,
        position=None if at is None else at + 1,
        source=source or (picked.source if shown else None),
        place=place,
        score=_score(live, ask, row),
        reason=None if at is None else tell_reason(live.catalogue, picked.whys[at], words),
        rules=() if live.book is None else tuple(one.rule_id for one in live.book.explain(placement.id, row, now)),
        obstacles=() if shown else tuple(_obstacles(live, placement, ask, wish, order, row, now)),
    )


def _obstacles(
    live: LiveTenant, placement: Placement, ask: Ask, wish: Wish, order: Order, row: int, now: float
) -> Iterator[Obstacle]:
    if row == NOWHERE:
        yield Obstacle(code="unknown_product", text="The catalogue holds no such product.")
        return
    if not live.catalogue.sellable[row]:
        yield Obstacle(code="unavailable", text="It is hidden, sold out, restricted or not on offer at this time.")
    if live.catalogue.ids[row] in live.opening.closed_to(ask.collections):
        yield Obstacle(code="closed_collection", text="Its collection is not open to this shopper now.")
    yield from _by_rules(live, placement, row, now)
    if row in order.gone:
        yield Obstacle(code="already_bought", text="The shopper has bought it, and it is not bought again.")
    if row in map(live.row_of, wish.exclude):
        yield Obstacle(code="excluded", text="The page asked to leave it out.")
    if row in map(live.row_of, wish.cart):
        yield Obstacle(code="in_cart", text="It is in the cart.")
    if row == live.row_of(ask.product_id):
        yield Obstacle(code="own_page", text="It is the product of this page.")
    document = live.catalogue.document(row)
    yield from _by_page(document, wish)
    for need in wish.needs.unmet_by(document):
        yield Obstacle(code="need_not_met", text=f"The shopper needs {need.field} {need.compare} {need.value!r}.")
    yield _outranked(order, row, wish.limit)


def _by_page(document: Document, wish: Wish) -> Iterator[Obstacle]:
    categories = document["categories"]
    assert isinstance(categories, list)
    if wish.category is not None and wish.category not in categories:
        yield Obstacle(code="other_category", text=f"The page wants the category {wish.category!r}.")
    if wish.currency not in (None, document["currency"]):
        yield Obstacle(code="other_currency", text=f"The page wants prices in {wish.currency}.")


def _by_rules(live: LiveTenant, placement: Placement, row: int, now: float) -> Iterator[Obstacle]:
    for said in () if live.book is None else live.book.explain(placement.id, row, now):
        if said.action in ("hide", "only"):
            doubt = ", because it could not be decided for this product" if said.undecided else ""
            text = f"The {'filter' if said.is_filter else f'rule {said.rule_id!r}'} keeps it out{doubt}."
            yield Obstacle(code="kept_out_by_rule", text=text, rule=said.rule_id)


def _outranked(order: Order, row: int, limit: int) -> Obstacle:
    source, place = _found(order, row)
    if place is None:
        return Obstacle(code="no_candidate", text="It is not among the products that this strategy considers here.")
    return Obstacle(code="outranked", text=f"It is number {place} of {source!r}; the slot shows {limit}.")


def _found(order: Order, row: int) -> tuple[str | None, int | None]:
    """The first stage that holds the row, and its place there from 1."""
    for stage in (*order.stages, *order.further):
        rows = list(stage.rows)
        if row in rows:
            return stage.source, rows.index(row) + 1
    return None, None


def _score(live: LiveTenant, ask: Ask, row: int) -> float | None:
    """What the ranker said of it for this shopper, or None."""
    shopper = live.find_shopper(ask.shopper_id)
    if live.learned is None or shopper is None or row == NOWHERE:
        return None
    rows = live.learned.listed("for_you", shopper)
    return float(live.learned.model.row("for_you_scores", shopper)[rows.index(row)]) if row in rows else None
