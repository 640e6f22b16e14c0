"""Experiment subjects: who saw an arm, from the first time on, and what they bought in the days that followed."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from infra.database import Connection
from infra.ids import new_id
from tenants.named import Named, follow_named, name_shoppers
from tenants.suppression import Kind, Suppressed, find_suppressed


@dataclass(frozen=True, slots=True)
class Exposure:
    """One subject saw the arm that was given to them."""

    experiment_id: str
    digest: bytes
    """16 bytes, of the subject: see `recommender.serving.experiments`."""
    arm: str
    at: datetime


@dataclass(frozen=True, slots=True)
class ArmOutcome:
    """What the people of an arm did. Money in the shop's currency, in minor units, goods after discounts."""

    arm: str
    """The one they saw first."""
    assigned: int
    """People, those who saw another arm too among them."""
    crossed: int
    """Of these, people who saw another arm too; they are in no figure below."""
    complete: int
    """The others whose window is over."""
    buyers: int
    """Of the complete ones, who bought in their window."""
    buyer_variance: float
    revenue_minor: int
    revenue_variance: float


async def record_exposures(
    conn: Connection, exposures: Sequence[Exposure], *, shopper: str | None, visitor: str | None
) -> int:
    """Record who saw what, each subject of an experiment once, the earliest time kept; returns how many are new.

    What the browser saw while nobody was known there becomes the shopper's, with no exposure too. What an erased
    person's browser tells is left out. Call it before a transaction's first write; experiments must differ.
    """
    said: tuple[tuple[Kind, str | None], ...] = (("external_id", shopper), ("visitor", visitor))
    if await find_suppressed(conn, {(kind, value) for kind, value in said if value is not None}):
        return 0
    named = None if shopper is None else (await name_shoppers(conn, [shopper])).get(shopper)
    new = [] if not exposures else await _insert(conn, exposures, named, shopper, visitor)
    if shopper is not None and visitor is not None:
        rows = await conn.fetch(_NAME, visitor, None if named is None else named.shopper_id, shopper)
        await _follow(conn, [row["subject_id"] for row in rows], named)
    return len(new)


async def _insert(
    conn: Connection, exposures: Sequence[Exposure], named: Named | None, shopper: str | None, visitor: str | None
) -> list[UUID]:
    """The new ones."""
    rows = await conn.fetch(
        _RECORD,
        [new_id() for _ in exposures],
        [one.experiment_id for one in exposures],
        [one.digest for one in exposures],
        [one.arm for one in exposures],
        [one.at for one in exposures],
        None if named is None else named.shopper_id,
        shopper if named is None else None,
        visitor,
    )
    new = [row["subject_id"] for row in rows if row["created"]]
    await _follow(conn, new, named)
    return new


async def _follow(conn: Connection, subject_ids: Sequence[UUID], named: Named | None) -> None:
    await follow_named(conn, "experiment_subjects", ((str(one), named) for one in subject_ids))


async def forget_subjects(conn: Connection, *, shoppers: Sequence[str], visitors: Sequence[str]) -> int:
    """Delete what is held under these ids alone, of people whom the record does not know; returns how many rows."""
    forgotten: int = await conn.fetchval(_FORGET, list(shoppers), list(visitors))
    return forgotten


async def forget_returned_subjects(conn: Connection, suppressed: Suppressed) -> int:
    """The same for whoever was erased and came back, as by the restore of a backup."""
    rows = await conn.fetch(_UNKNOWN)
    shoppers = {row["told_shopper"] for row in rows if row["told_shopper"] is not None}
    visitors = {row["visitor_id"] for row in rows if row["visitor_id"] is not None}
    return await forget_subjects(
        conn,
        shoppers=[one for one in shoppers if suppressed.holds("external_id", one)],
        visitors=[one for one in visitors if suppressed.holds("visitor", one)],
    )


async def read_outcomes(
    conn: Connection, experiment_id: str, *, window: timedelta, now: datetime
) -> dict[str, ArmOutcome]:
    """By arm, for those that somebody saw. About a second for a million subjects."""
    rows = await conn.fetch(_OUTCOMES, experiment_id, window, now)
    return {row["arm"]: ArmOutcome(**row) for row in rows}


