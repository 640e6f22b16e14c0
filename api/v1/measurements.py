"""/v1/measurement-definitions and -settings: what a shop measures, and which of two measures it believes."""

from collections.abc import Sequence
from functools import partial
from typing import Annotated

import msgspec
from msgspec import Meta, Struct
from starlette.requests import Request
from starlette.responses import Response

from api.auth import authenticate
from api.bodies import decode_one, read_body
from api.endpoints import Endpoint
from api.resources import IDEMPOTENCY, Resource, StoredOne, answer
from api.setting import Setting
from api.state import state_of
from api.writes import write
from infra.database import Connection
from infra.errors import (
    BadRequest,
    Forbidden,
    Invalid,
    TooLarge,
    Unauthenticated,
    Unavailable,
    Unsupported,
)
from tenants.audit import record_audit
from tenants.measurement_definitions import (
    MeasurementDefinition,
    StoredMeasurementDefinition,
    delete_measurement_definition,
    get_measurement_definition,
    list_measurement_definitions,
    upsert_measurement_definitions,
)
from tenants.measurement_settings import (
    MeasurementSettings,
    read_measurement_settings,
    store_measurement_settings,
)
from tenants.standard_measurements import SETS, SetName, switch_on_sets


class MeasurementDefinitionPage(Struct, frozen=True, kw_only=True):
    """Definitions by key."""

    items: Sequence[StoredMeasurementDefinition]
    next: str | None


class StandardSet(Struct, frozen=True, kw_only=True):
    """Definitions that come with Lastbook, to be switched on together."""

    name: SetName
    items: Sequence[MeasurementDefinition]


class StandardSets(Struct, frozen=True, kw_only=True):
    """All of them. A key may be in several."""

    sets: Sequence[StandardSet]


class SwitchOnSets(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Which sets a shop wants."""

    sets: Annotated[tuple[SetName, ...], Meta(min_length=1, max_length=20)]


class SwitchedOnKeys(Struct, frozen=True, kw_only=True):
    """What happened to each key."""

    items: Sequence[StoredOne]


_DEFINITIONS = Resource(
    name="measurement-definitions",
    document=MeasurementDefinition,
    stored=StoredMeasurementDefinition,
    page=MeasurementDefinitionPage,
    store=upsert_measurement_definitions,
    get=get_measurement_definition,
    list_page=list_measurement_definitions,
    delete=delete_measurement_definition,
    scope="measurements",
    audited=True,
)


async def get_sets(request: Request) -> Response:
    await authenticate(request, state_of(request).keys, "measurements:read")
    return answer(StandardSets(sets=[StandardSet(name=name, items=items) for name, items in SETS.items()]))


async def put_sets(request: Request) -> Response:
    """Define the keys of standard sets as shipped."""
    caller = await authenticate(request, state_of(request).keys, "measurements:write")
    body = await read_body(request)
    names = decode_one(body, msgspec.json.Decoder(SwitchOnSets)).sets

    async def effect(conn: Connection) -> SwitchedOnKeys:
        stored = await switch_on_sets(conn, names)
        subject = " ".join(dict.fromkeys(names))
        await record_audit(conn, actor=f"key {caller.key_id}", action="switch on measurements", subject=subject)
        items = [{"id": name, "result": result} for name, result in stored.outcomes.items()]
        return msgspec.convert({"items": items}, SwitchedOnKeys)

    return await write(request, caller.tenant_id, body, effect)


_SETTINGS = Setting(
    path="/v1/measurement-settings",
    tag="measurement-definitions",
    scope="measurements",
    document=MeasurementSettings,
    read=read_measurement_settings,
    store=store_measurement_settings,
    reads="Read which of two measures is believed",
    stores="Say which of two measures is believed, and when one is old",
)
_KEYED = (BadRequest, Unauthenticated, Forbidden, Unavailable)
_BODY = (*_KEYED, TooLarge, Unsupported, Invalid)
_reading = partial(Endpoint, tag="measurement-definitions", scope="measurements:read", refusals=_KEYED)
_writing = partial(
    Endpoint, tag="measurement-definitions", scope="measurements:write", refusals=_BODY, parameters=IDEMPOTENCY
)

MEASUREMENTS = [
    *_DEFINITIONS.endpoints(),
    _reading("GET", "/v1/measurement-definitions:standard", get_sets, "List the standard sets of measurements",
             answer=StandardSets),
    _writing("POST", "/v1/measurement-definitions:standard", put_sets, "Define the keys of standard sets as shipped",
             answer=SwitchedOnKeys, body=SwitchOnSets),
    *_SETTINGS.endpoints(),
]  # fmt: skip
