"""/v1/attributes: what a shop's own fields mean."""

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
    NotFound,
    TooLarge,
    Unauthenticated,
    Unavailable,
    Unsupported,
)
from tenants.attributes import (
    AttributeDefinition,
    AttributeSettings,
    StoredAttributeDefinition,
    change_settings,
    delete_definition,
    get_definition,
    get_settings,
    list_definitions,
    upsert_definitions,
)
from tenants.standard_attributes import STANDARD, StandardName, switch_on


class AttributePage(Struct, frozen=True, kw_only=True):
    """Definitions by name."""

    items: Sequence[StoredAttributeDefinition]
    next: str | None


class StandardAttributes(Struct, frozen=True, kw_only=True):
    """Definitions that come with Lastbook, to be switched on by name."""

    items: Sequence[AttributeDefinition]


class SwitchOn(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Which standard attributes a shop wants."""

    ids: Annotated[tuple[StandardName, ...], Meta(min_length=1, max_length=100)]


class SwitchedOn(Struct, frozen=True, kw_only=True):
    """What happened to each."""

    items: Sequence[StoredOne]


ATTRIBUTES = Resource(
    name="attributes",
    document=AttributeDefinition,
    stored=StoredAttributeDefinition,
    page=AttributePage,
    store=upsert_definitions,
    get=get_definition,
    list_page=list_definitions,
    delete=delete_definition,
)


async def get_standard(request: Request) -> Response:
    await authenticate(request, state_of(request).keys, "attributes:read")
    return answer(StandardAttributes(items=list(STANDARD.values())))


async def put_standard(request: Request) -> Response:
    """Define standard attributes as shipped."""
    caller = await authenticate(request, state_of(request).keys, "attributes:write")
    body = await read_body(request)
    names = decode_one(body, msgspec.json.Decoder(SwitchOn)).ids

    async def effect(conn: Connection) -> SwitchedOn:
        stored = await switch_on(conn, names)
        items = [{"id": name, "result": result} for name, result in stored.outcomes.items()]
        return msgspec.convert({"items": items}, SwitchedOn)

    return await write(request, caller.tenant_id, body, effect)


_SETTINGS = Setting(
    path="/v1/attributes:settings",
    tag="attributes",
    scope="attributes",
    document=AttributeSettings,
    read=get_settings,
    store=change_settings,
    reads="Read how undefined attributes are treated",
    stores="Say how undefined attributes are treated",
)
_KEYED = (BadRequest, Unauthenticated, Forbidden, Unavailable)
_BODY = (*_KEYED, NotFound, TooLarge, Unsupported, Invalid)
_attributes = partial(Endpoint, tag="attributes")

ATTRIBUTE_ENDPOINTS = [
    *ATTRIBUTES.endpoints(),
    _attributes("GET", "/v1/attributes:standard", get_standard, "List the standard attributes",
                answer=StandardAttributes, refusals=_KEYED, scope="attributes:read"),
    _attributes("POST", "/v1/attributes:standard", put_standard, "Define standard attributes as shipped",
                answer=SwitchedOn, refusals=_BODY, body=SwitchOn, scope="attributes:write", parameters=IDEMPOTENCY),
    *_SETTINGS.endpoints(),
]  # fmt: skip
