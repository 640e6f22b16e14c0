"""Answering: from an HTTP request to a call and back, with keys, accounts, faults and idempotency on the way."""

import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response

from infra.embedded.stripe.books import Books, Record, new_id
from infra.embedded.stripe.calls import Call, Route
from infra.embedded.stripe.events import API_VERSION, Cause
from infra.embedded.stripe.expanding import expand
from infra.embedded.stripe.faults import BrokenAnswer, Fault, hang
from infra.embedded.stripe.forms import Params, read_form
from infra.embedded.stripe.method_types import refuse_old_name
from infra.embedded.stripe.refusals import StripeRefusal
from infra.embedded.stripe.world import World

Endpoint = Callable[[Request], Awaitable[Response]]
_MOST_BYTES = 1_000_000


@dataclass(frozen=True, slots=True)
class Asked:
    """One request, read."""

    world: World
    books: Books
    route: Route
    params: Params
    ids: dict[str, str]
    path: str
    request_id: str
    key: str | None
    """The idempotency key; only changes have one."""
    fault: Fault | None


def endpoint_of(world: World, route: Route) -> Endpoint:
    """The Starlette endpoint of one route."""

    async def endpoint(request: Request) -> Response:
        request_id = new_id("req")
        try:
            asked = await _read(world, route, request, request_id)
            if asked.fault is not None and (early := await _before(asked.fault, request_id)) is not None:
                return early
            answered = await _once(asked)
            return await _after(asked.fault, answered) if asked.fault is not None else answered
        except StripeRefusal as refused:
            return refusal(refused, request_id)

    return endpoint


def key_of(request: Request) -> str | None:
    scheme, _, key = request.headers.get("authorization", "").partition(" ")
    return key if scheme.lower() == "bearer" and key else None


def refusal(refused: StripeRefusal, request_id: str) -> Response:
    return respond(refused.status, json.dumps(refused.body()), request_id)


def respond(status: int, body: str, request_id: str, **headers: str) -> Response:
    known = {"Request-Id": request_id, "Stripe-Version": API_VERSION, **headers}
    return Response(body, status, known, media_type="application/json")


async def _read(world: World, route: Route, request: Request, request_id: str) -> Asked:
    """Raises a refusal for a wrong key, an account that is not connected, and a body that cannot be read."""
    world.check_key(key_of(request))
    return Asked(
        world=world,
        books=world.enter(request.headers.get("stripe-account")),
        route=route,
        params=read_form(await _body(request) if route.method == "POST" else request.url.query),
        ids=request.path_params,
        path=request.url.path,
        request_id=request_id,
        key=request.headers.get("idempotency-key") if route.method == "POST" else None,
        fault=world.faults.take(route.method, request.url.path),
    )


async def _body(request: Request) -> str:
    body = b""
    async for piece in request.stream():
        body += piece
        if len(body) > _MOST_BYTES:
            raise StripeRefusal("The request is too large.")
    return body.decode("utf-8", "replace")


async def _once(asked: Asked) -> Response:
    """Make the call, or answer again what it was answered with before."""
    world, account, tree = asked.world, asked.books.account, asked.params.tree
    if asked.key is None:
        return (await _perform(asked))[0]
    kept = world.keys.begin(account, asked.key, asked.path, tree, world.now())
    if kept is not None:
        return respond(kept.status, kept.body, asked.request_id, **{"Idempotent-Replayed": "true"})
    try:
        answer, keeps = await _perform(asked)
        if keeps:
            told = (answer.status_code, bytes(answer.body).decode(), world.now())
            world.keys.keep(account, asked.key, asked.path, tree, told)
        return answer
    finally:
        world.keys.end(account, asked.key)


async def _perform(asked: Asked) -> tuple[Response, bool]:
    """The answer, and whether it is kept under the idempotency key. Only a slow fault lets others in between."""
    if asked.fault is not None and asked.fault.kind == "slow":
        await hang(asked.fault)
    asked.world.settle()
    asked.world.cause = Cause(asked.request_id, asked.key)
    asked.world.changes += 1
    try:
        refuse_old_name(asked.params)
        asked.params.allow(asked.route.accepts)
        paths = asked.params.texts("expand")
        found = asked.route.handler(Call(asked.books, asked.params, asked.ids, asked.path))
        return respond(200, json.dumps(_shown(asked.books, found, paths)), asked.request_id), True
    except StripeRefusal as refused:
        return refusal(refused, asked.request_id), refused.executed


def _shown(books: Books, found: Record, paths: list[str]) -> Record:
    return expand(books, found, paths) if paths else found


async def _before(fault: Fault, request_id: str) -> Response | None:
    """What goes wrong before anything is done."""
    if fault.kind == "status":
        error = {"error": {"message": "The fake was told to answer so.", "type": "api_error"}}
        return respond(fault.status, json.dumps(error), request_id)
    if fault.kind in ("timeout", "drop"):
        await hang(fault)
        return BrokenAnswer()
    return None


async def _after(fault: Fault, answered: Response) -> Response:
    """What goes wrong after it was done."""
    if fault.kind == "lag":
        await hang(fault)
    return BrokenAnswer() if fault.kind == "die" else answered
