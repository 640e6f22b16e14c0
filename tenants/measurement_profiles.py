"""Measurement profiles: the measures of a shopper or of someone around them, in versions that never change.

Who is measured, of what kind and on which basis belongs to the profile and stays; each telling that differs from the
last is a new version. A profile of a person follows the person, one of a shopper follows the shopper through merges.
"""

import asyncio
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from typing import Annotated
from uuid import UUID

import msgspec
from msgspec import Meta, Struct

from infra.database import Connection, Row
from infra.errors import FieldError, NotFound
from infra.ids import new_id
from tenants.fields import ExternalId, Moment, ShortText, check_moments
from tenants.lengths import Unit, from_tenth_mm
from tenants.measured import Basis, Side, Source, list_consenting, require_consent
from tenants.measurement_definitions import Definitions, MeasurementKind, find_measurement_definitions
from tenants.measurement_versions import Head, Version, hold_heads, read_newest, store_versions
from tenants.merges import forget_moves
from tenants.named import Named, follow_named, name_shoppers
from tenants.told_measurements import ToldValue, Unusual, find_unusual, find_wrong_value, read_value
from tenants.upserts import Upserted, outcomes

AHEAD = timedelta(minutes=5)
"""How far a merchant's clock may run before ours."""
NO_CONSENT = "has not agreed that measurements are kept (consent for the purpose 'measurements')"


