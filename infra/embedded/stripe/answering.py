"""Answering: from an HTTP request to a call and back, with keys, accounts, faults and idempotency on the way."""

import json
from collections.abc import Awaitable, Callable

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


def endpoint_of(world: World, route: Route) -> Endpoint:
    """The Starlette endpoint of one route."""

    async def endpoint(request: Request) -> Response:
        request_id = new_id("req")
        try:
            world.check_key(key_of(request))
            books = world.enter(request.headers.get("stripe-account"))
            params = await _read(request)
            fault = world.faults.take(request.method, request.url.path)
            if fault is not None and (early := await _before(fault, request_id)) is not None:
                return early
            answered = await _once(world, books, route, request, params, request_id)
            return await _after(fault, answered) if fault is not None else answered
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


async def _read(request: Request) -> Params:
    if request.method != "POST":
        return read_form(request.url.query)
    body = b""
    async for piece in request.stream():
        body += piece
        if len(body) > _MOST_BYTES:
            raise StripeRefusal("The request is too large.")
    return read_form(body.decode("utf-8", "replace"))


async def _once(
    world: World, books: Books, route: Route, request: Request, params: Params, request_id: str
) -> Response:
    """Make the call, or answer again what it was answered with before."""
    key, path = request.headers.get("idempotency-key"), request.url.path
    if request.method != "POST" or key is None:
        return _perform(world, books, route, request, params, request_id)[0]
    kept = world.keys.begin(books.account, key, path, params.tree, world.now())
    if kept is not None:
        return respond(kept.status, kept.body, request_id, **{"Idempotent-Replayed": "true"})
    try:
        answer, keeps = _perform(world, books, route, request, params, request_id)
        if keeps:
            body = bytes(answer.body).decode()
            world.keys.keep(books.account, key, path, params.tree, (answer.status_code, body, world.now()))
        return answer
    finally:
        world.keys.end(books.account, key)


def _perform(
    world: World, books: Books, route: Route, request: Request, params: Params, request_id: str
) -> tuple[Response, bool]:
    """The answer, and whether it is kept under the idempotency key."""
    world.settle()
    world.cause = Cause(request_id, request.headers.get("idempotency-key"))
    world.changes += 1
    try:
        refuse_old_name(params)
        params.allow(route.accepts)
        paths = params.texts("expand")
        found = route.handler(Call(books, params, request.path_params, request.url.path))
        return respond(200, json.dumps(_shown(books, found, paths)), request_id), True
    except StripeRefusal as refused:
        return refusal(refused, request_id), refused.executed


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
    if fault.kind == "slow":
        await hang(fault)
    return None


async def _after(fault: Fault, answered: Response) -> Response:
    """What goes wrong after it was done."""
    if fault.kind == "lag":
        await hang(fault)
    return BrokenAnswer() if fault.kind == "die" else answered
