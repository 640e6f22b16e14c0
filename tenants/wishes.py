"""Wishes: what a shopper, or someone around them, prefers and needs whatever is made for them.

They are kept with measurements and under the same consent. Those told under any of a shopper's ids are theirs: what was
told last counts.
"""

from typing import Annotated, Literal
from uuid import UUID

import msgspec
from msgspec import Meta, Struct

from infra.database import Connection, Row
from infra.errors import NotFound
from infra.ids import new_id
from tenants.fields import Attributes, Moment, ShortText
from tenants.measured import find_person_id, require_consent
from tenants.named import Named
from tenants.upserts import make_document


class Wishes(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One person's, in full."""

    preferences: Annotated[Attributes, Meta(description="By keys of your own, such as initials.")] = {}
    special_needs: Annotated[
        tuple[ShortText, ...], Meta(max_length=50, description="A sentence each, for whoever makes it.")
    ] = ()


class StoredWishes(Struct, frozen=True, kw_only=True):
    """Wishes as we hold them. Masked, special needs are null."""

    shopper_id: str
    person_id: str | None
    preferences: Attributes
    special_needs: tuple[str, ...] | None
    updated_at: Moment


async def store_wishes(
    conn: Connection, named: Named, wishes: Wishes, *, person_id: str | None
) -> Literal["created", "updated", "unchanged"]:
    """Replace those of a shopper, or of a person around them. Raises NotFound, MeasurementsNotAllowed."""
    person = await find_person_id(conn, named.shopper_id, person_id)
    await require_consent(conn, named.shopper_id)
    digest = make_document(wishes).digest
    newest = await _find(conn, named.shopper_id, person)
    if newest is not None and newest["digest"] == digest:
        return "unchanged"
    owner = named.row_id if person is None else named.shopper_id
    await conn.execute(_STORE, new_id(), owner, person, wishes.preferences, list(wishes.special_needs), digest)
    return "created" if newest is None else "updated"


async def get_wishes(
    conn: Connection, shopper_id: UUID, *, person_id: str | None, reveal: bool = False
) -> StoredWishes:
    """Raises NotFound, also where there are none; MeasurementsNotAllowed."""
    person = await find_person_id(conn, shopper_id, person_id)
    await require_consent(conn, shopper_id)
    row = await _find(conn, shopper_id, person)
    if row is None:
        raise _none()
    shown = {**row} if reveal else {**row, "special_needs": None}
    return msgspec.convert(shown, StoredWishes)


async def delete_wishes(conn: Connection, named: Named, *, person_id: str | None) -> None:
    """Raises NotFound."""
    person = await find_person_id(conn, named.shopper_id, person_id)
    if await conn.fetchval(_DELETE, named.shopper_id, person) == 0:
        raise _none()


async def _find(conn: Connection, shopper_id: UUID, person: UUID | None) -> Row | None:
    return await conn.fetchrow(_NEWEST, shopper_id, person)


def _none() -> NotFound:
    return NotFound("No wishes are known.", hint="PUT /v1/wishes/{id} stores them.")


_THEIRS = """
wishes.shopper_id in (select shopper_id from shoppers where shopper_id = $1 or merged_into = $1)
    and wishes.person_id is not distinct from $2::uuid
"""

_NEWEST = f"""
select person.external_id as shopper_id, people.external_id as person_id, preferences, special_needs,
    wishes.updated_at, wishes.digest
from wishes
join shoppers as person on person.shopper_id = $1
left join people on people.person_id = wishes.person_id
where {_THEIRS}
order by wishes.updated_at desc
limit 1
"""

# The clock and not the transaction's start: whatever is written last is newest.
_STORE = """
insert into wishes (wish_id, shopper_id, person_id, preferences, special_needs, digest, updated_at)
values ($1, $2, $3, $4, $5, $6, clock_timestamp())
on conflict (tenant_id, shopper_id, person_id) do update
set (preferences, special_needs, digest, updated_at) = (
    select excluded.preferences, excluded.special_needs, excluded.digest, excluded.updated_at
)
"""

_DELETE = f"""
with gone as (
    delete from wishes
    where {_THEIRS}
    returning true
)
select count(*) from gone
"""
