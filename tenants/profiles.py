"""Profiles: what a shop knows of a shopper and of the people around them, typed, with what is missing or old."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Annotated
from uuid import UUID

import msgspec
from msgspec import Meta, Struct

from infra.database import Connection
from infra.errors import NotFound
from tenants import consent
from tenants.attribute_times import times_of
from tenants.attribute_values import Kind, check_value
from tenants.attributes import (
    AttributeDefinition,
    AttributeType,
    StoredAttributeDefinition,
    find_definitions,
)
from tenants.completeness import Completeness, Fact, assess
from tenants.fields import Moment, Scalar
from tenants.people import StoredPerson, list_people_around
from tenants.questions import Question, choose_question
from tenants.shoppers import find_shopper_id

Definitions = Mapping[str, StoredAttributeDefinition]


class KnownAttribute(Struct, frozen=True, kw_only=True):
    """A value with its meaning."""

    name: str
    type: Annotated[AttributeType | None, Meta(description="null: not defined, or a value that does not fit.")]
    value: Scalar
    unit: str
    updated_at: Annotated[Moment, Meta(description="When this value was first told; the same value moves nothing.")]
    stale: bool


class PersonProfile(Struct, frozen=True, kw_only=True):
    """What is known of a person around the shopper."""

    id: str
    relation: str
    attributes: tuple[KnownAttribute, ...]
    completeness: Completeness


class Profile(Struct, frozen=True, kw_only=True):
    """What is known of a shopper, and what to ask next."""

    id: str
    attributes: tuple[KnownAttribute, ...]
    completeness: Completeness
    next_question: Annotated[Question | None, Meta(description="null: complete, nothing to ask, or no consent.")]
    people: tuple[PersonProfile, ...]


@dataclass(frozen=True, slots=True)
class _Told:
    """Attributes as stored, and when each was told."""

    attributes: Mapping[str, Scalar]
    times: Mapping[str, datetime]


async def get_profile(conn: Connection, shopper_id: UUID, *, now: datetime) -> Profile:
    """The profile as it is at that time. Raises NotFound."""
    row = await conn.fetchrow(_SELECT, shopper_id)
    if row is None:
        raise NotFound("There is no such shopper.")
    definitions = await find_definitions(conn, "shopper")
    told = _Told(row["attributes"], msgspec.convert(row["attribute_times"], dict[str, datetime]))
    completeness = assess(_facts(told, definitions), now)
    missing = [definitions[name] for name in completeness.missing]
    return Profile(
        id=row["external_id"],
        attributes=_known_attributes(told, definitions, now),
        completeness=completeness,
        next_question=await _next_question(conn, shopper_id, missing, day=now.date(), locale=row["locale"]),
        people=await _people(conn, shopper_id, now),
    )


async def require_shopper_id(conn: Connection, external_id: str) -> UUID:
    """Our id of the merchant's shopper. Raises NotFound."""
    shopper_id = await find_shopper_id(conn, external_id)
    if shopper_id is None:
        raise NotFound(f"There is no shopper {external_id!r}.")
    return shopper_id


async def _next_question(
    conn: Connection, shopper_id: UUID, missing: Sequence[AttributeDefinition], *, day: date, locale: str
) -> Question | None:
    purposes = {one.purpose for one in missing if one.ask_text}
    allowed = [one for one in purposes if one != "none" and await consent.allowed(conn, shopper_id, one)]
    return choose_question(missing, shopper_id=shopper_id, day=day, locale=locale, allowed_purposes=allowed)


async def _people(conn: Connection, shopper_id: UUID, now: datetime) -> tuple[PersonProfile, ...]:
    people = await list_people_around(conn, shopper_id)
    definitions = await find_definitions(conn, "person") if people else {}
    return tuple(_person(person, definitions, now) for person in people)


def _person(person: StoredPerson, definitions: Definitions, now: datetime) -> PersonProfile:
    told = _Told(person.attributes, person.attribute_times)
    return PersonProfile(
        id=person.id,
        relation=person.relation,
        attributes=_known_attributes(told, definitions, now),
        completeness=assess(_facts(told, definitions), now),
    )


def _facts(told: _Told, definitions: Definitions) -> list[Fact]:
    return [_fact(definition, told) for definition in definitions.values()]


def _fact(definition: AttributeDefinition, told: _Told) -> Fact:
    """Null, and a value that does not fit (it is older than the definition), are as unknown as no value."""
    value = told.attributes.get(definition.id)
    known = value is not None and check_value(Kind(definition.type, definition.choices), value) is None
    return Fact(
        name=definition.id,
        told_at=told.times[definition.id] if known else None,
        required=definition.required_for_completeness,
        weight=definition.weight,
        stale_after_days=definition.stale_after_days,
    )


def _known_attributes(told: _Told, definitions: Definitions, now: datetime) -> tuple[KnownAttribute, ...]:
    names: Sequence[str] = sorted(name for name, value in told.attributes.items() if value is not None)
    return tuple(_known_attribute(name, told, definitions, now) for name in names)


def _known_attribute(name: str, told: _Told, definitions: Definitions, now: datetime) -> KnownAttribute:
    definition = definitions.get(name)
    fact = Fact(name, told.times[name]) if definition is None else _fact(definition, told)
    return KnownAttribute(
        name=name,
        type=definition.type if definition is not None and fact.known else None,
        value=told.attributes[name],
        unit=definition.unit if definition is not None else "",
        updated_at=told.times[name],
        stale=fact.is_stale(now),
    )


_SELECT = f"""
select external_id, locale, attributes, {times_of("shoppers")} as attribute_times
from shoppers
where shopper_id = $1
"""
