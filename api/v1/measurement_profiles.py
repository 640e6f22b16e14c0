"""/v1/measurement-profiles and -versions: the measures of a shopper and of those around them.

Lengths are masked unless a key with the scope measurements:reveal asks for them, which leaves a row in the audit log.
No answer to a write holds one, so that none is kept under an Idempotency-Key.
"""

from collections.abc import Sequence
from functools import partial
from typing import Literal

import msgspec
from msgspec import Struct
from starlette.requests import Request
from starlette.responses import Response

from api.auth import authenticate
from api.batches import BatchAnswer, sort_rows, summarise
from api.bodies import JSON, NDJSON, decode_one, decode_rows, read_body, read_content_type
from api.endpoints import Endpoint, Parameter
from api.keyring import Caller
from api.paging import PAGING, make_cursor, read_cursor, read_limit
from api.resources import IDEMPOTENCY, answer, no_check, path_id, refusal_of
from api.state import state_of
from api.writes import write
from infra.database import Connection
from infra.errors import (
    BadRequest,
    Conflict,
    FieldError,
    Forbidden,
    Invalid,
    NotFound,
    TooLarge,
    Unauthenticated,
    Unavailable,
    Unsupported,
)
from tenants.audit import record_audit
from tenants.measured import MeasurementsNotAllowed
from tenants.measurement_profiles import (
    MeasurementProfile,
    StoredMeasurementProfile,
    StoredProfiles,
    delete_measurement_profile,
    get_measurement_profile,
    list_measurement_profiles,
    list_measurement_versions,
    upsert_measurement_profiles,
)
from tenants.profiles import require_shopper_id
from tenants.told_measurements import Unusual


class StoredProfile(Struct, frozen=True, kw_only=True):
    """What happened to a profile."""

    id: str
    result: Literal["created", "updated", "unchanged"]
    version: int
    warnings: tuple[Unusual, ...]


class MeasurementProfilePage(Struct, frozen=True, kw_only=True):
    """The newest version of each profile, masked, by id."""

    items: Sequence[StoredMeasurementProfile]
    next: str | None


class MeasurementVersionPage(Struct, frozen=True, kw_only=True):
    """A profile's versions, masked, the newest first."""

    items: Sequence[StoredMeasurementProfile]
    next: str | None


async def put_profile(request: Request) -> Response:
    """Store a new version, unless it says what the newest one says."""
    caller = await _caller(request, "write")
    body = await read_body(request)
    profile = decode_one(body, _profile)
    if profile.id != path_id(request):
        raise refusal_of(FieldError("id", "must be the same as the id in the address"))

    async def effect(conn: Connection) -> StoredProfile:
        stored = await upsert_measurement_profiles(conn, [profile], now=state_of(request).clock())
        _refuse(profile.id, stored)
        outcome = {"id": profile.id, "result": stored.upserted.outcomes[profile.id]}
        more = {"version": stored.versions[profile.id], "warnings": stored.warnings[profile.id]}
        return msgspec.convert({**outcome, **more}, StoredProfile)

    return await write(request, caller.tenant_id, body, effect)


async def put_profiles(request: Request) -> Response:
    """Store many. Sending the batch again is harmless."""
    caller = await _caller(request, "write")
    body = await read_body(request, types=(JSON, NDJSON))
    now = state_of(request).clock()
    rows = decode_rows(body, _profile, ndjson=read_content_type(request) == NDJSON)
    batch = sort_rows(rows, partial(no_check, now=now))

    async def effect(conn: Connection) -> BatchAnswer:
        profiles = [profile for _, profile in batch.documents.values()]
        stored = await upsert_measurement_profiles(conn, profiles, now=now)
        return _with_warnings(summarise(batch, stored.upserted), stored)

    return await write(request, caller.tenant_id, body, effect)


async def get_profile(request: Request) -> Response:
    """One version; with its lengths if `reveal` asks for them."""
    caller = await _caller(request, "read")
    reveal, version = await read_reveal(request), _read_version(request)
    async with state_of(request).db.tenant(caller.tenant_id) as conn:
        found = await get_measurement_profile(conn, path_id(request), version=version, reveal=reveal)
        if reveal:
            action = f"reveal version {found.version} of measurement profile"
            await record_audit(conn, actor=f"key {caller.key_id}", action=action, subject=found.id)
    return answer(found)


async def get_profiles(request: Request) -> Response:
    caller = await _caller(request, "read")
    limit, after = read_limit(request), read_cursor(request)
    shopper = request.query_params.get("shopper_id")
    async with state_of(request).db.tenant(caller.tenant_id) as conn:
        shopper_id = None if shopper is None else await require_shopper_id(conn, _storable(shopper))
        items = await list_measurement_profiles(conn, shopper_id=shopper_id, after=after, limit=limit)
    return answer(MeasurementProfilePage(items=items, next=make_cursor(items[-1].id) if len(items) == limit else None))


