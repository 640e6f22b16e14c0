"""Resources: the five addresses that every kind of document in the record has.

PUT    /v1/<name>/{id}     store one         GET  /v1/<name>        list, by cursor
GET    /v1/<name>/{id}     read one          POST /v1/<name>:batch  store up to 10,000
DELETE /v1/<name>/{id}
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any, Generic, Literal, Protocol, TypeVar
from uuid import UUID

import msgspec
from msgspec import Struct
from starlette.requests import Request
from starlette.responses import Response

from api.auth import authenticate
from api.batches import BatchAnswer, document_id, sort_rows, summarise
from api.bodies import JSON, NDJSON, decode_one, decode_rows, read_body, read_content_type
from api.endpoints import Endpoint, Parameter
from api.keyring import Caller
from api.paging import PAGING, make_cursor, read_cursor, read_limit
from api.state import State, state_of
from api.writes import Done, Tell, write
from infra.database import Connection
from infra.errors import (
    BadRequest,
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
from tenants.upserts import Upserted

D = TypeVar("D", bound=Struct)
S = TypeVar("S", bound=Struct)
D_contra = TypeVar("D_contra", bound=Struct, contravariant=True)


class StoredOne(Struct, frozen=True, kw_only=True):
    """What happened to one document."""

    id: str
    result: Literal["created", "updated", "unchanged"]


class Check(Protocol[D_contra]):
    """A rule that needs to know what time it is."""

    def __call__(self, document: D_contra, /, now: datetime) -> FieldError | None: ...


def no_check(document: Struct, /, now: datetime) -> FieldError | None:
    return None


@dataclass(frozen=True, slots=True)
class Resource(Generic[D, S]):
    """A kind of document: its types, and the functions of its subject."""

    name: str
    document: type[D]
    stored: type[S]
    page: type[Struct]
    store: Callable[[Connection, Sequence[D]], Awaitable[Upserted]]
    get: Callable[[Connection, str], Awaitable[S]]
    list_page: Callable[..., Awaitable[Sequence[S]]]
    delete: Callable[[Connection, str], Awaitable[None]]
    check: Check[D] = no_check
    after: Callable[[Connection, State, UUID], Awaitable[None]] | None = None
    """What else to do in the transaction in which something changed."""
    scope: str = ""
    """What a key needs to read or write them; the name if unset."""
    audited: bool = False
    """Whether each document that changed leaves a row in the audit log: for what steers the shop."""
    keep: Callable[[Connection, Sequence[str], str, Literal["store", "delete"]], Awaitable[None]] | None = None
    """What else to write of those that changed: their ids, who did it, and what."""
    tell: Callable[[Connection, State, UUID, Sequence[D]], Awaitable[Tell]] | None = None
    """What others are to hear of documents that were created or updated."""
    before_delete: Callable[[Connection, State, UUID, str], Awaitable[Tell]] | None = None
    """What a deletion needs besides, in its transaction and when it is committed."""

    async def put(self, request: Request) -> Response:
        """Store one document. Sending it again is harmless."""
        caller = await self._caller(request, "write")
        body = await read_body(request)
        document = decode_one(body, msgspec.json.Decoder(self.document))
        self._refuse_bad(document, request)

        async def effect(conn: Connection) -> Done:
            stored, tell = await self._store(conn, request, caller, [document])
            for error in stored.refused.values():
                raise refusal_of(error)
            outcome = {"id": document_id(document), "result": stored.outcomes[document_id(document)]}
            return Done(msgspec.convert(outcome, StoredOne), tell)

        return await write(request, caller.tenant_id, body, effect)

    async def put_batch(self, request: Request) -> Response:
        """Store many documents. Sending the batch again is harmless."""
        caller = await self._caller(request, "write")
        body = await read_body(request, types=(JSON, NDJSON))
        rows = decode_rows(body, msgspec.json.Decoder(self.document), ndjson=read_content_type(request) == NDJSON)
        batch = sort_rows(rows, partial(self.check, now=state_of(request).clock()))

        async def effect(conn: Connection) -> Done:
            documents = [document for _, document in batch.documents.values()]
            stored, tell = await self._store(conn, request, caller, documents)
            return Done(summarise(batch, stored), tell)

        return await write(request, caller.tenant_id, body, effect)

    async def get_one(self, request: Request) -> Response:
        caller = await self._caller(request, "read")
        async with state_of(request).db.tenant(caller.tenant_id) as conn:
            return answer(await self.get(conn, path_id(request)))

    async def get_page(self, request: Request) -> Response:
        caller = await self._caller(request, "read")
        limit, after = read_limit(request), read_cursor(request)
        async with state_of(request).db.tenant(caller.tenant_id) as conn:
            items = await self.list_page(conn, after=after, limit=limit)
        full = len(items) == limit
        return answer({"items": items, "next": make_cursor(document_id(items[-1])) if full else None})

    async def delete_one(self, request: Request) -> Response:
        caller = await self._caller(request, "write")

        async def effect(conn: Connection) -> Done:
            state, name = state_of(request), path_id(request)
            before = self.before_delete
            tell = None if before is None else await before(conn, state, caller.tenant_id, name)
            await self.delete(conn, name)
            await self._record(conn, caller, "delete", [name])
            await self._after(conn, request, caller)
            return Done(None, tell)

        return await write(request, caller.tenant_id, b"", effect)

    def endpoints(self) -> list[Endpoint]:
        """The five addresses, for the routes and for the OpenAPI document."""
        noun, many, one = self.name.removesuffix("s"), f"/v1/{self.name}", f"/v1/{self.name}/{{id:path}}"
        reading = partial(Endpoint, tag=self.name, scope=f"{self.scope or self.name}:read")
        writing = partial(Endpoint, tag=self.name, scope=f"{self.scope or self.name}:write")
        rows: Any = list[self.document]  # type: ignore[name-defined]  # a type made at run time
        return [
            reading(
                "GET", many, self.get_page, f"List {self.name}", answer=self.page, refusals=_KEYED,
                parameters=PAGING,
            ),
            reading("GET", one, self.get_one, f"Read a {noun}", answer=self.stored, refusals=(*_KEYED, NotFound)),
            writing(
                "PUT", one, self.put, f"Store a {noun}", answer=StoredOne, refusals=_BODY, body=self.document,
                parameters=IDEMPOTENCY,
            ),
            writing(
                "DELETE", one, self.delete_one, f"Delete a {noun}", answer=None, status=204,
                refusals=(*_KEYED, NotFound, Invalid), parameters=IDEMPOTENCY,
            ),
            writing(
                "POST", f"{many}:batch", self.put_batch, f"Store up to 10,000 {self.name}; bad rows are named",
                answer=BatchAnswer, refusals=_BODY, body=rows, body_types=(JSON, NDJSON), parameters=IDEMPOTENCY,
            ),
        ]  # fmt: skip

    async def _caller(self, request: Request, act: str) -> Caller:
        return await authenticate(request, state_of(request).keys, f"{self.scope or self.name}:{act}")

    def _refuse_bad(self, document: D, request: Request) -> None:
        error = self.check(document, now=state_of(request).clock())
        if document_id(document) != path_id(request):
            error = FieldError("id", "must be the same as the id in the address")
        if error is not None:
            raise refusal_of(error)

    async def _store(
        self, conn: Connection, request: Request, caller: Caller, documents: Sequence[D]
    ) -> tuple[Upserted, Tell | None]:
        stored = await self.store(conn, documents) if documents else Upserted()
        if not stored.changed:
            return stored, None
        changed = [one for one in documents if stored.outcomes.get(document_id(one)) in ("created", "updated")]
        await self._record(conn, caller, "store", [document_id(one) for one in changed])
        await self._after(conn, request, caller)
        if self.tell is None:
            return stored, None
        return stored, await self.tell(conn, state_of(request), caller.tenant_id, changed)

    async def _record(
        self, conn: Connection, caller: Caller, act: Literal["store", "delete"], names: Sequence[str]
    ) -> None:
        if self.keep is not None:
            await self.keep(conn, names, f"key {caller.key_id}", act)
        for name in names if self.audited else ():
            action = f"{act} {self.name.removesuffix('s')}"
            await record_audit(conn, actor=f"key {caller.key_id}", action=action, subject=name)

    async def _after(self, conn: Connection, request: Request, caller: Caller) -> None:
        if self.after is not None:
            await self.after(conn, state_of(request), caller.tenant_id)


def answer(value: object) -> Response:
    return Response(msgspec.json.encode(value), media_type=JSON)


def refusal_of(error: FieldError) -> Invalid:
    return Invalid(f"The field {error.field!r} is not valid: {error.reason}.", errors=(error,))


def path_id(request: Request) -> str:
    """Raises NotFound for an id that no document can have."""
    name: str = request.path_params["id"]
    if "\0" in name or len(name) > 200:
        raise NotFound("No document has an id like that.")
    return name


_KEYED = (BadRequest, Unauthenticated, Forbidden, Unavailable)
_BODY = (*_KEYED, NotFound, TooLarge, Unsupported, Invalid)

IDEMPOTENCY = (
    Parameter(
        "Idempotency-Key",
        "header",
        {"type": "string", "minLength": 1, "maxLength": 200},
        "The same key and request are answered as the first time, without a second effect.",
    ),
)
