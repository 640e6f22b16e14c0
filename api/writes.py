"""Writes: a call's effect and its Idempotency-Key in one transaction, done again when it crossed another one."""

import contextlib
import hashlib
from collections.abc import Awaitable, Callable
from typing import NamedTuple, TypeVar
from uuid import UUID

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from api.state import state_of
from infra.database import CROSSED, Connection
from infra.errors import BadRequest, Unavailable
from tenants.idempotency import StoredAnswer, keep_answer, take_key

Tell = Callable[[], Awaitable[None]]
"""What others are to hear of an effect as soon as it is committed. It never fails, and it may be lost."""


class Done(NamedTuple):
    """An effect's answer (204 for None), whom to tell, and the answer's status."""

    answer: msgspec.Struct | None
    tell: Tell | None = None
    status: int = 200


Effect = Callable[[Connection], Awaitable[msgspec.Struct | Done | None]]
T = TypeVar("T")

TRIES = 3


class Crossed(Unavailable):
    """Other writes to the same rows came in between."""

    code = "crossed"


async def write(request: Request, tenant_id: UUID, body: bytes, effect: Effect) -> Response:
    """Run the effect in one transaction of the tenant and answer what it returns (204 for None).

    With an Idempotency-Key the same request is answered as it was the first time, without a second effect;
    another request under that key raises KeyReused.
    """
    key = _idempotency_key(request)

    async def once() -> tuple[StoredAnswer, Tell | None]:
        async with state_of(request).db.tenant(tenant_id) as conn:
            stored = None if key is None else await take_key(conn, key, _fingerprint(request, body))
            if stored is not None:
                return stored, None
            value = await effect(conn)
            done = value if isinstance(value, Done) else Done(value)
            stored = _answer(done)
            if key is not None:
                await keep_answer(conn, key, stored)
            return stored, done.tell

    answer, tell = await settle(once)
    if tell is not None:
        await tell()
    return _respond(answer)


async def settle(once: Callable[[], Awaitable[T]]) -> T:
    """Run a transaction, and again when it crossed another one. Raises Crossed when that keeps happening."""
    for _ in range(TRIES - 1):
        with contextlib.suppress(*CROSSED):
            return await once()
    try:
        return await once()
    except CROSSED as crossed:
        raise Crossed("The record is busy with the same rows.", retry_after_seconds=1) from crossed


def _idempotency_key(request: Request) -> str | None:
    key = request.headers.get("idempotency-key")
    if key is not None and not 1 <= len(key) <= 200:
        raise BadRequest("The Idempotency-Key must have 1 to 200 characters.", hint="A UUID does well.")
    return key


def _fingerprint(request: Request, body: bytes) -> bytes:
    address = f"{request.method} {request.url.path}\n".encode()
    return hashlib.sha256(address + body).digest()


def _answer(done: Done) -> StoredAnswer:
    if done.answer is None:
        return StoredAnswer(204, b"")
    return StoredAnswer(done.status, msgspec.json.encode(done.answer))


def _respond(answer: StoredAnswer) -> Response:
    return Response(answer.body, answer.status, media_type="application/json" if answer.body else None)
