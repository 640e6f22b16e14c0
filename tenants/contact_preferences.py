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


async def store_contact_preferences(conn: Connection, shopper_id: UUID, preferences: ContactPreferences) -> None:
    """Replace all five."""
    said = {
        name: value
        for name in ContactPreferences.__struct_fields__
        if (value := getattr(preferences, name)) is not None
    }
    await conn.execute(_FORGET, shopper_id, list(said))
    await conn.execute(_STORE, shopper_id, list(said), list(said.values()))


async def read_contact_preferences(conn: Connection, shopper_id: UUID) -> ContactPreferences:
    """What is not stored was not said."""
    rows = await conn.fetch("select channel, allowed from contact_preferences where shopper_id = $1", shopper_id)
    return ContactPreferences(**{row["channel"]: row["allowed"] for row in rows})


async def may_contact(conn: Connection, shopper_id: UUID, channel: Channel) -> bool:
    """Whether to send: the shopper agreed to be contacted, and this channel is not off. Every sender asks here."""
    if not await allowed(conn, shopper_id, "contact"):
        return False
    off = await conn.fetchval(_OFF, shopper_id, channel)
    return off is not True


_FORGET = """
delete from contact_preferences
where shopper_id = $1 and channel <> all($2::text[])
"""

_STORE = """
insert into contact_preferences (shopper_id, channel, allowed)
select $1, channel, allowed
from unnest($2::text[], $3::boolean[]) as said (channel, allowed)
on conflict (tenant_id, shopper_id, channel) do update
set allowed = excluded.allowed, at = now()
where contact_preferences.allowed <> excluded.allowed
"""

# Of several ids of one person, each may have switched a channel off.
_OFF = """
select bool_or(not allowed)
from contact_preferences
join shoppers using (shopper_id)
where channel = $2 and (shopper_id = $1 or merged_into = $1)
"""
