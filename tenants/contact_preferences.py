"""Contact preferences: by which channels a shopper may be contacted. A channel that is off receives nothing."""

from typing import Literal
from uuid import UUID

from msgspec import Struct

from infra.database import Connection
from tenants.consent import allowed

Channel = Literal["email", "sms", "post", "push", "phone"]


class ContactPreferences(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Each channel on, off, or not said (null), which leaves it to the consent to contact."""

    email: bool | None = None
    sms: bool | None = None
    post: bool | None = None
    push: bool | None = None
    phone: bool | None = None


async def store_contact_preferences(conn: Connection, row_id: UUID, preferences: ContactPreferences) -> None:
    """Replace all five of the shopper row that they are told for, merged or not, so that a merge moves nothing here."""
    said = {
        name: value
        for name in ContactPreferences.__struct_fields__
        if (value := getattr(preferences, name)) is not None
    }
    await conn.execute(_FORGET, row_id, list(said))
    await conn.execute(_STORE, row_id, list(said), list(said.values()))


async def read_contact_preferences(conn: Connection, shopper_id: UUID) -> ContactPreferences:
    """What holds for the person under all their ids. What is not stored was not said.

    Where merged ids differ, off holds until the person says something newer than the merge.
    """
    rows = await conn.fetch(_READ, shopper_id)
    return ContactPreferences(**{row["channel"]: row["allowed"] for row in rows})


async def may_contact(conn: Connection, shopper_id: UUID, channel: Channel) -> bool:
    """Whether to send: the shopper agreed to be contacted, and this channel is not off. Every sender asks here."""
    if not await allowed(conn, shopper_id, "contact"):
        return False
    return getattr(await read_contact_preferences(conn, shopper_id), channel) is not False


_FORGET = """
delete from contact_preferences
where shopper_id = $1 and channel <> all($2::text[])
"""

# The same value told again is newer too.
_STORE = """
insert into contact_preferences (shopper_id, channel, allowed)
select $1, channel, allowed
from unnest($2::text[], $3::boolean[]) as said (channel, allowed)
on conflict (tenant_id, shopper_id, channel) do update
set allowed = excluded.allowed, at = now()
"""

_READ = """
with person as (
    select shopper_id
    from shoppers
    where shopper_id = $1 or merged_into = $1
), merged as (
    select max(merged_at) as at
    from shopper_merges
    where undone_at is null and absorbed_id in (select shopper_id from person)
)
select channel,
    case
        when max(contact_preferences.at) > (select at from merged)
            then (array_agg(allowed order by contact_preferences.at desc, allowed))[1]
        else bool_and(allowed)
    end as allowed
from contact_preferences
join person using (shopper_id)
group by channel
"""
