"""Identity: a shopper's identifiers and visitors, merges, and the rules of the kinds of identifiers.

Addresses of their own, because an id may hold slashes: /v1/shoppers/a/identifiers is the shopper 'a/identifiers'.
"""

from datetime import datetime
from functools import partial
from typing import Literal, cast, get_args
from uuid import UUID

import msgspec
from msgspec import Struct
from starlette.requests import Request
from starlette.responses import Response

from api.auth import authenticate
from api.bodies import decode_one, read_body
from api.endpoints import Endpoint, Parameter
from api.keyring import Caller
from api.paging import PAGING, make_cursor, read_limit, read_uuid_cursor
from api.resources import IDEMPOTENCY, answer, path_id, refusal_of
from api.state import state_of
from api.v1.orders import learn_later, learn_of_merges
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
from tenants.fields import ExternalId
from tenants.identifier_kinds import IdentifierKinds, put_rules, read_rules
from tenants.identifiers import Identifier, NewIdentifier, ToldKind
from tenants.identity import add_identifier, merge_named, remove_identifier
from tenants.merges import list_merges, undo_merge
from tenants.shoppers import get_shopper
from tenants.visitors import attach_visitor


class Identifiers(Struct, frozen=True, kw_only=True):
    """Everything by which a shopper is known. `id` is the external id of the one who stands for all."""

    id: str
    items: tuple[Identifier, ...]


