"""Profiles: what a shop knows of a shopper and of the people around them, typed, with what is missing or old.

Of measurements it says which are known, never a length. Without the shopper's consent none is known.
"""

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
from tenants.measured import Measured, read_all_measured
from tenants.measurement_definitions import Definitions as MeasurementDefinitions
from tenants.measurement_definitions import find_measurement_definitions
from tenants.measurement_facts import KnownMeasurement, list_known, make_facts
from tenants.measurement_settings import read_measurement_settings
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
    measurements: tuple[KnownMeasurement, ...]
    completeness: Completeness


class Profile(Struct, frozen=True, kw_only=True):
    """What is known of a shopper, and what to ask next."""

    id: str
    attributes: tuple[KnownAttribute, ...]
    measurements: tuple[KnownMeasurement, ...]
    completeness: Annotated[Completeness, Meta(description="Measurements are named as in 'measurement:foot_length'.")]
    next_question: Annotated[Question | None, Meta(description="null: complete, nothing to ask, or no consent.")]
    people: tuple[PersonProfile, ...]


@dataclass(frozen=True, slots=True)
class _Told:
    """Attributes as stored, and when each was told."""

    attributes: Mapping[str, Scalar]
    times: Mapping[str, datetime]


@dataclass(frozen=True, slots=True)
class _Measures:
    """What the shop measures, and what is in force of everyone around a shopper, by person (None: the shopper)."""

    definitions: MeasurementDefinitions
    known: Mapping[str | None, Sequence[Measured]]
    stale_after_days: int

    def of(self, person: str | None) -> Sequence[Measured]:
        return self.known.get(person, ())


async def get_profile(conn: Connection, shopper_id: UUID, *, now: datetime) -> Profile:
    """The profile as it is at that time. Raises NotFound."""
    row = await conn.fetchrow(_SELECT, shopper_id)
    if row is None:
        raise NotFound("There is no such shopper.")
    definitions = await find_definitions(conn, "shopper")
    told = _Told(row["attributes"], msgspec.convert(row["attribute_times"], dict[str, datetime]))
    measures = await _read_measures(conn, shopper_id, now)
    own = make_facts(measures.definitions, measures.of(None), of="shopper", stale_after_days=measures.stale_after_days)
    completeness = assess([*_facts(told, definitions), *own], now)
    missing = [definitions[name] for name in completeness.missing if name in definitions]
    return Profile(
        id=row["external_id"],
        attributes=_known_attributes(told, definitions, now),
        measurements=list_known(measures.of(None)),
        completeness=completeness,
        next_question=await _next_question(conn, shopper_id, missing, day=now.date(), locale=row["locale"]),
        people=await _people(conn, shopper_id, measures, now),
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


async def _read_measures(conn: Connection, shopper_id: UUID, now: datetime) -> _Measures:
    return _Measures(
        definitions=await find_measurement_definitions(conn),
        known=await read_all_measured(conn, shopper_id, now=now),
        stale_after_days=(await read_measurement_settings(conn)).stale_after_days,
    )


async def _people(conn: Connection, shopper_id: UUID, measures: _Measures, now: datetime) -> tuple[PersonProfile, ...]:
    people = await list_people_around(conn, shopper_id)
    definitions = await find_definitions(conn, "person") if people else {}
    return tuple(_person(person, definitions, measures, now) for person in people)


def _person(person: StoredPerson, definitions: Definitions, measures: _Measures, now: datetime) -> PersonProfile:
    """Measurements of a person who is the shopper are the shopper's."""
    told = _Told(person.attributes, person.attribute_times)
    wanted = {} if person.relation == "self" else measures.definitions
    own = make_facts(wanted, measures.of(person.id), of="person", stale_after_days=measures.stale_after_days)
    return PersonProfile(
        id=person.id,
        relation=person.relation,
        attributes=_known_attributes(told, definitions, now),
        measurements=list_known(measures.of(person.id)),
        completeness=assess([*_facts(told, definitions), *own], now),
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
