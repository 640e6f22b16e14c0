"""Attribution report: what shoppers did with what they were shown, and what they bought of it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal, get_args

from infra.database import Connection
from tenants.attribution import CREDITS, DEEDS, DID, SOLD, WHOSE
from tenants.attribution_settings import AttributionSettings, read_attribution_settings

Side = Literal["placement", "day", "product"]
SIDES: tuple[Side, ...] = get_args(Side)
MOST_ROWS = 10_000
"""Of a table; the greatest are shown."""
MOST_MINOR = 9 * 10**18


@dataclass(frozen=True, slots=True)
class DeedsRow:
    """What shoppers did. The same by the same browser or shopper with the same token counts once."""

    key: str
    impressions: int
    clicks: int
    adds: int


@dataclass(frozen=True, slots=True)
class SalesRow:
    """What was bought after a click or an add, and apart from it what was only seen before."""

    key: str
    currency: str
    clicked_orders: int
    clicked_units: int
    clicked_revenue_minor: int
    viewed_orders: int
    viewed_units: int
    viewed_revenue_minor: int


@dataclass(frozen=True, slots=True)
class SoldRow:
    """All that was bought, whatever earned it."""

    currency: str
    orders: int
    units: int
    revenue_minor: int


@dataclass(frozen=True, slots=True)
class Period:
    """Days of the shop's own time zone, as moments."""

    time_zone: str
    begins_at: datetime
    ends_at: datetime


@dataclass(frozen=True, slots=True)
class Report:
    """Three tables. A total's key is empty; a day's key is the day."""

    period: Period
    settings: AttributionSettings
    deeds: Sequence[DeedsRow]
    deeds_total: DeedsRow
    sales: Sequence[SalesRow]
    sales_totals: Sequence[SalesRow]
    """One a currency. An order with lines of two placements is one order here and one in each of theirs."""
    sold: Sequence[SoldRow]


async def read_report(conn: Connection, *, first: date, last: date, by: Side) -> Report:
    """`first` and `last` are days of the shop's time zone, both included. Deeds count on the day when they were done,
    sales on the day of the order."""
    settings, period = await read_attribution_settings(conn), await _read_period(conn, first, last)
    span = period.begins_at, period.ends_at
    deeds = [DeedsRow(**row) for row in await conn.fetch(_deeds(by), *span, period.time_zone)]
    sales = [
        SalesRow(**row)
        for row in await conn.fetch(_sales(by), *span, settings.click_days, settings.view_days, period.time_zone)
    ]
    return Report(
        period,
        settings,
        deeds=[row for row in deeds if row.key],
        deeds_total=next(row for row in deeds if not row.key),
        sales=[row for row in sales if row.key],
        sales_totals=[row for row in sales if not row.key],
        sold=[SoldRow(**row) for row in await conn.fetch(_SOLD, *span)],
    )


async def _read_period(conn: Connection, first: date, last: date) -> Period:
    row = await conn.fetchrow(_PERIOD, first, last)
    assert row is not None
    return Period(**row)


def _key(by: Side, moment: str, zone: str) -> str:
    return {"placement": "placement", "product": "product_id", "day": f"({moment} at time zone {zone})::date::text"}[by]


def _deeds(by: Side) -> str:
    order = "key" if by == "day" else "clicks desc, impressions desc, key"
    return _DEEDS.format(key=_key(by, "occurred_at", "$3"), order=order)


def _sales(by: Side) -> str:
    order = "key, currency" if by == "day" else "clicked_revenue_minor desc, viewed_revenue_minor desc, key, currency"
    return _SALES.format(key=_key(by, "ordered_at", "$5"), order=order)


_PERIOD = """
select time_zone, $1::date::timestamp at time zone time_zone as begins_at,
    ($2::date + 1)::timestamp at time zone time_zone as ends_at
from tenants
where tenant_id = current_tenant()
"""

# A token is one placement's, product's, position's, day's: who does the same with it again does it once.
_DEEDS = f"""
with once as (
    select distinct on (
            coalesce(told_shopper, case when by_visitor then visitor_id else shopper_id::text end, event_id), type,
            product_id, placement, position, strategy, shown_source, shown_on, experiment_id, arm_id
        )
        type, occurred_at, product_id, placement
    from events
    where shown_state = 'good' and type in {DEEDS} and occurred_at >= $1 and occurred_at < $2
    order by coalesce(told_shopper, case when by_visitor then visitor_id else shopper_id::text end, event_id), type,
        product_id, placement, position, strategy, shown_source, shown_on, experiment_id, arm_id, occurred_at, event_id
),
keyed as (
    select type, {{key}} as key
    from once
    where $3::text is not null
)
select coalesce(key, '') as key, count(*) filter (where type = 'impression') as impressions,
    count(*) filter (where type = 'click') as clicks, count(*) filter (where type = 'cart') as adds
from keyed
group by grouping sets ((key), ())
order by grouping(key) desc, {{order}}
limit {MOST_ROWS + 1}
"""

_OF_TIME = (
    "occurred_at >= $1::timestamptz - make_interval(hours => 24 * greatest($3::integer, $4::integer))"
    " and occurred_at < $2::timestamptz"
)
_ORDERED = "ordered_at >= $1 and ordered_at < $2"


def _sums(name: str, where: str) -> str:
    return f"""
    count(distinct order_id) filter (where {where}) as {name}_orders,
    coalesce(sum(units) filter (where {where}), 0)::bigint as {name}_units,
    least(coalesce(sum(revenue_minor) filter (where {where}), 0), {MOST_MINOR})::bigint as {name}_revenue_minor"""


_SALES = f"""
with {DID.format(which=_OF_TIME)}, {WHOSE}, {SOLD.format(which=_ORDERED)}, {CREDITS},
keyed as (
    select order_id, currency, units, revenue_minor, type, {{key}} as key
    from credits
    where $5::text is not null
)
select coalesce(key, '') as key, currency,{_sums("clicked", "type <> 'impression'")},
    {_sums("viewed", "type = 'impression'")}
from keyed
group by grouping sets ((key, currency), (currency))
order by grouping(key) desc, {{order}}
limit {MOST_ROWS}
"""

_SOLD = f"""
with {SOLD.format(which=_ORDERED)}
select currency, count(distinct order_id) as orders, coalesce(sum(units), 0)::bigint as units,
    least(coalesce(sum(revenue_minor), 0), {MOST_MINOR})::bigint as revenue_minor
from sold
group by currency
order by currency
"""
