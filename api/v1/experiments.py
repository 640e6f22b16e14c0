"""/v1/experiments: hold-outs and arms in a place, written as drafts, started, stopped, reported on, and promoted."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from datetime import datetime
from functools import partial
from typing import TypeVar

import msgspec
from msgspec import Struct
from starlette.requests import Request
from starlette.responses import Response

from api.auth import authenticate
from api.bodies import decode_one, read_body
from api.endpoints import Endpoint
from api.resources import IDEMPOTENCY, Resource, answer, path_id
from api.state import state_of
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
from recommender.experiment_report import ExperimentReport, report_experiment
from tenants.experiment_documents import ArmId, Experiment
from tenants.experiments import (
    StoredExperiment,
    delete_experiment,
    get_experiment,
    list_experiments,
    promote_arm,
    start_experiment,
    stop_experiment,
    upsert_experiments,
)
from tenants.fields import ExternalId
from tenants.placements import StoredPlacement

B = TypeVar("B", bound=Struct)


class ExperimentPage(Struct, frozen=True, kw_only=True):
    """Experiments by id."""

    items: Sequence[StoredExperiment]
    next: str | None


class ExperimentNamed(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One experiment."""

    id: ExternalId


class PromoteIn(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The arm that is to be the placement from now on."""

    id: ExternalId
    arm: ArmId


Act = Callable[[Connection, B, datetime, str], Awaitable[Struct]]
"""What a body asks for: on this connection, at this time, by this actor."""


async def get_report(request: Request) -> Response:
    """What it has shown so far, checks first."""
    state = state_of(request)
    caller = await authenticate(request, state.keys, "experiments:read")
    async with state.db.tenant(caller.tenant_id) as conn:
        return answer(await report_experiment(conn, path_id(request), now=state.clock()))


async def start(request: Request) -> Response:
    """From draft to running."""

    async def act(conn: Connection, asked: ExperimentNamed, now: datetime, actor: str) -> Struct:
        return await start_experiment(conn, asked.id, now=now, actor=actor)

    return await _do(request, ExperimentNamed, act)


async def stop(request: Request) -> Response:
    """From running to stopped."""

    async def act(conn: Connection, asked: ExperimentNamed, now: datetime, actor: str) -> Struct:
        return await stop_experiment(conn, asked.id, now=now, actor=actor)

    return await _do(request, ExperimentNamed, act)


async def promote(request: Request) -> Response:
    """Publish the placement as an arm shows it."""

    async def act(conn: Connection, asked: PromoteIn, now: datetime, actor: str) -> Struct:
        return await promote_arm(conn, asked.id, asked.arm, now=now, actor=actor)

    return await _do(request, PromoteIn, act)


async def _do(request: Request, kind: type[B], act: Act[B]) -> Response:
    """One act on one experiment."""
    state = state_of(request)
    caller = await authenticate(request, state.keys, "experiments:write")
    body = await read_body(request)
    asked, now = decode_one(body, msgspec.json.Decoder(kind)), state.clock()

    async def effect(conn: Connection) -> Struct:
        return await act(conn, asked, now, f"key {caller.key_id}")

    return await write(request, caller.tenant_id, body, effect)


_EXPERIMENTS = Resource(
    name="experiments",
    document=Experiment,
    stored=StoredExperiment,
    page=ExperimentPage,
    store=upsert_experiments,
    get=get_experiment,
    list_page=list_experiments,
    delete=delete_experiment,
    timed=True,
    audited=True,
)


def _described(endpoint: Endpoint) -> Endpoint:
    """What was started cannot be deleted."""
    if endpoint.method == "DELETE":
        return replace(endpoint, refusals=(*endpoint.refusals, Conflict))
    return endpoint


_KEYED = (BadRequest, Unauthenticated, Forbidden, Unavailable)
_acting = partial(
    Endpoint, "POST", tag="experiments", scope="experiments:write", parameters=IDEMPOTENCY,
    refusals=(*_KEYED, NotFound, Conflict, TooLarge, Unsupported, Invalid),
)  # fmt: skip

EXPERIMENTS = [
    *map(_described, _EXPERIMENTS.endpoints()),
    _acting("/v1/experiments:start", start, "Start an experiment", answer=StoredExperiment, body=ExperimentNamed),
    _acting("/v1/experiments:stop", stop, "Stop an experiment", answer=StoredExperiment, body=ExperimentNamed),
    _acting("/v1/experiments:promote", promote, "Publish an arm as the placement", answer=StoredPlacement,
            body=PromoteIn),
    Endpoint("GET", "/v1/experiment-reports/{id:path}", get_report, "Report on an experiment", tag="experiments",
             scope="experiments:read", answer=ExperimentReport, refusals=(*_KEYED, NotFound)),
]  # fmt: skip
