"""People: those around a shopper whom they buy for: themselves, a partner, a child; by the merchant's own ids."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date
from typing import Annotated, Literal
from uuid import UUID

import msgspec
from msgspec import Meta, Struct

from infra.database import Connection, Row
from infra.errors import FieldError, NotFound
from infra.ids import new_id
from tenants.attribute_times import times_of
from tenants.attribute_values import refuse_wrong_attributes
from tenants.fields import Attributes, ExternalId, Moment, ShortText
from tenants.merges import forget_moves
from tenants.named import Named, follow_named, name_shoppers
from tenants.upserts import Upserted, make_document, outcomes


class Person(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Someone around a shopper, as the merchant tells us of them."""

    id: ExternalId
    shopper_id: ExternalId
    relation: Literal["self", "partner", "child", "other"]
    name: ShortText = ""
    anchor_date: (
        Annotated[date, Meta(description="What their age is counted from: a birthday, or the day due.")] | None
    ) = None
    attributes: Attributes = {}

    def __post_init__(self) -> None:
        if self.anchor_date is not None and not 1900 <= self.anchor_date.year < 2200:
            raise ValueError("anchor_date must lie between the years 1900 and 2199")


class StoredPerson(Person, frozen=True, kw_only=True):
    """A person as we hold them."""

    attribute_times: Annotated[dict[str, Moment], Meta(description="When each attribute's value was last told.")]
    created_at: Moment
    updated_at: Moment


async def upsert_people(conn: Connection, people: Sequence[Person]) -> Upserted:
    """Store each person as given, in full; ids must differ. A person of a shopper that does not exist is refused."""
    named = await name_shoppers(conn, {person.shopper_id for person in people})
    refused = {
        person.id: FieldError("shopper_id", "is not a shopper of this shop")
        for person in people
        if person.shopper_id not in named
    }
    refused |= await refuse_wrong_attributes(conn, "person", {one.id: one.attributes for one in people})
    good = sorted((person for person in people if person.id not in refused), key=lambda person: person.id)
    who = {person.id: named[person.shopper_id] for person in good}
    rows = await _store(conn, good, who)
    updated = [row["external_id"] for row in rows if not row["created"]]
    await forget_moves(conn, "people", updated)
    await follow_named(conn, "people", ((row["external_id"], who[row["external_id"]]) for row in rows))
    stored = outcomes(
        (person.id for person in good),
        created=(row["external_id"] for row in rows if row["created"]),
        updated=updated,
    )
    return replace(stored, refused=refused)


async def get_person(conn: Connection, external_id: str) -> StoredPerson:
    """Raises NotFound."""
    row = await conn.fetchrow(_SELECT + "where people.external_id = $1", external_id)
    if row is None:
        raise NotFound(f"There is no person {external_id!r}.")
    return msgspec.convert(dict(row), StoredPerson)


async def list_people(conn: Connection, *, after: str, limit: int) -> Sequence[StoredPerson]:
    """By id, starting behind `after` ('' from the start)."""
    rows = await conn.fetch(
        _SELECT + "where people.external_id > $1 order by people.external_id limit $2", after, limit
    )
    return [msgspec.convert(dict(row), StoredPerson) for row in rows]


async def list_people_around(conn: Connection, shopper_id: UUID) -> Sequence[StoredPerson]:
    """Everyone around one shopper, by id."""
    rows = await conn.fetch(_SELECT + "where people.shopper_id = $1 order by people.external_id", shopper_id)
    return [msgspec.convert(dict(row), StoredPerson) for row in rows]


async def delete_person(conn: Connection, external_id: str) -> None:
    """Raises NotFound."""
    done = await conn.fetchval("delete from people where external_id = $1 returning true", external_id)
    if done is None:
        raise NotFound(f"There is no person {external_id!r}.")
    await forget_moves(conn, "people", [external_id])


async def _store(conn: Connection, people: Sequence[Person], who: Mapping[str, Named]) -> Sequence[Row]:
    documents = [make_document(person) for person in people]
    return await conn.fetch(
        _UPSERT,
        [new_id() for _ in people],
        [who[person.id].shopper_id for person in people],
        [document.text for document in documents],
        [document.digest for document in documents],
    )


_COLUMNS = "relation, name, anchor_date, attributes"

_UPSERT = f"""
insert into people (person_id, external_id, shopper_id, {_COLUMNS}, digest)
select sent.person_id, person.id, sent.shopper_id, {_COLUMNS}, sent.digest
from unnest($1::uuid[], $2::uuid[], $3::text[], $4::bytea[]) as sent (person_id, shopper_id, document, digest),
    json_to_record(sent.document::json) as person (
        id text, relation text, name text, anchor_date date, attributes jsonb
    )
order by person.id collate "C"
on conflict (tenant_id, external_id) do update
set (shopper_id, {_COLUMNS}, digest, updated_at) = (
    select excluded.shopper_id, excluded.relation, excluded.name, excluded.anchor_date, excluded.attributes,
        excluded.digest, now()
)
where people.digest <> excluded.digest
returning external_id, xmax = 0 as created
"""

_SELECT = f"""
select people.external_id as id, shoppers.external_id as shopper_id, relation, people.name, anchor_date,
    people.attributes, {times_of("people")} as attribute_times, people.created_at, people.updated_at
from people
join shoppers using (tenant_id, shopper_id)
"""