class VisitorIn(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A browser, by the random id that its page sends."""

    visitor_id: ExternalId


class VisitorOut(Struct, frozen=True, kw_only=True):
    """How many events became the shopper's."""

    events: int


class MergeIn(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Two shoppers who are one person, by your ids."""

    keep: ExternalId
    absorb: ExternalId


class MergeDone(Struct, frozen=True, kw_only=True):
    """The merge, to undo it by."""

    merge_id: UUID
    status: Literal["merged", "undone"]


class MergeOut(Struct, frozen=True, kw_only=True):
    """One merge, by the ids of the two."""

    id: str
    kept: str
    absorbed: str
    cause: Literal["server", "email", "phone"]
    merged_at: datetime
    undone_at: datetime | None
    undo_ended_at: datetime | None


class MergePage(Struct, frozen=True, kw_only=True):
    """Merges, the newest first."""

    items: tuple[MergeOut, ...]
    next: str | None


async def get_identifiers(request: Request) -> Response:
    caller = await _caller(request, "read")
    async with state_of(request).db.tenant(caller.tenant_id) as conn:
        return answer(await _identifiers(conn, request))


async def post_identifier(request: Request) -> Response:
    """Add one. A verified one that somebody else has makes the two one."""
    caller = await _caller(request, "write")
    body = await read_body(request)
    new = decode_one(body, _new_identifier)

    async def effect(conn: Connection) -> Identifiers:
        await add_identifier(conn, path_id(request), new)
        await learn_of_merges(conn, state_of(request), caller.tenant_id)
        return await _identifiers(conn, request)

    return await write(request, caller.tenant_id, body, effect)


async def delete_identifier(request: Request) -> Response:
    """Take back one that was added here. What a document tells goes with the document."""
    caller = await _caller(request, "write")
    kind, value = _read_identifier(request)

    async def effect(conn: Connection) -> None:
        await remove_identifier(conn, path_id(request), kind, value, actor=f"key {caller.key_id}")

    # The query is what is asked for, as a body is elsewhere.
    return await write(request, caller.tenant_id, request.url.query.encode(), effect)


async def post_visitor(request: Request) -> Response:
    """What a page cannot say: that this browser is this shopper."""
    caller = await _caller(request, "write")
    body = await read_body(request)
    visitor = decode_one(body, _visitor)

    async def effect(conn: Connection) -> VisitorOut:
        attached = await attach_visitor(conn, path_id(request), visitor.visitor_id)
        return VisitorOut(events=attached.events)

    return await write(request, caller.tenant_id, body, effect)


async def get_merges(request: Request) -> Response:
    caller = await _caller(request, "read")
    limit, before = read_limit(request), read_uuid_cursor(request)
    async with state_of(request).db.tenant(caller.tenant_id) as conn:
        merges = await list_merges(conn, before=before, limit=limit)
    fields = MergeOut.__struct_fields__[1:]
    items = [{"id": str(one.merge_id)} | {name: getattr(one, name) for name in fields} for one in merges]
    return answer({"items": items, "next": make_cursor(items[-1]["id"]) if len(items) == limit else None})


async def merge(request: Request) -> Response:
    caller = await _caller(request, "write")
    body = await read_body(request)
    pair = decode_one(body, _pair)

    async def effect(conn: Connection) -> MergeDone:
        merge_id = await merge_named(conn, pair.keep, pair.absorb, actor=f"key {caller.key_id}")
        await learn_later(conn, state_of(request), caller.tenant_id)
        return MergeDone(merge_id=merge_id, status="merged")

    return await write(request, caller.tenant_id, body, effect)


async def undo(request: Request) -> Response:
    caller = await _caller(request, "write")
    merge_id = _merge_id(path_id(request))

    async def effect(conn: Connection) -> MergeDone:
        await undo_merge(conn, merge_id, actor=f"key {caller.key_id}")
        await learn_later(conn, state_of(request), caller.tenant_id)
        return MergeDone(merge_id=merge_id, status="undone")

    return await write(request, caller.tenant_id, b"", effect)


async def get_kinds(request: Request) -> Response:
    caller = await _caller(request, "read")
    async with state_of(request).db.tenant(caller.tenant_id) as conn:
        return answer(await _kinds(conn))


async def put_kinds(request: Request) -> Response:
    """Rules for what comes from now on."""
    caller = await _caller(request, "write")
    body = await read_body(request)
    kinds = decode_one(body, _kinds_in)

    async def effect(conn: Connection) -> IdentifierKinds:
        await put_rules(conn, kinds.items, actor=f"key {caller.key_id}")
        return await _kinds(conn)

    return await write(request, caller.tenant_id, body, effect)


async def _identifiers(conn: Connection, request: Request) -> Identifiers:
    shopper = await get_shopper(conn, path_id(request))
    return Identifiers(id=shopper.id, items=shopper.identifiers)


async def _kinds(conn: Connection) -> IdentifierKinds:
    rules = await read_rules(conn)
    return IdentifierKinds(items=tuple(sorted(rules.values(), key=lambda one: (one.priority, one.kind))))


async def _caller(request: Request, act: str) -> Caller:
    return await authenticate(request, state_of(request).keys, f"shoppers:{act}")


def _read_identifier(request: Request) -> tuple[ToldKind, str]:
    """Raises Invalid."""
    kind, value = request.query_params.get("kind", ""), request.query_params.get("value", "")
    if kind not in get_args(ToldKind):
        raise refusal_of(FieldError("kind", f"must be one of {', '.join(get_args(ToldKind))}"))
    if not 1 <= len(value) <= 320 or "\0" in value:
        raise refusal_of(FieldError("value", "must have 1 to 320 characters, and none of them NUL"))
    return cast(ToldKind, kind), value


def _merge_id(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise NotFound("There is no merge of that id.") from None


_new_identifier: "msgspec.json.Decoder[NewIdentifier]" = msgspec.json.Decoder(NewIdentifier)
_visitor = msgspec.json.Decoder(VisitorIn)
_pair = msgspec.json.Decoder(MergeIn)
_kinds_in = msgspec.json.Decoder(IdentifierKinds)

_KEYED = (BadRequest, Unauthenticated, Forbidden, Unavailable)
_BODY = (*_KEYED, TooLarge, Unsupported, Invalid)
_reading = partial(Endpoint, tag="identity", scope="shoppers:read")
_writing = partial(Endpoint, tag="identity", scope="shoppers:write", parameters=IDEMPOTENCY)
_NAMED = (
    Parameter("kind", "query", {"enum": [*get_args(ToldKind)]}, "Which kind of identifier.", required=True),
    Parameter(
        "value", "query", {"type": "string", "minLength": 1, "maxLength": 320}, "Spelt in any way.", required=True
    ),
)
_IDENTIFIERS = "/v1/shopper-identifiers/{id:path}"

IDENTITY = [
    _reading("GET", _IDENTIFIERS, get_identifiers, "List a shopper's identifiers", answer=Identifiers,
             refusals=(*_KEYED, NotFound)),
    _writing("POST", _IDENTIFIERS, post_identifier, "Add an identifier to a shopper", answer=Identifiers,
             body=NewIdentifier, refusals=(*_BODY, NotFound)),
    _writing("DELETE", _IDENTIFIERS, delete_identifier, "Remove an identifier that was added", answer=None, status=204,
             refusals=(*_KEYED, NotFound, Conflict, Invalid), parameters=(*IDEMPOTENCY, *_NAMED)),
    _writing("POST", "/v1/shopper-visitors/{id:path}", post_visitor, "Say that a visitor is this shopper",
             answer=VisitorOut, body=VisitorIn, refusals=(*_BODY, NotFound)),
    _reading("GET", "/v1/merges", get_merges, "List merges", answer=MergePage, refusals=_KEYED, parameters=PAGING),
    _writing("POST", "/v1/merges", merge, "Merge two shoppers into one", answer=MergeDone, body=MergeIn,
             refusals=(*_BODY, NotFound, Conflict)),
    _writing("POST", "/v1/merges/{id}/undo", undo, "Undo a merge", answer=MergeDone,
             refusals=(*_KEYED, NotFound, Conflict, Invalid)),
    _reading("GET", "/v1/identifier-kinds", get_kinds, "Read the rules of identifiers", answer=IdentifierKinds,
             refusals=_KEYED),
    _writing("PUT", "/v1/identifier-kinds", put_kinds, "Set the rules of identifiers", answer=IdentifierKinds,
             body=IdentifierKinds, refusals=_BODY),
]  # fmt: skip
