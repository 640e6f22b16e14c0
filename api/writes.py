"""Writes: a call's effect and its Idempotency-Key in one transaction, done again when it crossed another one."""

import contextlib
import hashlib
from collections.abc import Awaitable, Callable
from typing import TypeVar
from uuid import UUID

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from api.state import state_of
from infra.database import CROSSED, Connection
from infra.errors import BadRequest, Unavailable
from tenants.idempotency import StoredAnswer, keep_answer, take_key

Effect = Callable[[Connection], Awaitable[msgspec.Struct | None]]
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

    async def once() -> StoredAnswer:
        async with state_of(request).db.tenant(tenant_id) as conn:
            if key is None:
                return _answer(await effect(conn))
            stored = await take_key(conn, key, _fingerprint(request, body))
            if stored is None:
                stored = _answer(await effect(conn))
                await keep_answer(conn, key, stored)
            return stored

    return _respond(await settle(once))


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


def _answer(value: msgspec.Struct | None) -> StoredAnswer:
    return StoredAnswer(204, b"") if value is None else StoredAnswer(200, msgspec.json.encode(value))


def _respond(answer: StoredAnswer) -> Response:
    return Response(answer.body, answer.status, media_type="application/json" if answer.body else None)
