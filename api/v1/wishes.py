"""/v1/wishes: what a shopper, or someone around them, prefers and needs whatever is made for them."""

from functools import partial
from typing import Literal

import msgspec
from msgspec import Struct
from starlette.requests import Request
from starlette.responses import Response

from api.auth import authenticate
from api.bodies import decode_one, read_body
from api.endpoints import Endpoint, Parameter
from api.keyring import Caller
from api.resources import IDEMPOTENCY, answer, path_id
from api.state import state_of
from api.v1.measurement_profiles import REVEAL, read_reveal
from api.writes import write
from infra.database import Connection
from infra.errors import (
    BadRequest,
    Conflict,
    Forbidden,
    Invalid,
    NotFound,
    TooLarge,
    Unauthenticated,
    Unavailable,
    Unsupported,
)
from tenants.audit import record_audit
from tenants.named import hold_named
from tenants.profiles import require_shopper_id
from tenants.wishes import StoredWishes, Wishes, delete_wishes, get_wishes, store_wishes


class WishesDone(Struct, frozen=True, kw_only=True):
    """What happened to a person's wishes."""

    result: Literal["created", "updated", "unchanged"]


async def get_one(request: Request) -> Response:
    """With special needs if `reveal` asks for them."""
    caller = await _caller(request, "read")
    reveal, person = await read_reveal(request), _read_person(request)
    async with state_of(request).db.tenant(caller.tenant_id) as conn:
        shopper_id = await require_shopper_id(conn, path_id(request))
        found = await get_wishes(conn, shopper_id, person_id=person, reveal=reveal)
        if reveal:
            await record_audit(conn, actor=f"key {caller.key_id}", action="reveal wishes", subject=path_id(request))
    return answer(found)


async def put_one(request: Request) -> Response:
    """Replace a person's wishes. Sending them again is harmless."""
    caller = await _caller(request, "write")
    body, person = await read_body(request), _read_person(request)
    wishes = decode_one(body, _wishes)

    async def effect(conn: Connection) -> WishesDone:
        named = await hold_named(conn, path_id(request))
        return WishesDone(result=await store_wishes(conn, named, wishes, person_id=person))

    return await write(request, caller.tenant_id, _asked(request, body), effect)


async def delete_one(request: Request) -> Response:
    caller = await _caller(request, "write")
    person = _read_person(request)

    async def effect(conn: Connection) -> None:
        await delete_wishes(conn, await hold_named(conn, path_id(request)), person_id=person)

    return await write(request, caller.tenant_id, _asked(request, b""), effect)


def _asked(request: Request, body: bytes) -> bytes:
    """The query says whose they are, so that it is part of what an Idempotency-Key stands for."""
    return request.url.query.encode() + b"\n" + body


def _read_person(request: Request) -> str | None:
    person = request.query_params.get("person")
    if person is not None and (not 1 <= len(person) <= 200 or "\0" in person):
        raise NotFound("No person has an id like that.")
    return person


async def _caller(request: Request, act: str) -> Caller:
    return await authenticate(request, state_of(request).keys, f"measurements:{act}")


_wishes = msgspec.json.Decoder(Wishes)

_ADDRESS = "/v1/wishes/{id:path}"
_KEYED = (BadRequest, Unauthenticated, Forbidden, NotFound, Unavailable)
_PERSON = Parameter(
    "person", "query", {"type": "string", "minLength": 1, "maxLength": 200}, "Of this person around the shopper."
)
_reading = partial(Endpoint, tag="wishes", scope="measurements:read", parameters=(_PERSON, REVEAL))
_writing = partial(Endpoint, tag="wishes", scope="measurements:write", parameters=(*IDEMPOTENCY, _PERSON))

WISHES = [
    _reading("GET", _ADDRESS, get_one, "Read a shopper's wishes", answer=StoredWishes, refusals=(*_KEYED, Conflict)),
    _writing("PUT", _ADDRESS, put_one, "Store a shopper's wishes", answer=WishesDone, body=Wishes,
             refusals=(*_KEYED, Conflict, TooLarge, Unsupported, Invalid)),
    _writing("DELETE", _ADDRESS, delete_one, "Delete a shopper's wishes", answer=None, status=204,
             refusals=(*_KEYED, Invalid)),
]  # fmt: skip
