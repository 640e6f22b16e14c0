"""Attribution reasons: why an order line or an event has a credit or has none, in a code and a sentence."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from infra.database import Connection, Row
from infra.errors import NotFound
from tenants.attribution import DEEDS, DID, ENDED, WHOSE, Credit, done_before, list_credits
from tenants.attribution_settings import AttributionSettings, read_attribution_settings

Code = Literal[
    "clicked", "added", "viewed", "cancelled", "returned", "guest", "after_the_order", "too_early", "bad_token",
    "no_token", "nothing_done", "overtaken", "not_a_deed", "wrong", "other_time", "other_product", "nobody",
    "browser_not_linked", "shopper_unknown", "not_bought", "bought_before", "bought_too_late", "order_ended",
    "views_not_counted",
]  # fmt: skip
SENTENCES: Mapping[Code, str] = {
    "clicked": "The last click on the product before it was bought earned it.",
    "added": "Nobody clicked; the last add to the cart from a placement earned it.",
    "viewed": "It was only seen in a placement before it was bought; that is counted apart.",
    "cancelled": "The order was cancelled.",
    "returned": "The order was returned.",
    "guest": "The order names no shopper, or one who was erased: nothing that was done can be found to be theirs.",
    "after_the_order": "The shopper did something with the product in a placement only after the order.",
    "too_early": "What the shopper did with the product in a placement was longer ago than the settings count.",
    "bad_token": "The shopper's events with the product came with tokens that are not good; explain them one by one.",
    "no_token": "The shopper's events with the product came without the token of a placement.",
    "nothing_done": "No click, add or impression of the product is known of this shopper.",
    "overtaken": "Each line that it could have earned was earned by a stronger or later one.",
    "not_a_deed": "Only clicks, adds to the cart and impressions can earn a sale.",
    "wrong": "The token was not made by us for this shop.",
    "other_time": "The product was shown more than a week before, or after.",
    "other_product": "The token is another product's than the event's.",
    "nobody": "Neither a shopper nor a browser is known of the event, as without consent.",
    "browser_not_linked": "Only a browser is known, and no shopper was named for it (POST /v1/shopper-visitors).",
    "shopper_unknown": "The page proved a shopper of whom there is no order and no document yet.",
    "not_bought": "The shopper has not bought the product.",
    "bought_before": "The shopper had bought the product before, and not since.",
    "bought_too_late": "The shopper bought the product later than the settings count.",
    "order_ended": "The orders that it could have earned were cancelled or returned.",
    "views_not_counted": "By the settings, what was only seen earns nothing.",
}
CREDITED: Mapping[str, Code] = {"click": "clicked", "cart": "added", "impression": "viewed"}
"""By the type of the event that earned it."""
MOST_LINES = 1_000
"""Of a shopper's lines with a product that are looked at, the first after the event."""


@dataclass(frozen=True, slots=True)
class Earned:
    """A line and the event that earned it."""

    order_id: str
    line_id: str
    event_id: str
    placement: str
    occurred_at: datetime


@dataclass(frozen=True, slots=True)
class LineReason:
    """Why a line has its credit, or none."""

    line_id: str
    product_id: str
    code: Code
    sentence: str
    earned: Earned | None


@dataclass(frozen=True, slots=True)
class EventReason:
    """Why an event earned something, or nothing."""

    code: Code
    sentence: str
    earned: Sequence[Earned]
    overtaken_by: Sequence[Earned]


async def explain_order(conn: Connection, order_id: str) -> Sequence[LineReason]:
    """A reason a line. Raises NotFound."""
    settings = await read_attribution_settings(conn)
    rows = await conn.fetch(_LINES, order_id)
    if not rows:
        raise NotFound(f"There is no order {order_id!r}.")
    credits = await list_credits(conn, [order_id], settings)
    return [_explain_line(row, credits.get((order_id, row["line_id"]))) for row in rows]


async def explain_event(conn: Connection, event_id: str) -> EventReason:
    """Raises NotFound."""
    settings = await read_attribution_settings(conn)
    event = await conn.fetchrow(_EVENT, event_id)
    if event is None:
        raise NotFound(f"There is no event {event_id!r}.")
    code = _find_fault(event, settings)
    if code is not None:
        return _reason(code)
    rows = await conn.fetch(_BOUGHT, event_id, MOST_LINES)
    code = _find_no_order(rows, event, settings)
    if code is not None:
        return _reason(code)
    return await _judge(conn, event, rows, settings)


def _explain_line(row: Row, credit: Credit | None) -> LineReason:
    code = CREDITED[credit.type] if credit is not None else _why_not(row)
    earned = None if credit is None else _earned(credit)
    return LineReason(row["line_id"], row["product_id"], code, SENTENCES[code], earned)


