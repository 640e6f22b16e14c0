"""Measurement versions: what was measured at one time, for good. A profile is a row of them, counted from 1."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal
from uuid import UUID

from infra.database import Connection, Row
from tenants.measured import Basis, Side, Source
from tenants.measurement_definitions import MeasurementKind
from tenants.told_measurements import Value

Place = tuple[str, Side]


@dataclass(frozen=True, slots=True)
class Head:
    """Whom and what a profile measures, which never changes, and how many versions it has."""

    profile_id: UUID
    shopper_id: UUID
    person_id: UUID | None
    kind: MeasurementKind
    basis: Basis
    origin: Literal["api", "page"] = "api"
    version: int = 0


@dataclass(frozen=True, slots=True)
class Version:
    """What one telling says, to be stored or compared."""

    source: Source
    measured_by: str
    measured_at: datetime
    note: str = field(repr=False)
    values: Mapping[Place, Value] = field(repr=False)
    value_times: Mapping[Place, datetime] = field(default_factory=dict)
    """Of values that were measured at another time than the version."""

    def time_of(self, place: Place) -> datetime:
        return self.value_times.get(place, self.measured_at)


async def hold_heads(conn: Connection, heads: Mapping[str, Head]) -> Mapping[str, Head]:
    """The profiles of these external ids, made as given where there are none; nobody else writes them until the
    transaction ends."""
    names = sorted(heads)
    if not names:
        return {}
    made = [(name, *(getattr(heads[name], column) for column in _FIXED)) for name in names]
    await conn.execute(_MAKE, *zip(*made, strict=True))
    rows = await conn.fetch(_HOLD, names)
    return {row["external_id"]: _head(row) for row in rows}


async def read_newest(conn: Connection, heads: Sequence[Head]) -> Mapping[UUID, Version]:
    """What the newest version of each says; a profile without any is left out."""
    wanted = [head for head in heads if head.version]
    if not wanted:
        return {}
    places = [head.profile_id for head in wanted], [head.version for head in wanted]
    values: dict[UUID, list[Row]] = {head.profile_id: [] for head in wanted}
    for row in await conn.fetch(_VALUES, *places):
        values[row["profile_id"]].append(row)
    return {row["profile_id"]: _version(row, values[row["profile_id"]]) for row in await conn.fetch(_NEWEST, *places)}


async def store_versions(conn: Connection, versions: Sequence[tuple[Head, Version]]) -> None:
    """Add one to each profile. Their heads must be held."""
    if not versions:
        return
    rows = [
        (head.profile_id, head.version + 1, one.source, one.measured_by, one.measured_at, one.note)
        for head, one in versions
    ]
    await conn.execute(_STORE, *zip(*rows, strict=True))
    values = [
        (head.profile_id, head.version + 1, *value, version.time_of(place))
        for head, version in versions
        for place, value in version.values.items()
    ]
    await conn.execute(_STORE_VALUES, *zip(*values, strict=True))


def _head(row: Row) -> Head:
    return Head(**{name: row[name] for name in (*_FIXED, "version")})


def _version(row: Row, values: Sequence[Row]) -> Version:
    return Version(
        source=row["source"],
        measured_by=row["measured_by"],
        measured_at=row["measured_at"],
        note=row["note"],
        values={(one["key"], one["side"]): Value(*(one[name] for name in Value._fields)) for one in values},
        value_times={
            (one["key"], one["side"]): one["measured_at"] for one in values if one["measured_at"] != row["measured_at"]
        },
    )


_FIXED = ("profile_id", "shopper_id", "person_id", "kind", "basis", "origin")

# In order, so that two batches with the same new profiles wait for each other and never deadlock.
_MAKE = """
insert into measurement_profiles (external_id, profile_id, shopper_id, person_id, kind, basis, origin, version)
select sent.*, 0
from unnest($1::text[], $2::uuid[], $3::uuid[], $4::uuid[], $5::text[], $6::text[], $7::text[]) as sent (
    external_id, profile_id, shopper_id, person_id, kind, basis, origin
)
order by external_id collate "C"
on conflict (tenant_id, external_id) do nothing
"""

_HOLD = """
select external_id, profile_id, shopper_id, person_id, kind, basis, origin, version
from measurement_profiles
where external_id = any($1::text[])
order by external_id collate "C"
for update
"""

_NEWEST = """
select profile_id, source, measured_by, measured_at, note
from unnest($1::uuid[], $2::integer[]) as wanted (profile_id, version)
join measurement_versions using (profile_id, version)
"""

_VALUES = """
select profile_id, key, side, value_tenth_mm, tolerance_tenth_mm, unit, measured_at
from unnest($1::uuid[], $2::integer[]) as wanted (profile_id, version)
join measurement_values using (profile_id, version)
"""

_STORE = """
with told as (
    insert into measurement_versions (profile_id, version, source, measured_by, measured_at, note)
    select *
    from unnest($1::uuid[], $2::integer[], $3::text[], $4::text[], $5::timestamptz[], $6::text[])
    returning profile_id, version
)
update measurement_profiles
set version = told.version, updated_at = now()
from told
where measurement_profiles.profile_id = told.profile_id
"""

_STORE_VALUES = """
insert into measurement_values (
    profile_id, version, key, side, value_tenth_mm, tolerance_tenth_mm, unit, measured_at
)
select *
from unnest($1::uuid[], $2::integer[], $3::text[], $4::text[], $5::integer[], $6::integer[], $7::text[],
    $8::timestamptz[])
"""
