"""Withdrawals: a consent that one of two merged shoppers withdrew stays withdrawn until they decide anew."""

from uuid import UUID

from infra.database import Connection
from infra.ids import new_id

PURPOSES = ("personalisation", "measurements", "contact")


async def keep_withdrawals(conn: Connection, keep: UUID, absorb: UUID, merge_id: UUID) -> None:
    """Before the merge moves the decisions: where one said no and the other yes, the person's newest becomes a no."""
    await conn.execute(_KEEP, keep, absorb, f"merge {merge_id}", [new_id() for _ in PURPOSES], list(PURPOSES))


async def forget_withdrawals(conn: Connection, keep: UUID) -> None:
    """After a merge was undone: drop what it added, unless somebody is still merged who may have said no."""
    await conn.execute(_FORGET, keep)


# Behind both decisions by the smallest step, so that it counts before them, and after it whatever is decided later.
_KEEP = """
with newest as (
    select distinct on (shopper_id, purpose) shopper_id, purpose, granted, at
    from consents
    where shopper_id in ($1, $2)
    order by shopper_id, purpose, at desc, consent_id desc
)
insert into consents (consent_id, shopper_id, purpose, granted, source, at)
select ids.consent_id, $1, purpose, false, $3, max(newest.at) + interval '1 microsecond'
from newest
join unnest($4::uuid[], $5::text[]) as ids (consent_id, purpose) using (purpose)
group by ids.consent_id, purpose
having bool_or(granted) and bool_or(not granted)
"""

_FORGET = """
delete from consents
where shopper_id = $1
    and source in (select 'merge ' || merge_id from shopper_merges where kept_id = $1 and undone_at is not null)
    and not exists (select from shoppers where merged_into = $1)
"""
