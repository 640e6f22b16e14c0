"""Upcoming charges: which saved cards are charged in the next days, so that nobody is charged without a word."""

from datetime import datetime

from infra.database import Connection
from tenants.charge_schedule import CHARGE_HOUR
from tenants.notices import Told, read_notice_settings, write_notices

AT_ONCE = 500


async def announce_charges(conn: Connection, *, now: datetime) -> int:
    """Write the notices that are due; returns how many. Call again until there is none.

    A card is charged on the day that its shopper chose, else when the campaign ends; where that is when all is sold,
    no day is known before. A day that moves is told again.
    """
    days = (await read_notice_settings(conn)).upcoming_days
    rows = await conn.fetch(_DUE, now, days, CHARGE_HOUR, AT_ONCE)
    told = [Told(row["preorder_id"], "upcoming_charge", str(row["day"])) for row in rows]
    return await write_notices(conn, told, now=now)


async def has_charges_to_announce(conn: Connection, *, now: datetime) -> bool:
    days = (await read_notice_settings(conn)).upcoming_days
    return bool(await conn.fetch(_DUE, now, days, CHARGE_HOUR, 1))


_DUE = """
select preorder_id, day
from preorders
join campaigns using (tenant_id, campaign_id)
join tenants using (tenant_id)
cross join lateral (
    select case
        when charge_on is not null then (charge_on + make_interval(hours => $3)) at time zone time_zone
        when state in ('scheduled', 'early_access', 'open', 'paused', 'closed') then ends_at
    end as charged_at
) as charge
cross join lateral (select (charged_at at time zone time_zone)::date as day) as local
where payment in ('card_saved', 'deposit_paid') and fulfilment in ('joined', 'confirmed')
    and total_minor > paid_minor and charged_at > $1 and charged_at - make_interval(days => $2) <= $1
    and not exists (
        select
        from notices
        where notices.preorder_id = preorders.preorder_id and kind = 'upcoming_charge' and occasion = day::text
    )
order by charged_at, preorder_id
limit $4
"""
