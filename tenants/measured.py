"""Measured: the measurements in force of a shopper or of someone around them, for whoever makes something by them.

No value without the shopper's consent, and none in a repr: what is logged by mistake says nothing.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Literal
from uuid import UUID

from infra.database import Connection, Row
from infra.errors import Conflict, NotFound
from tenants.fields import Scalar
from tenants.measurement_settings import MeasurementSettings

Side = Literal["left", "right", "none"]
Basis = Literal["body", "garment"]
Source = Literal["staff", "scan", "order", "self", "import"]


class MeasurementsNotAllowed(Conflict):
    """This shopper has not agreed that measurements are kept."""

    code = "measurements_not_allowed"
    hint = "Ask the shopper, then PUT /v1/consents/{id} with the purpose 'measurements'."


@dataclass(frozen=True, slots=True)
class Measured:
    """One value in force."""

    key: str
    side: Side
    value_tenth_mm: int = field(repr=False)
    profile_id: str
    """The merchant's id."""
    version: int
    source: Source
    measured_at: datetime
    stale: bool
    tolerance_tenth_mm: int
    """How far it may be off, either way."""


@dataclass(frozen=True, slots=True)
class Record:
    """What is known of one person. Without consent `allowed` is false and the rest empty."""

    allowed: bool
    values: Mapping[tuple[str, Side], Measured] = field(default_factory=dict)
    preferences: Mapping[str, Scalar] = field(default_factory=dict, repr=False)
    special_needs: tuple[str, ...] = field(default=(), repr=False)


async def read_record(
    conn: Connection, shopper_id: UUID, *, person_id: str | None = None, basis: Basis = "body", now: datetime
) -> Record:
    """Of a shopper (by our id of who stands for them), or of a person around them (by the merchant's id).

    Two round trips with consent, one without. Raises NotFound for a person whom this shopper does not have.
    """
    row = await conn.fetchrow(_ABOUT, shopper_id, person_id)
    assert row is not None
    if person_id is not None and row["relation"] is None:
        raise NotFound(f"The shopper has no person {person_id!r}.")
    if not row["allowed"]:
        return Record(allowed=False)
    settings = _settings(row)
    rows = await conn.fetch(_IN_FORCE, shopper_id, basis, settings.precedence, row["person_id"], False)
    return Record(
        allowed=True,
        values={(one["key"], one["side"]): _measured(one, settings, now) for one in rows},
        preferences=row["preferences"] or {},
        special_needs=tuple(row["special_needs"] or ()),
    )


async def read_all_measured(
    conn: Connection, shopper_id: UUID, *, now: datetime
) -> Mapping[str | None, Sequence[Measured]]:
    """The body's measurements in force of everyone around a shopper, by the merchant's id of the person (None: the
    shopper). Empty without consent."""
    row = await conn.fetchrow(_ABOUT, shopper_id, None)
    assert row is not None
    if not row["allowed"]:
        return {}
    settings = _settings(row)
    found: dict[str | None, list[Measured]] = {}
    for one in await conn.fetch(_IN_FORCE, shopper_id, "body", settings.precedence, None, True):
        found.setdefault(one["person"], []).append(_measured(one, settings, now))
    return found


async def read_versions(conn: Connection, refs: Sequence[tuple[str, int]]) -> Sequence[Measured]:
    """All values of these versions, by the merchant's profile id and version, for orders: they never change.

    What is not there (any more) is left out. `stale` is false: age is a matter of when it is asked. Consent is the
    caller's to check (`require_consent`), whose shopper's profiles these are too.
    """
    rows = await conn.fetch(_VERSIONS, [name for name, _ in refs], [version for _, version in refs])
    return [_measured(one, None, one["measured_at"]) for one in rows]


async def find_person_id(conn: Connection, shopper_id: UUID, person: str | None) -> UUID | None:
    """Our id of the person of that id around the shopper, held; None for the shopper themselves, who may be told as a
    person too (`self`). Raises NotFound."""
    if person is None:
        return None
    row = await conn.fetchrow(_PERSON, shopper_id, person)
    if row is None:
        raise NotFound(f"The shopper has no person {person!r}.")
    return None if row["relation"] == "self" else row["person_id"]


