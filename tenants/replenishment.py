"""Replenishment: what a shopper bought and may need again, and what they said of being reminded of it."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Literal
from uuid import UUID

from infra.database import Connection
from infra.errors import NotFound
from infra.ids import new_id
from tenants.merges import forget_moves
from tenants.named import Named, follow_named

HISTORY = timedelta(days=730)
"""What was bought before says little of today's household."""
MOST_PRODUCTS = 200
"""Of one shopper, those bought most often."""
MOST_UNITS = 10**9
"""Of a day, told as no more: an integer of Postgres holds them."""
LEAST_SHOPPERS = 5
"""Fewer buyers' habits are not put together: the sum would tell of each."""
RETURNS_WITHIN = timedelta(days=60)
"""Who bought for the first time later than that may come back yet, and says nothing."""

Act = Literal["snooze", "stop"]


class NotBought(NotFound):
    """The shopper has bought no such product."""

    code = "not_bought"
    hint = "Name a product as again:list does: one that this shopper bought in the last two years."


@dataclass(frozen=True, slots=True)
class Bought:
    """One product in a shopper's history, what is made to order left out. Days are days of UTC."""

    product_id: str
    variant_id: str | None
    """Of the last purchase."""
    days: Sequence[date]
    """Ascending; what was bought on one day is one purchase."""
    units: Sequence[int]
    bought_at: datetime
    """The last one."""


@dataclass(frozen=True, slots=True)
class Choice:
    """What the shopper said of a product last."""

    product_id: str
    act: Act
    said_at: datetime
    until: datetime | None
    """Of a snooze: when it ends."""


@dataclass(frozen=True, slots=True)
class PoolRow:
    """What the buyers of a product have in common, as `pool_consumption` found it."""

    product_id: str
    shoppers: int
    returning_share: float
    mean_days: float
    variance: float
    mean_inverse_units: float
    scatter: float
    weight: float


async def list_bought(conn: Connection, shopper_id: UUID, *, now: datetime) -> Sequence[Bought]:
    """What was bought most often first; cancelled and returned orders do not count."""
    rows = await conn.fetch(_BOUGHT, shopper_id, now - HISTORY, MOST_PRODUCTS)
    return [Bought(**row) for row in rows]


async def read_choices_of(conn: Connection, shopper_id: UUID) -> Mapping[str, Choice]:
    """By product, the newest."""
    rows = await conn.fetch(_CHOICES, shopper_id)
    return {row["product_id"]: Choice(**row) for row in rows}


async def read_pools(conn: Connection, product_ids: Collection[str]) -> Mapping[str, PoolRow]:
    """Of the products that have one."""
    rows = await conn.fetch(_POOLS, list(product_ids))
    return {row["product_id"]: PoolRow(**row) for row in rows}


async def choose(
    conn: Connection, named: Named, product_id: str, act: Act, *, until: datetime | None = None, now: datetime
) -> Choice:
    """Keep it in place of what was said before. The shopper is held. Raises NotBought."""
    if not await conn.fetchval(_HAS_BOUGHT, named.shopper_id, product_id, now - HISTORY):
        raise NotBought(f"This shopper has not bought {product_id!r}.")
    await undo_choice(conn, named.shopper_id, product_id)
    choice_id = new_id()
    await conn.execute(_CHOOSE, choice_id, named.shopper_id, product_id, act, now, until)
    await follow_named(conn, "replenishment_choices", [(str(choice_id), named)])
    return Choice(product_id, act, now, until)


async def undo_choice(conn: Connection, shopper_id: UUID, product_id: str) -> bool:
    """As if nothing had been said; returns whether something had."""
    gone = [str(row["choice_id"]) for row in await conn.fetch(_UNDO, shopper_id, product_id)]
    await forget_moves(conn, "replenishment_choices", gone)
    return bool(gone)


async def pool_consumption(conn: Connection, *, now: datetime) -> int:
    """Put together anew how long products last with all shoppers who may be recognised; returns how many products.

    Reads every order line of two years once: some seconds a million. For a job, and harmless to repeat.
    """
    await conn.execute("set local statement_timeout = '30min'; set local enable_nestloop = off")
    await conn.execute("delete from consumption_pools")
    pooled: int = await conn.fetchval(_POOL, now - HISTORY, now - RETURNS_WITHIN, LEAST_SHOPPERS)
    return pooled


