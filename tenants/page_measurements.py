"""Page measurements: what a shopper tells, sees and deletes of their own measures on the shop's pages.

A shopper has one profile of each kind there, beside those that the merchant tells. Who asks is proven by a token.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from infra.database import Connection
from infra.errors import Conflict, Invalid
from infra.ids import new_id
from tenants.audit import record_audit
from tenants.consent import Consent, record_consent
from tenants.measured import Side, Source, find_person_id, require_consent
from tenants.measurement_definitions import MeasurementKind, find_measurement_definitions
from tenants.measurement_profiles import follow_heads
from tenants.measurement_versions import Head, Version, hold_heads, read_newest, store_versions
from tenants.merges import forget_moves
from tenants.named import Named, make_shoppers
from tenants.suppression import refuse_suppressed
from tenants.told_measurements import ToldValue, Unusual, find_unusual, find_wrong_value, read_value

SAME_MEASURING = timedelta(hours=1)
"""The same values again within this time are the same measuring: a second click."""
MOST_SHOWN = 20
"""Versions of a history, the newest first."""


class NotRecognised(Conflict):
    """This shopper does not want to be recognised."""

    code = "not_recognised"
    hint = "They may type measures for an answer that is not kept."


@dataclass(frozen=True, slots=True)
class Measuring:
    """What a page sends: whose, of what kind, the values, and the text that was agreed to (None: not asked)."""

    shopper: str
    person: str | None
    kind: MeasurementKind
    values: Sequence[ToldValue]
    agreed_to: str | None
    locale: str


@dataclass(frozen=True, slots=True)
class Saved:
    """Where it stands now."""

    version: int
    warnings: Sequence[Unusual]


@dataclass(frozen=True, slots=True)
class PastValue:
    """One value of a version."""

    key: str
    side: Side
    value_tenth_mm: int = field(repr=False)


@dataclass(frozen=True, slots=True)
class PastVersion:
    """One version of one profile."""

    profile: str
    kind: MeasurementKind
    version: int
    recorded_at: datetime
    source: Source
    values: Sequence[PastValue]


async def save_page_measurements(conn: Connection, measuring: Measuring, *, now: datetime) -> Saved:
    """Add what was measured to the shopper's own profile of that kind; keys that were not measured keep their values.

    A shopper whom the merchant has not told of yet gets a bare record, as an order makes one. Raises
    MeasurementsNotAllowed, NotRecognised, Invalid, NotFound for a person.
    """
    named = await _hold_shopper(conn, measuring.shopper)
    if measuring.agreed_to is not None:
        said = Consent(purpose="measurements", granted=True, at=now, source="page", text_version=measuring.agreed_to)
        await record_consent(conn, named, said)
    await require_consent(conn, named.shopper_id)
    definitions = await find_measurement_definitions(conn)
    wrong = find_wrong_value(measuring.values, definitions)
    if wrong is not None:
        raise Invalid(f"The field {wrong.field!r} is not valid: {wrong.reason}.", errors=(wrong,))
    head = await _hold_head(conn, named, measuring)
    newest = (await read_newest(conn, [head])).get(head.profile_id)
    told = _make_version(measuring, newest, now)
    warnings = find_unusual(measuring.values, definitions, locale=measuring.locale)
    if newest is not None and newest.values == told.values and now - newest.measured_at < SAME_MEASURING:
        return Saved(head.version, warnings)
    await store_versions(conn, [(head, told)])
    await follow_heads(conn, [(head, named)])
    return Saved(head.version + 1, warnings)


async def delete_own_measurements(
    conn: Connection, shopper_id: UUID, *, person: str | None, kind: MeasurementKind | None
) -> int:
    """Delete all profiles of the shopper, or of a person around them, whoever told them, of one kind or of all;
    returns how many. What orders have frozen stays theirs. Raises NotFound for a person."""
    person_id = await find_person_id(conn, shopper_id, person)
    rows = await conn.fetch(_DELETE, shopper_id, person_id, kind)
    await forget_moves(conn, "measurement_profiles", [row["key"] for row in rows])
    if rows:
        await record_audit(
            conn, actor="shopper", action="delete own measurements", subject=f"{len(rows)} measurement profiles"
        )
    return len(rows)


async def list_past_versions(conn: Connection, shopper_id: UUID, *, person: str | None) -> Sequence[PastVersion]:
    """What was told of the body, the newest first, at most `MOST_SHOWN`. Consent is the caller's to check.

    Raises NotFound for a person.
    """
    person_id = await find_person_id(conn, shopper_id, person)
    rows = await conn.fetch(_HISTORY, shopper_id, person_id, MOST_SHOWN)
    return [PastVersion(**{**row, "values": [PastValue(**value) for value in row["values"]]}) for row in rows]


async def _hold_shopper(conn: Connection, external_id: str) -> Named:
    # The page's memory of who was erased may be a moment old. Before anything else: see `suppression.lock_people`.
    if await refuse_suppressed(conn, [(external_id, (("id", "external_id", external_id),))]):
        raise NotRecognised("This shopper is not on record.")
    return (await make_shoppers(conn, [external_id]))[external_id]


async def _hold_head(conn: Connection, named: Named, measuring: Measuring) -> Head:
    person_id = await find_person_id(conn, named.shopper_id, measuring.person)
    found: str | None = await conn.fetchval(_FIND, named.shopper_id, person_id, measuring.kind)
    name = found or f"page-{new_id()}"
    head = Head(new_id(), named.shopper_id, person_id, measuring.kind, "body", "page")
    return (await hold_heads(conn, {name: head}))[name]


def _make_version(measuring: Measuring, newest: Version | None, now: datetime) -> Version:
    """The new values over those that were known, which keep the times at which they were measured."""
    told = {(value.key, value.side): value for value in map(read_value, measuring.values)}
    kept = {} if newest is None else {place: one for place, one in newest.values.items() if place not in told}
    return Version(
        source="self",
        measured_by="",
        measured_at=now,
        note="",
        values=kept | told,
        value_times={} if newest is None else {place: newest.time_of(place) for place in kept},
    )


_FIND = """
select external_id
from measurement_profiles
where shopper_id = $1 and person_id is not distinct from $2::uuid and kind = $3 and basis = 'body' and origin = 'page'
order by updated_at desc
limit 1
"""

_DELETE = """
delete from measurement_profiles
where shopper_id = $1 and person_id is not distinct from $2::uuid and ($3::text is null or kind = $3)
returning profile_id::text as key
"""

_HISTORY = """
select profile.external_id as profile, kind, told.version, recorded_at, source,
    (
        select jsonb_agg(
            jsonb_build_object('key', key, 'side', side, 'value_tenth_mm', value_tenth_mm) order by key, side
        )
        from measurement_values as measured
        where measured.profile_id = told.profile_id and measured.version = told.version
    ) as values
from measurement_profiles as profile
join measurement_versions as told using (tenant_id, profile_id)
where shopper_id = $1 and person_id is not distinct from $2::uuid and basis = 'body'
order by recorded_at desc, told.version desc
limit $3
"""
