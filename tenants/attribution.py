"""Attribution: which order lines a placement earned, worked out from the record as it stands whenever it is asked.

A line's credit is the last click on its product by whoever bought it, up to `click_days` before; if there is none, the
last add to the cart; if there is none, and apart from the others, the last time that they saw it, up to `view_days`
before. Nothing is kept, so that it does not matter what was told first.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from infra.database import Connection
from tenants.attribution_settings import AttributionSettings

DEEDS = ("click", "cart", "impression")
"""Types of events that can earn a sale, the strongest first."""
ENDED = ("cancelled", "returned")
"""Order states that earn nothing."""


@dataclass(frozen=True, slots=True)
class Credit:
    """A line and what earned it."""

    order_id: str
    line_id: str
    event_id: str
    type: str
    occurred_at: datetime
    placement: str


async def list_credits(
    conn: Connection, order_ids: Sequence[str], settings: AttributionSettings
) -> dict[tuple[str, str], Credit]:
    """Those of these orders' lines that have one, by order and line."""
    rows = await conn.fetch(_CREDITS_OF, list(order_ids), settings.click_days, settings.view_days)
    return {(row["order_id"], row["line_id"]): Credit(**row) for row in rows}


DID = f"""
did as (
    select event_id, type, occurred_at, product_id, placement, told_shopper, visitor_id, by_visitor,
        shopper_id as named_id
    from events
    where shown_state = 'good' and type in {DEEDS} and {{which}}
)
"""

# Once for each person whose it is. A browser's deeds are of everybody whom the merchant's server named for it: who
# signed in first says nothing of who bought.
WHOSE = """
whose as (
    select did.*, named_id as person_id
    from did
    where told_shopper is null and not by_visitor and named_id is not null
    union all
    select did.*, coalesce(merged_into, shopper_id)
    from did
    join shoppers on external_id = told_shopper
    union all
    select distinct did.*, coalesce(merged_into, shopper_id)
    from did
    join shopper_identifiers on kind = 'visitor' and value = visitor_id
    join shoppers using (shopper_id)
    where by_visitor
)
"""

SOLD = f"""
sold as (
    select order_id, line_id, product_id, shopper_id as person_id, ordered_at, currency, quantity as units,
        quantity::numeric * unit_price_minor - discount_minor as revenue_minor
    from orders
    join order_lines using (tenant_id, order_id)
    where status not in {ENDED} and {{which}}
)
"""

CREDITS = """
credits as (
    select distinct on (order_id, line_id) sold.*, event_id, type, occurred_at, placement
    from sold
    join whose using (person_id, product_id)
    where occurred_at <= ordered_at
        and occurred_at >= ordered_at - make_interval(
            hours => 24 * case type when 'impression' then $4::integer else $3::integer end
        )
        and (type <> 'impression' or $4::integer > 0)
    order by order_id, line_id, case type when 'click' then 1 when 'cart' then 2 else 3 end, occurred_at desc, event_id
)
"""
"""$3: click_days, $4: view_days."""


def done_before(orders: str) -> str:
    """Which events may have earned these orders (a condition): what their buyers did with what is in them, and what was
    done in the buyers' browsers, also by who signed in there first. A product may have been seen millions of times:
    arrays and no subqueries, so that each kind is found by its index."""
    buyers = f"array(select shopper_id from orders where {orders} and shopper_id is not null)"
    ids = f"""array(
        select external_id from shoppers where shopper_id = any({buyers}) or merged_into = any({buyers})
    )"""
    browsers = f"""array(
        select value from shopper_identifiers join shoppers using (tenant_id, shopper_id)
        where kind = 'visitor' and (shopper_id = any({buyers}) or merged_into = any({buyers}))
    )"""
    users = f"""array(
        select coalesce(merged_into, shopper_id) from shopper_identifiers join shoppers using (tenant_id, shopper_id)
        where kind = 'visitor' and value = any({browsers})
    )"""
    return f"""
        product_id = any(array(select product_id from order_lines where {orders}))
        and (
            events.shopper_id = any({buyers})
            or events.shopper_id = any({users})
            or told_shopper = any({ids})
            or (events.shopper_id is null and visitor_id = any({browsers}))
        )
    """


_ORDERS = "order_id = any($1::text[])"
_CREDITS_OF = f"""
with {DID.format(which=done_before(_ORDERS))}, {WHOSE}, {SOLD.format(which=_ORDERS)},
{CREDITS.replace("$3", "$2").replace("$4", "$3")}
select order_id, line_id, event_id, type, occurred_at, placement
from credits
"""