# A line that was made to order is left out: it cannot be put into a cart as it was.
_LINES = """
select orders.shopper_id, order_lines.product_id, (ordered_at at time zone 'UTC')::date as day, ordered_at,
    order_lines.quantity, order_lines.variant_id
from orders
join order_lines using (tenant_id, order_id)
where status not in ('cancelled', 'returned')
    and not exists (
        select
        from made_lines
        where (made_lines.tenant_id, made_lines.order_id, made_lines.line_id)
            = (order_lines.tenant_id, order_lines.order_id, order_lines.line_id)
    )
"""

_BOUGHT = f"""
with daily as (
    select product_id, day, least(sum(quantity), {MOST_UNITS})::integer as units, max(ordered_at) as bought_at,
        (array_agg(variant_id order by ordered_at desc))[1] as variant_id
    from ({_LINES} and orders.shopper_id = $1 and ordered_at >= $2) lines
    group by product_id, day
)
select product_id, (array_agg(variant_id order by day desc))[1] as variant_id, array_agg(day order by day) as days,
    array_agg(units order by day) as units, max(bought_at) as bought_at
from daily
group by product_id
order by count(*) desc, max(bought_at) desc, product_id collate "C"
limit $3
"""

_HAS_BOUGHT = f"select exists ({_LINES} and orders.shopper_id = $1 and product_id = $2 and ordered_at >= $3)"

_CHOICES = """
select distinct on (product_id) product_id, act, said_at, until
from replenishment_choices
where shopper_id = $1
order by product_id, said_at desc, choice_id desc
"""

_CHOOSE = """
insert into replenishment_choices (choice_id, shopper_id, product_id, act, said_at, until)
values ($1, $2, $3, $4, $5, $6)
"""

_UNDO = "delete from replenishment_choices where shopper_id = $1 and product_id = $2 returning choice_id"

_POOLS = """
select product_id, shoppers, returning_share, mean_days, variance, mean_inverse_units, scatter, weight
from consumption_pools
where product_id = any($1::text[])
"""

# Per shopper and product: the units used (all but the last purchase's), the days that they took, and what the formulas
# of `recommender.replenishment.Pool` come to over the gaps, multiplied out. Whoever objects to being recognised is not
# learned from.
_POOL = f"""
with decided as (
    select distinct on (shopper_id) shopper_id, granted
    from consents
    where purpose = 'personalisation'
    order by shopper_id, at desc, consent_id desc
), daily as (
    select lines.shopper_id, product_id, day, sum(quantity)::double precision as units
    from ({_LINES} and orders.shopper_id is not null and ordered_at >= $1) lines
    left join decided using (shopper_id)
    where coalesce(granted, (select personalised_by_default from privacy_settings), true)
    group by lines.shopper_id, product_id, day
), gaps as (
    select shopper_id, product_id, day, units,
        (lead(day) over (partition by shopper_id, product_id order by day) - day)::double precision as days
    from daily
), pairs as (
    select product_id, min(day) as first_day, count(days) as gaps, sum(units) filter (where days is not null) as used,
        sum(days) as took, sum(days * days) as days_2, sum(days * units) as days_units,
        sum(units * units) filter (where days is not null) as units_2
    from gaps
    group by shopper_id, product_id
), pools as (
    select product_id, count(*) filter (where gaps > 0) as shoppers,
        count(*) filter (where gaps > 0)::double precision
            / greatest(count(*) filter (where gaps > 0 or first_day < $2::timestamptz), 1) as returning_share,
        avg(took / used) as mean_days, coalesce(var_samp(took / used), 0) as variance,
        avg(1 / used) as mean_inverse_units,
        sum(greatest(days_2 * (used / took) ^ 2 - 2 * days_units * used / took + units_2, 0)) as scatter,
        sum(greatest(used - units_2 / used, 0)) as weight
    from pairs
    group by product_id
), stored as (
    insert into consumption_pools
        (product_id, shoppers, returning_share, mean_days, variance, mean_inverse_units, scatter, weight)
    select product_id, shoppers, returning_share, mean_days, variance, mean_inverse_units, scatter, weight
    from pools
    where shoppers >= $3
    returning true
)
select count(*) from stored
"""