async def list_consenting(conn: Connection, shopper_ids: Collection[UUID]) -> set[UUID]:
    """Those of them who agreed that measurements are kept."""
    return {row["shopper_id"] for row in await conn.fetch(_CONSENTING, list(shopper_ids)) if row["granted"]}


async def require_consent(conn: Connection, shopper_id: UUID) -> None:
    """Raises MeasurementsNotAllowed."""
    if not await list_consenting(conn, [shopper_id]):
        raise MeasurementsNotAllowed("The shopper has not agreed that measurements are kept.")


def _settings(row: Row) -> MeasurementSettings:
    default = MeasurementSettings()
    return MeasurementSettings(
        precedence=row["precedence"] or default.precedence,
        stale_after_days=row["stale_after_days"] or default.stale_after_days,
    )


def _measured(row: Row, settings: MeasurementSettings | None, now: datetime) -> Measured:
    days = row["stale_after_days"] or (settings.stale_after_days if settings else None)
    return Measured(
        key=row["key"],
        side=row["side"],
        value_tenth_mm=row["value_tenth_mm"],
        profile_id=row["external_id"],
        version=row["version"],
        source=row["source"],
        measured_at=row["measured_at"],
        stale=days is not None and now - row["measured_at"] > timedelta(days=days),
        tolerance_tenth_mm=row["tolerance_tenth_mm"] or 0,
    )


_PERSON = """
select person_id, relation
from people
where shopper_id = $1 and external_id = $2
for key share
"""

# A person who is the shopper themselves is no other person.
_ABOUT = """
select coalesce(
        (
            select granted
            from consents
            where consents.shopper_id = $1 and purpose = 'measurements'
            order by at desc, consent_id desc
            limit 1
        ),
        false
    ) as allowed,
    person.relation,
    case when person.relation <> 'self' then person.person_id end as person_id,
    settings.precedence, settings.stale_after_days, wished.preferences, wished.special_needs
from (select) as one
left join people as person on person.shopper_id = $1 and person.external_id = $2
left join measurement_settings as settings on true
left join lateral (
    select preferences, special_needs
    from wishes
    where wishes.shopper_id in (select shopper_id from shoppers where shopper_id = $1 or merged_into = $1)
        and wishes.person_id is not distinct from case when person.relation <> 'self' then person.person_id end
    order by updated_at desc
    limit 1
) as wished on true
"""

_DEFINED = """
left join measurement_definitions as definition on definition.document_id = measured.key and deleted_at is null
"""

_VALUE = """
key, side, value_tenth_mm, external_id, measured.version, source, measured.measured_at,
    coalesce(tolerance_tenth_mm, (definition.document ->> 'tolerance_tenth_mm')::integer) as tolerance_tenth_mm
"""

# Of each profile and source the newest version counts; of all that know a key and side, one.
_IN_FORCE = f"""
with latest as (
    select distinct on (profile_id, source)
        tenant_id, profile_id, told.version, source, profile.external_id, people.external_id as person
    from measurement_profiles as profile
    join measurement_versions as told using (tenant_id, profile_id)
    left join people using (tenant_id, person_id)
    where profile.shopper_id = $1 and basis = $2 and ($5 or profile.person_id is not distinct from $4::uuid)
    order by profile_id, source, told.version desc
)
select distinct on (person, key, side) person, {_VALUE},
    (definition.document ->> 'stale_after_days')::integer as stale_after_days
from latest
join measurement_values as measured using (tenant_id, profile_id, version)
{_DEFINED}
order by person, key, side,
    case when $3 = 'staff_first' then array_position(array['staff', 'scan', 'order', 'self', 'import'], source) end,
    measured.measured_at desc, measured.version desc, external_id
"""

_VERSIONS = f"""
select {_VALUE}, null::integer as stale_after_days
from unnest($1::text[], $2::integer[]) as wanted (external_id, version)
join measurement_profiles as profile using (external_id)
join measurement_versions as told using (tenant_id, profile_id)
join measurement_values as measured using (tenant_id, profile_id)
{_DEFINED}
where told.version = wanted.version and measured.version = wanted.version
order by external_id, measured.version, key, side
"""

_CONSENTING = """
select distinct on (shopper_id) shopper_id, granted
from consents
where shopper_id = any($1::uuid[]) and purpose = 'measurements'
order by shopper_id, at desc, consent_id desc
"""
