"""/v1/option-documents: what can be chosen about products that are made to order; drafts, and what is published."""

from collections.abc import Sequence
from datetime import datetime
from functools import partial
from typing import Any, Literal, cast

import msgspec
from msgspec import Struct, field
from starlette.requests import Request
from starlette.responses import Response

from api.auth import authenticate
from api.bodies import decode_one, read_body
from api.endpoints import Endpoint, Parameter
from api.openapi import in_ecma
from api.resources import IDEMPOTENCY, Resource, answer, path_id
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
from tenants.fields import ExternalId
from tenants.option_documents import (
    StoredOptionDocument,
    delete_option_document,
    get_option_document,
    get_version,
    list_option_documents,
    publish_document,
    retire_document,
    upsert_option_documents,
)
from tenants.options import OptionDocument

HIGHEST = 2**31 - 1


class OptionDocumentPage(Struct, frozen=True, kw_only=True):
    """Drafts by id."""

    items: Sequence[StoredOptionDocument]
    next: str | None


class OptionDocumentName(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Which document."""

    id: ExternalId


class PublicationOut(Struct, frozen=True, kw_only=True):
    """What became of the document; `version` is its newest one."""

    id: str
    version: int
    result: Literal["published", "retired", "unchanged"]


class OptionVersion(Struct, frozen=True, kw_only=True):
    """A published version. It never changes, but for being retired when another one, or none, follows."""

    id: str
    version: int
    published_at: datetime
    retired_at: datetime | None
    document: OptionDocument


class OptionSchema(Struct, frozen=True, kw_only=True):
    """The JSON Schema of an option document."""

    dialect: str = field(name="$schema")
    ref: str = field(name="$ref")
    parts: dict[str, Any] = field(name="$defs")  # a JSON object has values of any kind


_DOCUMENTS = Resource(
    name="option-documents",
    document=OptionDocument,
    stored=StoredOptionDocument,
    page=OptionDocumentPage,
    store=upsert_option_documents,
    get=get_option_document,
    list_page=list_option_documents,
    delete=delete_option_document,
    audited=True,
    scope="options",
)


async def post_publish(request: Request) -> Response:
    """Make the draft the version for new orders, once it has been checked."""
    caller = await authenticate(request, state_of(request).keys, "options:write")
    body = await read_body(request)
    name, now = decode_one(body, _name).id, state_of(request).clock()

    async def effect(conn: Connection) -> PublicationOut:
        done = await publish_document(conn, name, actor=f"key {caller.key_id}", now=now)
        return msgspec.convert(done, PublicationOut, from_attributes=True)

    return await write(request, caller.tenant_id, body, effect)


async def post_retire(request: Request) -> Response:
    """Take no new orders by the document; what was ordered stays."""
    caller = await authenticate(request, state_of(request).keys, "options:write")
    body = await read_body(request)
    name = decode_one(body, _name).id

    async def effect(conn: Connection) -> PublicationOut:
        done = await retire_document(conn, name, actor=f"key {caller.key_id}")
        return msgspec.convert(done, PublicationOut, from_attributes=True)

    return await write(request, caller.tenant_id, body, effect)


async def get_option_version(request: Request) -> Response:
    caller = await authenticate(request, state_of(request).keys, "options:read")
    version = _read_version(request)
    async with state_of(request).db.tenant(caller.tenant_id) as conn:
        found = await get_version(conn, path_id(request), version)
    return answer(
        OptionVersion(
            id=found.document_id,
            version=found.version,
            published_at=found.published_at,
            retired_at=found.retired_at,
            document=found.document,
        )
    )


async def get_option_schema(request: Request) -> Response:
    """What editors check a document with, before we do."""
    await authenticate(request, state_of(request).keys, "options:read")
    return answer(describe_documents())


def describe_documents() -> OptionSchema:
    """In the dialect of JSON Schema: patterns as ECMA 262 has them."""
    made = msgspec.json.schema(OptionDocument)
    dialect = "https://json-schema.org/draft/2020-12/schema"
    return OptionSchema(dialect=dialect, ref=made["$ref"], parts=cast(dict[str, Any], in_ecma(made["$defs"])))


def _read_version(request: Request) -> int | None:
    text = request.query_params.get("version")
    if text is None:
        return None
    if not (text.isascii() and text.isdigit() and len(text) <= 10 and 1 <= int(text) <= HIGHEST):
        raise BadRequest("version must be a whole number from 1.", hint="Leave it out for the newest version.")
    return int(text)


_name = msgspec.json.Decoder(OptionDocumentName)
_KEYED = (BadRequest, Unauthenticated, Forbidden, Unavailable)
_BODY = (*_KEYED, NotFound, TooLarge, Unsupported, Invalid)
_options = partial(Endpoint, tag="option-documents")
_VERSION = Parameter(
    "version",
    "query",
    {"type": "integer", "minimum": 1, "maximum": HIGHEST},
    "Which one; the newest if left out.",
)

OPTION_DOCUMENTS = [
    *_DOCUMENTS.endpoints(),
    _options("GET", "/v1/option-documents:schema", get_option_schema, "Read the JSON Schema of an option document",
             answer=OptionSchema, refusals=_KEYED, scope="options:read"),
    _options("POST", "/v1/option-documents:publish", post_publish, "Publish a document's draft as a new version",
             answer=PublicationOut, refusals=_BODY, body=OptionDocumentName, scope="options:write",
             parameters=IDEMPOTENCY),
    _options("POST", "/v1/option-documents:retire", post_retire, "Take a document out of sale; its orders stay",
             answer=PublicationOut, refusals=_BODY, body=OptionDocumentName, scope="options:write",
             parameters=IDEMPOTENCY),
    _options("GET", "/v1/option-versions/{id:path}", get_option_version, "Read a published version",
             answer=OptionVersion, refusals=(*_KEYED, NotFound), scope="options:read", parameters=(_VERSION,)),
]  # fmt: skip
