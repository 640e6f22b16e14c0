"""Shown events: what was done with a product as it was shown, known by the token that came back with the event."""

from collections.abc import Container, Mapping
from datetime import date, datetime
from typing import Literal

from msgspec import Struct

from tenants.shown_tokens import Shown, ShownTokens, is_of_time

ShownState = Literal["good", "wrong", "other_time", "other_product"]
BAD_TOKENS: Mapping[str, str] = {
    "wrong": "The token was not made by us for this shop.",
    "other_time": "The product was shown more than a week before, or after.",
    "other_product": "The token is another product's.",
}
"""By state, why an event earns nothing."""


class WithToken(Struct, frozen=True):
    """What the judgement of an event's token needs of it."""

    token: str
    occurred_at: datetime
    product_id: str | None
    shopper_id: str | None
    visitor_id: str | None


class ShownEvent(Struct, frozen=True, kw_only=True):
    """What an event's token came to: columns of `events`."""

    shown_state: ShownState
    product_id: str | None = None
    placement: str | None = None
    position: int | None = None
    strategy: str | None = None
    shown_source: str | None = None
    shown_on: date | None = None
    experiment_id: str | None = None
    arm_id: str | None = None
    told_shopper: str | None = None
    by_visitor: bool = False


def judge(event: WithToken, tokens: ShownTokens, known: Container[str]) -> ShownEvent:
    """`known`: external ids of the shoppers that there are; who is not may still come, with their first order."""
    found = tokens.read(event.token)
    told = None if event.shopper_id is None or event.shopper_id in known else event.shopper_id
    by_visitor = event.shopper_id is None and event.visitor_id is not None
    if found is None:
        return ShownEvent(shown_state="wrong", told_shopper=told, by_visitor=by_visitor)
    product, shown = found
    state = _find_fault(event, product, shown)
    if state is not None:
        return ShownEvent(shown_state=state, told_shopper=told, by_visitor=by_visitor)
    return ShownEvent(
        shown_state="good",
        product_id=product,
        placement=shown.placement,
        position=shown.position,
        strategy=shown.strategy,
        shown_source=shown.source,
        shown_on=shown.day,
        experiment_id=shown.experiment,
        arm_id=shown.arm,
        told_shopper=told,
        by_visitor=by_visitor,
    )


def _find_fault(event: WithToken, product: str, shown: Shown) -> ShownState | None:
    if not is_of_time(shown, event.occurred_at):
        return "other_time"
    return None if event.product_id in (None, product) else "other_product"