class MeasurementProfile(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One measuring: whom, what, by whom, and the lengths."""

    id: ExternalId
    shopper_id: ExternalId
    person_id: Annotated[
        ExternalId | None,
        Meta(description="Someone around the shopper; null, and a person who is `self`: the shopper."),
    ] = None
    kind: MeasurementKind
    basis: Annotated[Basis, Meta(description="body: the person. garment: a piece that fits them.")] = "body"
    source: Source
    measured_by: ShortText = ""
    measured_at: Moment
    values: Annotated[tuple[ToldValue, ...], Meta(min_length=1, max_length=200)]
    note: ShortText = ""

    def __post_init__(self) -> None:
        check_moments(measured_at=self.measured_at)


class MeasuredValue(Struct, frozen=True, kw_only=True):
    """One length as we hold it. Masked, its numbers are null."""

    key: str
    side: Side
    unit: Annotated[Unit, Meta(description="In which it was told.")]
    value: Annotated[str | None, Meta(description="A decimal number in `unit`, such as 25.40.")]
    value_tenth_mm: int | None
    tolerance_tenth_mm: int | None
    measured_at: Moment


class StoredMeasurementProfile(Struct, frozen=True, kw_only=True):
    """One version of a profile as we hold it. Masked, its note is null too."""

    id: str
    shopper_id: str
    person_id: str | None
    kind: MeasurementKind
    basis: Basis
    version: int
    source: Source
    measured_by: str
    measured_at: Moment
    recorded_at: Annotated[Moment, Meta(description="When we were told of this version.")]
    masked: bool
    values: tuple[MeasuredValue, ...]
    note: str | None


@dataclass(frozen=True, slots=True)
class StoredProfiles:
    """What happened to each profile, by its id."""

    upserted: Upserted
    versions: Mapping[str, int] = field(default_factory=dict)
    """The newest, of those that are stored."""
    warnings: Mapping[str, Sequence[Unusual]] = field(default_factory=dict)
    not_allowed: Collection[str] = ()
    """Those refused because their shopper has not agreed."""


async def upsert_measurement_profiles(
    conn: Connection, profiles: Sequence[MeasurementProfile], *, now: datetime
) -> StoredProfiles:
    """Store each as a new version, unless it says what the newest one says; ids must differ.

    Refused are those of a shopper or person that does not exist or has not agreed, with a value that cannot be true,
    and those that name another shopper, person, kind or basis than their profile.
    """
    definitions = await find_measurement_definitions(conn)
    named = await name_shoppers(conn, {one.shopper_id for one in profiles})
    not_allowed = await _list_not_allowed(conn, profiles, named)
    check = partial(_find_wrong, definitions=definitions, named=named, not_allowed=not_allowed, now=now)
    # A batch of thousands takes a second, in which others are to be answered.
    refused = await asyncio.to_thread(_find_all, check, profiles)
    good = [one for one in profiles if one.id not in refused]
    wanted = await _make_heads(conn, good, named, refused)
    heads = await hold_heads(conn, wanted)
    refused |= {name: error for name, head in wanted.items() if (error := _find_change(head, heads[name]))}
    told, warnings = await asyncio.to_thread(_read_all, [one for one in good if one.id not in refused], definitions)
    changed = await _store_changed(conn, heads, told)
    await follow_heads(conn, [(heads[one.id], named[one.shopper_id]) for one in good if one.id in changed])
    return StoredProfiles(
        _summarise(told, changed, heads, refused),
        {name: heads[name].version + (name in changed) for name in told},
        warnings,
        not_allowed,
    )


async def get_measurement_profile(
    conn: Connection, external_id: str, *, version: int | None = None, reveal: bool = False
) -> StoredMeasurementProfile:
    """One version, the newest if none is named. Raises NotFound; MeasurementsNotAllowed where a value is to be seen of
    someone who has not agreed."""
    where = "where profile.external_id = $1 and told.version = coalesce($2, profile.version)"
    row = await conn.fetchrow(_SELECT + where, external_id, version)
    if row is None:
        said = f"measurement profile {external_id!r}" + ("" if version is None else f" with a version {version}")
        raise NotFound(f"There is no {said}.")
    if reveal:
        await require_consent(conn, row["owner_id"])
    return _stored(row, reveal=reveal)


async def list_measurement_profiles(
    conn: Connection, *, shopper_id: UUID | None = None, after: str, limit: int
) -> Sequence[StoredMeasurementProfile]:
    """The newest version of each, masked, by id, starting behind `after` ('' from the start)."""
    theirs = "$1::uuid is null" if shopper_id is None else "profile.shopper_id = $1"
    rows = await conn.fetch(
        _SELECT + f"where told.version = profile.version and {theirs} and profile.external_id > $2"
        " order by profile.external_id limit $3",
        shopper_id, after, limit,
    )  # fmt: skip
    return [_stored(row) for row in rows]


async def list_measurement_versions(
    conn: Connection, external_id: str, *, before: int | None, limit: int
) -> Sequence[StoredMeasurementProfile]:
    """All versions of a profile, masked, the newest first, behind `before`. Raises NotFound."""
    if not await conn.fetchval("select exists (select from measurement_profiles where external_id = $1)", external_id):
        raise NotFound(f"There is no measurement profile {external_id!r}.")
    rows = await conn.fetch(
        _SELECT + "where profile.external_id = $1 and ($2::integer is null or told.version < $2)"
        " order by told.version desc limit $3",
        external_id, before, limit,
    )  # fmt: skip
    return [_stored(row) for row in rows]


async def delete_measurement_profile(conn: Connection, external_id: str) -> None:
    """With all its versions. Raises NotFound."""
    done = await conn.fetchval(
        "delete from measurement_profiles where external_id = $1 returning profile_id::text", external_id
    )
    if done is None:
        raise NotFound(f"There is no measurement profile {external_id!r}.")
    await forget_moves(conn, "measurement_profiles", [done])


async def follow_heads(conn: Connection, told: Sequence[tuple[Head, Named]]) -> None:
    """A shopper's own profile told under a merged id goes back with it; one told under another id stays."""
    own = [(f"{head.profile_id}", named) for head, named in told if head.person_id is None]
    await forget_moves(conn, "measurement_profiles", [key for key, _ in own])
    await follow_named(conn, "measurement_profiles", own)


async def _list_not_allowed(
    conn: Connection, profiles: Sequence[MeasurementProfile], named: Mapping[str, Named]
) -> set[str]:
    consenting = await list_consenting(conn, [one.shopper_id for one in named.values()])
    return {
        one.id for one in profiles if one.shopper_id in named and named[one.shopper_id].shopper_id not in consenting
    }


def _find_all(
    check: Callable[[MeasurementProfile], FieldError | None], profiles: Sequence[MeasurementProfile]
) -> dict[str, FieldError]:
    return {one.id: error for one in profiles if (error := check(one)) is not None}


def _read_all(
    profiles: Sequence[MeasurementProfile], definitions: Definitions
) -> tuple[Mapping[str, Version], Mapping[str, Sequence[Unusual]]]:
    """What each tells, and what of it is unusual."""
    versions = {one.id: _make_version(one) for one in profiles}
    return versions, {one.id: find_unusual(one.values, definitions) for one in profiles}


def _find_wrong(
    profile: MeasurementProfile,
    *,
    definitions: Definitions,
    named: Mapping[str, Named],
    not_allowed: Collection[str],
    now: datetime,
) -> FieldError | None:
    if profile.shopper_id not in named:
        return FieldError("shopper_id", "is not a shopper of this shop")
    if profile.id in not_allowed:
        return FieldError("shopper_id", NO_CONSENT)
    if profile.measured_at > now + AHEAD:
        return FieldError("measured_at", "must not lie in the future")
    return find_wrong_value(profile.values, definitions)


async def _make_heads(
    conn: Connection,
    profiles: Sequence[MeasurementProfile],
    named: Mapping[str, Named],
    refused: dict[str, FieldError],
) -> dict[str, Head]:
    """Whom each is to measure; a person that its shopper does not have is added to `refused`."""
    names = [one.person_id for one in profiles if one.person_id is not None]
    people = {row["external_id"]: row for row in await conn.fetch(_PEOPLE, names)} if names else {}
    heads = {}
    for one in profiles:
        shopper_id, person_id = named[one.shopper_id].shopper_id, None
        if one.person_id is not None:
            person = people.get(one.person_id)
            if person is None or person["shopper_id"] != shopper_id:
                refused[one.id] = FieldError("person_id", "is not a person of this shopper")
                continue
            person_id = None if person["relation"] == "self" else person["person_id"]
        heads[one.id] = Head(new_id(), shopper_id, person_id, one.kind, one.basis)
    return heads


def _find_change(told: Head, held: Head) -> FieldError | None:
    for name in ("shopper_id", "person_id", "kind", "basis"):
        if getattr(told, name) != getattr(held, name):
            return FieldError(name, "is another one than this profile's, which stays: use another id")
    return None


async def _store_changed(conn: Connection, heads: Mapping[str, Head], told: Mapping[str, Version]) -> set[str]:
    """Add a version where the newest one says something else; returns where."""
    newest = await read_newest(conn, [heads[name] for name in told])
    changed = {name: one for name, one in told.items() if newest.get(heads[name].profile_id) != one}
    await store_versions(conn, [(heads[name], one) for name, one in changed.items()])
    return {*changed}


def _make_version(profile: MeasurementProfile) -> Version:
    values = [read_value(one) for one in profile.values]
    return Version(
        source=profile.source,
        measured_by=profile.measured_by,
        measured_at=profile.measured_at,
        note=profile.note,
        values={(one.key, one.side): one for one in values},
    )


def _summarise(
    told: Collection[str], changed: Collection[str], heads: Mapping[str, Head], refused: Mapping[str, FieldError]
) -> Upserted:
    stored = outcomes(
        told,
        created=[name for name in changed if heads[name].version == 0],
        updated=[name for name in changed if heads[name].version > 0],
    )
    return Upserted(stored.outcomes, refused)


def _stored(row: Row, *, reveal: bool = False) -> StoredMeasurementProfile:
    fields = {name: row[name] for name in StoredMeasurementProfile.__struct_fields__ if name in row}
    values = msgspec.convert(row["values"], tuple[_ValueRow, ...])
    return StoredMeasurementProfile(
        **{
            **fields,
            "masked": not reveal,
            "note": row["note"] if reveal else None,
            "values": tuple(_shown(one, reveal=reveal) for one in values),
        }
    )


class _ValueRow(Struct, frozen=True):
    key: str
    side: Side
    unit: Unit
    value_tenth_mm: int
    tolerance_tenth_mm: int | None
    measured_at: Moment


def _shown(value: _ValueRow, *, reveal: bool) -> MeasuredValue:
    return MeasuredValue(
        key=value.key,
        side=value.side,
        unit=value.unit,
        value=f"{from_tenth_mm(value.value_tenth_mm, value.unit)}" if reveal else None,
        value_tenth_mm=value.value_tenth_mm if reveal else None,
        tolerance_tenth_mm=value.tolerance_tenth_mm if reveal else None,
        measured_at=value.measured_at,
    )


# Held, so that a person is not told for another shopper meanwhile.
_PEOPLE = """
select external_id, person_id, shopper_id, relation
from people
where external_id = any($1::text[])
order by external_id collate "C"
for key share
"""

_SELECT = """
select profile.external_id as id, shoppers.external_id as shopper_id, people.external_id as person_id, kind, basis,
    told.version, source, measured_by, told.measured_at, recorded_at, note, profile.shopper_id as owner_id,
    (
        select jsonb_agg(jsonb_build_object(
            'key', key, 'side', side, 'unit', unit, 'value_tenth_mm', value_tenth_mm,
            'tolerance_tenth_mm', tolerance_tenth_mm, 'measured_at', measured_at
        ) order by key, side)
        from measurement_values as measured
        where measured.profile_id = told.profile_id and measured.version = told.version
    ) as values
from measurement_profiles as profile
join shoppers using (tenant_id, shopper_id)
left join people using (tenant_id, person_id)
join measurement_versions as told on told.tenant_id = profile.tenant_id and told.profile_id = profile.profile_id
"""