def _why_not(row: Row) -> Code:
    faults: Sequence[tuple[bool, Code]] = (
        (row["status"] == "cancelled", "cancelled"),
        (row["status"] == "returned", "returned"),
        (row["guest"], "guest"),
        (row["before"], "too_early"),
        (row["after"], "after_the_order"),
        (row["bad_token"], "bad_token"),
        (row["no_token"], "no_token"),
    )
    return next((code for fault, code in faults if fault), "nothing_done")


def _find_fault(event: Row, settings: AttributionSettings) -> Code | None:
    """What about the event itself lets it earn nothing."""
    faults: Sequence[tuple[bool, Code]] = (
        (event["type"] not in DEEDS, "not_a_deed"),
        (event["shown_state"] is None, "no_token"),
        (event["shown_state"] == "wrong", "wrong"),
        (event["shown_state"] == "other_time", "other_time"),
        (event["shown_state"] == "other_product", "other_product"),
        (event["type"] == "impression" and not settings.view_days, "views_not_counted"),
        (event["known"], "not_bought"),
        (event["told_shopper"] is not None, "shopper_unknown"),
        (event["by_visitor"], "browser_not_linked"),
    )
    code: Code = next((code for fault, code in faults if fault), "nobody")
    return None if code == "not_bought" else code


def _find_no_order(rows: Sequence[Row], event: Row, settings: AttributionSettings) -> Code | None:
    """What about the orders of whose it is lets it earn nothing."""
    since = [row for row in rows if row["ordered_at"] >= event["occurred_at"]]
    if not since:
        return "bought_before" if rows else "not_bought"
    within = _within(since, event, settings)
    if not within:
        return "bought_too_late"
    return "order_ended" if all(row["status"] in ENDED for row in within) else None


async def _judge(conn: Connection, event: Row, rows: Sequence[Row], settings: AttributionSettings) -> EventReason:
    within = {(row["order_id"], row["line_id"]) for row in _within(rows, event, settings)}
    credits = await list_credits(conn, sorted({order_id for order_id, _ in within}), settings)
    found = [credit for key, credit in sorted(credits.items()) if key in within]
    own = [_earned(one) for one in found if one.event_id == event["event_id"]]
    others = [_earned(one) for one in found if one.event_id != event["event_id"]]
    code: Code = CREDITED[event["type"]] if own else "overtaken"
    return EventReason(code, SENTENCES[code], own, others)


def _within(rows: Sequence[Row], event: Row, settings: AttributionSettings) -> list[Row]:
    days = settings.view_days if event["type"] == "impression" else settings.click_days
    began_at = event["occurred_at"]
    return [row for row in rows if began_at <= row["ordered_at"] <= began_at + timedelta(days=days)]


def _reason(code: Code) -> EventReason:
    return EventReason(code, SENTENCES[code], (), ())


def _earned(credit: Credit) -> Earned:
    return Earned(credit.order_id, credit.line_id, credit.event_id, credit.placement, credit.occurred_at)


# What is good and not credited lies before or after; what is not good belongs to no browser's shopper.
_LINES = f"""
with {DID.format(which=done_before("order_id = $1"))}, {WHOSE}
select line_id, product_id, status, shopper_id is null as guest,
    exists (
        select from whose
        where person_id = orders.shopper_id and whose.product_id = order_lines.product_id and occurred_at <= ordered_at
    ) as before,
    exists (
        select from whose
        where person_id = orders.shopper_id and whose.product_id = order_lines.product_id and occurred_at > ordered_at
    ) as after,
    exists (
        select from events
        where events.shopper_id = orders.shopper_id and events.product_id = order_lines.product_id
            and type in {DEEDS} and shown_state <> 'good'
    ) as bad_token,
    exists (
        select from events
        where events.shopper_id = orders.shopper_id and events.product_id = order_lines.product_id
            and type in {DEEDS} and shown_state is null
    ) as no_token
from orders
join order_lines using (tenant_id, order_id)
where order_id = $1
order by length(line_id), line_id
"""

_EVENT = f"""
with {DID.format(which="event_id = $1")}, {WHOSE}
select event_id, type, occurred_at, shown_state, told_shopper, by_visitor, exists (select from whose) as known
from events
where event_id = $1
"""

_BOUGHT = f"""
with {DID.format(which="event_id = $1")}, {WHOSE}
select order_id, line_id, ordered_at, status
from whose
join orders on shopper_id = person_id
join order_lines using (order_id, product_id)
order by ordered_at < occurred_at, ordered_at, order_id, line_id
limit $2
"""