async def get_versions(request: Request) -> Response:
    caller = await _caller(request, "read")
    limit, before = read_limit(request), _read_before(request)
    async with state_of(request).db.tenant(caller.tenant_id) as conn:
        items = await list_measurement_versions(conn, path_id(request), before=before, limit=limit)
    more = len(items) == limit
    return answer(MeasurementVersionPage(items=items, next=make_cursor(f"{items[-1].version}") if more else None))


async def delete_profile(request: Request) -> Response:
    """With all its versions."""
    caller = await _caller(request, "write")

    async def effect(conn: Connection) -> None:
        await delete_measurement_profile(conn, path_id(request))
        await record_audit(
            conn, actor=f"key {caller.key_id}", action="delete measurement profile", subject=path_id(request)
        )

    return await write(request, caller.tenant_id, b"", effect)


async def read_reveal(request: Request) -> bool:
    """Whether what is masked is asked for. Raises Forbidden without the scope for it, BadRequest for another word."""
    said = request.query_params.get("reveal", "false")
    if said not in ("true", "false"):
        raise BadRequest("reveal must be true or false.", hint="Leave it out to see which lengths are known.")
    if said == "true":
        await _caller(request, "reveal")
    return said == "true"


async def _caller(request: Request, act: str) -> Caller:
    return await authenticate(request, state_of(request).keys, f"measurements:{act}")


def _refuse(name: str, stored: StoredProfiles) -> None:
    if name in stored.not_allowed:
        raise MeasurementsNotAllowed("The shopper has not agreed that measurements are kept.")
    if name in stored.upserted.refused:
        raise refusal_of(stored.upserted.refused[name])


def _with_warnings(summary: BatchAnswer, stored: StoredProfiles) -> BatchAnswer:
    warnings = {
        name: tuple(FieldError(f"{one.key}.{one.side}", one.message) for one in unusual)
        for name, unusual in stored.warnings.items()
    }
    rows = [
        msgspec.structs.replace(row, warnings=warnings.get(row.id or "", ()))
        if row.result in ("created", "updated", "unchanged") else row
        for row in summary.rows
    ]  # fmt: skip
    return msgspec.structs.replace(summary, rows=tuple(rows))


def _read_version(request: Request) -> int | None:
    text = request.query_params.get("version")
    return None if text is None else _number(text, "version must be a whole number from 1.")


def _read_before(request: Request) -> int | None:
    text = read_cursor(request)
    return _number(text, "after is not a cursor of ours.") if text else None


def _number(text: str, refusal: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= 9 and int(text) >= 1):
        raise BadRequest(refusal, hint="GET /v1/measurement-versions/{id} lists the versions there are.")
    return int(text)


def _storable(name: str) -> str:
    if not 1 <= len(name) <= 200 or "\0" in name:
        raise NotFound("No shopper has an id like that.")
    return name


_profile = msgspec.json.Decoder(MeasurementProfile)

_KEYED = (BadRequest, Unauthenticated, Forbidden, Unavailable)
_BODY = (*_KEYED, TooLarge, Unsupported, Invalid)
_reading = partial(Endpoint, tag="measurement-profiles", scope="measurements:read")
_writing = partial(Endpoint, tag="measurement-profiles", scope="measurements:write", parameters=IDEMPOTENCY)
REVEAL = Parameter(
    "reveal", "query", {"type": "boolean", "default": False},
    "true: with what is masked. Needs the scope measurements:reveal and leaves a row in the audit log.",
)  # fmt: skip
_VERSION = Parameter(
    "version", "query", {"type": "integer", "minimum": 1, "maximum": 10**9 - 1}, "Another one than the newest."
)
_SHOPPER = Parameter(
    "shopper_id", "query", {"type": "string", "minLength": 1, "maxLength": 200}, "Of this shopper only."
)
_MANY, _ONE = "/v1/measurement-profiles", "/v1/measurement-profiles/{id:path}"

MEASUREMENT_PROFILES = [
    _reading("GET", _MANY, get_profiles, "List measurement profiles", answer=MeasurementProfilePage,
             refusals=(*_KEYED, NotFound), parameters=(*PAGING, _SHOPPER)),
    _reading("GET", _ONE, get_profile, "Read a measurement profile", answer=StoredMeasurementProfile,
             refusals=(*_KEYED, NotFound, Conflict), parameters=(_VERSION, REVEAL)),
    _writing("PUT", _ONE, put_profile, "Store a new version of a measurement profile", answer=StoredProfile,
             refusals=(*_BODY, NotFound, MeasurementsNotAllowed), body=MeasurementProfile),
    _writing("DELETE", _ONE, delete_profile, "Delete a measurement profile with all its versions", answer=None,
             status=204, refusals=(*_KEYED, NotFound, Invalid)),
    _writing("POST", f"{_MANY}:batch", put_profiles, "Store up to 10,000 measurement profiles; bad rows are named",
             answer=BatchAnswer, refusals=_BODY, body=list[MeasurementProfile], body_types=(JSON, NDJSON)),
    _reading("GET", "/v1/measurement-versions/{id:path}", get_versions, "List a measurement profile's versions",
             answer=MeasurementVersionPage, refusals=(*_KEYED, NotFound), parameters=PAGING),
]  # fmt: skip
