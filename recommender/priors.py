"""Priors: which product types are bought in a vertical, for a shop that has no purchases of its own yet.

Learned from tenants that agreed, each read in its own transaction. Of a type one number is published, and only when
three tenants with ten shoppers each stand behind it: nothing of a shopper, product or tenant. Tenants count the same.
"""

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from statistics import median

from infra.clock import Clock
from infra.database import Connection, Database
from tenants.accounts import list_tenants
from tenants.verticals import normalised, read_vertical

WINDOW_DAYS = 90
MIN_TENANTS = 3
MIN_SHOPPERS = 10
"""Different shoppers that a tenant needs behind a type."""
MOST_TIMES_MEDIAN = 2.0
"""No tenant's share of a type counts for more than so many times the middle one's."""
STEPS_AN_OCTAVE = 2
"""Published shares are powers of two to the half: today's less yesterday's does not tell what a newcomer brought."""


@dataclass(frozen=True, slots=True)
class Part:
    """What one tenant brings: its vertical, and for each type that enough shoppers bought, the share of purchases."""

    vertical: str
    shares: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Prior:
    """A type in a vertical."""

    vertical: str
    item_type: str
    share: float
    """Of the purchases in a usual shop that sells the type, rounded. The shares of a vertical need not add up to 1."""
    tenants: int


async def read_prior(conn: Connection) -> Mapping[str, float]:
    """Item type (the last category, see `item_type`) → share of purchases in the tenant's vertical; {} without one.

    Older than a day and an hour it does not count: whoever took its part out is out by then, also when the job fails.
    """
    return {row["item_type"]: row["share"] for row in await conn.fetch(_READ)}


def item_type(categories: Sequence[str]) -> str | None:
    """A product's type as the priors name it: its last category, in lower case and without spare space."""
    return normalised(categories[-1]) or None if categories else None


async def learn_priors(db: Database, clock: Clock) -> int:
    """Compute all verticals anew and replace what was published; returns how many types are."""
    async with db.system() as conn:
        tenants = await list_tenants(conn)
    parts = list[Part]()
    for tenant in tenants:
        async with db.tenant(tenant.tenant_id) as conn:
            part = await read_part(conn, now=clock())
        if part is not None:
            parts.append(part)
    priors = publishable(parts)
    async with db.system() as conn:
        await _replace(conn, priors)
    return len(priors)


async def read_part(conn: Connection, *, now: datetime) -> Part | None:
    """The transaction's tenant's; None when it has not agreed to share."""
    settings = await read_vertical(conn)
    if not settings.shares_statistics:
        return None
    types = {row["name"]: normalised(row["name"]) for row in await conn.fetch(_TYPES) if row["name"].strip()}
    rows = await conn.fetch(_BOUGHT, list(types), list(types.values()), now - timedelta(days=WINDOW_DAYS), now)
    total = sum(row["lines"] for row in rows)
    return Part(
        settings.vertical,
        {
            row["item_type"]: row["lines"] / total
            for row in rows
            if row["shoppers"] >= MIN_SHOPPERS and row["item_type"]
        },
    )


def publishable(parts: Iterable[Part]) -> list[Prior]:
    """What enough tenants stand behind, averaged with the same weight for each."""
    shares: dict[tuple[str, str], list[float]] = defaultdict(list)
    for part in parts:
        for name, share in part.shares.items():
            shares[part.vertical, name].append(share)
    return [
        Prior(vertical, name, _rounded(_mean(each)), len(each))
        for (vertical, name), each in sorted(shares.items())
        if len(each) >= MIN_TENANTS
    ]


def _mean(shares: Sequence[float]) -> float:
    """Of the shares, none counted for more than twice the middle one."""
    most = MOST_TIMES_MEDIAN * median(shares)
    return sum(min(share, most) for share in shares) / len(shares)


def _rounded(share: float) -> float:
    return min(1.0, 2 ** (round(STEPS_AN_OCTAVE * math.log2(share)) / STEPS_AN_OCTAVE))


async def _replace(conn: Connection, priors: Sequence[Prior]) -> None:
    await conn.execute("delete from vertical_priors")
    await conn.execute(
        """
        insert into vertical_priors (vertical, item_type, share, tenants)
        select *
        from unnest($1::text[], $2::text[], $3::double precision[], $4::integer[])
        """,
        [one.vertical for one in priors],
        [one.item_type for one in priors],
        [one.share for one in priors],
        [one.tenants for one in priors],
    )


_READ = """
select p.item_type, p.share
from vertical_settings v
join vertical_priors p using (vertical)
where p.computed_at > now() - interval '25 hours'
"""

_TYPES = """
select distinct categories[array_upper(categories, 1)] as name
from products
where deleted_at is null and cardinality(categories) > 0
"""

# Who does not want to be recognised is left out, as in training.
_BOUGHT = """
with decided as (
    select distinct on (shopper_id) shopper_id, granted
    from consents
    where purpose = 'personalisation'
    order by shopper_id, at desc, consent_id desc
), typed as (
    select p.product_id, t.item_type
    from unnest($1::text[], $2::text[]) as t (name, item_type)
    join products p on p.categories[array_upper(p.categories, 1)] = t.name and p.deleted_at is null
)
select t.item_type, count(*) as lines, count(distinct o.shopper_id) as shoppers
from orders o
join order_lines l on l.tenant_id = o.tenant_id and l.order_id = o.order_id
join typed t on t.product_id = l.product_id
left join decided d on d.shopper_id = o.shopper_id
where o.ordered_at >= $3
    and o.ordered_at < $4
    and o.status not in ('cancelled', 'returned')
    and o.shopper_id is not null
    and coalesce(d.granted, (select personalised_by_default from privacy_settings), true)
group by t.item_type
"""