async def read_currency(conn: Connection) -> str:
    """The one in which the shop's outcomes are told."""
    currency: str = await conn.fetchval("select currency from tenants where tenant_id = current_tenant()")
    return currency


_RECORD = """
insert into experiment_subjects as known
    (subject_id, experiment_id, digest, arm, exposed_at, shopper_id, told_shopper, visitor_id)
select seen.*, $6::uuid, $7::text, $8::text
from unnest($1::uuid[], $2::text[], $3::bytea[], $4::text[], $5::timestamptz[])
    as seen (subject_id, experiment_id, digest, arm, exposed_at)
join experiments using (experiment_id)
order by experiment_id collate "C"
on conflict (tenant_id, experiment_id, digest) do update
set exposed_at = least(known.exposed_at, excluded.exposed_at),
    visitor_id = coalesce(known.visitor_id, excluded.visitor_id)
where excluded.exposed_at < known.exposed_at or (known.visitor_id is null and excluded.visitor_id is not null)
returning subject_id, xmax = 0 as created
"""

_NAME = """
update experiment_subjects
set shopper_id = $2, told_shopper = case when $2::uuid is null then $3 end
where visitor_id = $1 and shopper_id is null and coalesce(told_shopper, $3) = $3
returning subject_id
"""

_FORGET = """
with done as (
    delete from experiment_subjects
    where shopper_id is null and (told_shopper = any($1::text[]) or visitor_id = any($2::text[]))
    returning true
)
select count(*) from done
"""

_UNKNOWN = """
select distinct told_shopper, visitor_id
from experiment_subjects
where shopper_id is null
"""

# A person is a shopper with all their browsers, else a browser. A browser is the shopper's who was named for it first.
_OUTCOMES = """
with seen as (
    select subjects.arm, subjects.exposed_at, subjects.visitor_id, subjects.told_shopper,
        coalesce(subjects.shopper_id, told.shopper_id, named.shopper_id) as shopper_id
    from experiment_subjects as subjects
    left join lateral (
        select coalesce(merged_into, shoppers.shopper_id) as shopper_id
        from shoppers
        where external_id = subjects.told_shopper
    ) as told on subjects.shopper_id is null
    left join lateral (
        select coalesce(merged_into, shoppers.shopper_id) as shopper_id
        from shopper_identifiers
        join shoppers using (tenant_id, shopper_id)
        where kind = 'visitor' and value = subjects.visitor_id
        order by shopper_identifiers.created_at, shoppers.shopper_id
        limit 1
    ) as named on subjects.shopper_id is null and subjects.told_shopper is null
    where experiment_id = $1
),
people as (
    select shopper_id, min(exposed_at) as exposed_at, (array_agg(arm order by exposed_at, arm))[1] as arm,
        count(distinct arm) > 1 as crossed
    from seen
    group by shopper_id, case when shopper_id is null then coalesce('s' || told_shopper, 'v' || visitor_id) end
),
results as (
    select people.arm, people.crossed, not people.crossed and people.exposed_at + $2 <= $3 as complete,
        (bought.revenue_minor is not null)::integer as buyer, coalesce(bought.revenue_minor, 0) as revenue_minor
    from people
    left join lateral (
        select sum(greatest(quantity::numeric * unit_price_minor - discount_minor, 0)) as revenue_minor
        from orders
        join order_lines using (tenant_id, order_id)
        where orders.shopper_id = people.shopper_id and ordered_at >= people.exposed_at
            and ordered_at < people.exposed_at + $2 and status not in ('cancelled', 'returned')
            and orders.currency = (select currency from tenants where tenant_id = current_tenant())
    ) as bought on people.shopper_id is not null
)
select arm, count(*) as assigned, count(*) filter (where crossed) as crossed,
    count(*) filter (where complete) as complete,
    coalesce(sum(buyer) filter (where complete), 0) as buyers,
    coalesce(var_samp(buyer) filter (where complete), 0)::double precision as buyer_variance,
    least(coalesce(sum(revenue_minor) filter (where complete), 0), 9e18)::bigint as revenue_minor,
    coalesce(var_samp(revenue_minor) filter (where complete), 0)::double precision as revenue_variance
from results
group by arm
"""
