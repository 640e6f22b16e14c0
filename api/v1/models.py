"""/v1/models: what was learned, when, how good it is, and which version serves."""

from datetime import datetime
from functools import partial
from typing import Any
from uuid import UUID

from msgspec import Struct
from starlette.requests import Request
from starlette.responses import Response

from api.auth import authenticate
from api.endpoints import Endpoint
from api.keyring import Caller
from api.resources import IDEMPOTENCY, answer, path_id
from api.state import state_of
from api.writes import write
from infra.database import Connection
from infra.errors import BadRequest, Conflict, Forbidden, Invalid, NotFound, Unauthenticated, Unavailable
from recommender.jobs import defer_training
from recommender.registry import list_versions, promote_version
from tenants.audit import record_audit


class ModelVersionOut(Struct, frozen=True, kw_only=True):
    """One training and what became of it."""

    version_id: UUID
    status: str
    stage: str
    progress: float
    started_at: datetime
    finished_at: datetime | None
    promoted_at: datetime | None
    metrics: dict[str, Any]  # figures by name, some nested; the list of names grows
    error: str | None


class ModelVersions(Struct, frozen=True, kw_only=True):
    """The latest trainings, the newest first."""

    items: tuple[ModelVersionOut, ...]


class Queued(Struct, frozen=True, kw_only=True):
    """Whether a training waits now: always, and only one of them."""

    queued: bool


class Promoted(Struct, frozen=True, kw_only=True):
    """The version that serves from now on."""

    version_id: UUID
    status: str


async def get_versions(request: Request) -> Response:
    caller = await _caller(request, "read")
    async with state_of(request).db.tenant(caller.tenant_id) as conn:
        versions = await list_versions(conn)
    fields = ModelVersionOut.__struct_fields__
    items = [{name: getattr(version, name) for name in fields} for version in versions]
    return answer({"items": items})


async def train(request: Request) -> Response:
    """Queue a training for now."""
    caller = await _caller(request, "write")

    async def effect(conn: Connection) -> Queued:
        await defer_training(conn, caller.tenant_id, run_at=state_of(request).clock())
        return Queued(queued=True)

    return await write(request, caller.tenant_id, b"", effect)


async def promote(request: Request) -> Response:
    """Serve from this version: a candidate, or an earlier one again (a rollback)."""
    caller = await _caller(request, "write")
    version_id = _version_id(request)

    async def effect(conn: Connection) -> Promoted:
        await promote_version(conn, version_id)
        await record_audit(conn, actor=f"key {caller.key_id}", action="promote model", subject=str(version_id))
        return Promoted(version_id=version_id, status="active")

    return await write(request, caller.tenant_id, b"", effect)


async def _caller(request: Request, act: str) -> Caller:
    return await authenticate(request, state_of(request).keys, f"models:{act}")


def _version_id(request: Request) -> UUID:
    try:
        return UUID(path_id(request))
    except ValueError:
        raise NotFound("There is no model version of that id.") from None


_KEYED = (BadRequest, Unauthenticated, Forbidden, Unavailable)
_models = partial(Endpoint, tag="models")

MODELS = [
    _models("GET", "/v1/models", get_versions, "List model versions", answer=ModelVersions, refusals=_KEYED,
            scope="models:read"),
    _models("POST", "/v1/models:train", train, "Queue a training", answer=Queued, refusals=(*_KEYED, Invalid),
            scope="models:write", parameters=IDEMPOTENCY),
    _models("POST", "/v1/models/{id}/promote", promote, "Serve from a version, or roll back to it", answer=Promoted,
            refusals=(*_KEYED, NotFound, Conflict, Invalid), scope="models:write", parameters=IDEMPOTENCY),
]  # fmt: skip
