"""Edge: what happens to every request before and after its handler. Pure ASGI, because a class of Starlette's
BaseHTTPMiddleware costs 254 microseconds and this costs about two."""

import itertools
import re
import secrets
import time
from collections.abc import Mapping

import structlog
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.bodies import Headers
from api.door import Door
from api.errors import answer_error, problem
from api.packing import pack, worth_packing
from api.public.answers import PublicAnswer
from api.state import State
from infra.errors import Unavailable
from infra.telemetry import IN_FLIGHT, REQUESTS

_GIVEN_ID = re.compile(rb"\A[A-Za-z0-9._-]{8,64}\Z")
ALWAYS_ANSWERED = ("/health/", "/metrics")
NOT_LOGGED = (*ALWAYS_ANSWERED, "/public/", "/w/", "/p/")

log = structlog.get_logger()


class Overloaded(Unavailable):
    """Too many requests are being answered already."""

    code = "overloaded"


class Edge:
    """Request id, admission control before any work, counters; then through a door, or through the app.

    A request beyond `max_in_flight` is answered 503 with Retry-After at once: without that, goodput falls under load
    and does not come back.
    """

    state: State
    """Set when the machines are open, before the first request."""

    def __init__(self, app: ASGIApp, doors: Mapping[tuple[str, str], Door], *, max_in_flight: int) -> None:
        """`doors` by method and path."""
        self._app = app
        self._doors = doors
        self._max_in_flight = max_in_flight
        self._in_flight = 0
        IN_FLIGHT.set_function(lambda: self._in_flight)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers, path = dict(scope["headers"]), scope["path"]
        scope["request_id"] = _request_id(headers)
        if self._in_flight >= self._max_in_flight and not path.startswith(ALWAYS_ANSWERED):
            await _refuse(scope, receive, send)
            return
        door = self._doors.get((scope["method"], path))
        self._in_flight += 1
        try:
            if door is None:
                await self._pass_on(scope, receive, send)
            else:
                await self._open(door, headers, scope, receive, send)
        finally:
            self._in_flight -= 1

    async def _open(self, door: Door, headers: Headers, scope: Scope, receive: Receive, send: Send) -> None:
        """What pages ask is counted and not logged."""
        started = time.perf_counter()
        try:
            response = await door.answer(self.state, headers, receive)
        except Exception as error:  # noqa: BLE001 the edge: whatever it is, the page gets an answer
            response = await answer_error(Request(scope), error)
        status, sent, body = response.status_code, response.raw_headers, bytes(response.body)
        if worth_packing(body, headers.get(b"accept-encoding", b"")):
            body = pack(body, remember=isinstance(response, PublicAnswer) and response.shared)
            sent = [*(one for one in sent if one[0] != b"content-length"), *_packed(body)]
        sent.append((b"x-request-id", scope["request_id"].encode()))
        await send({"type": "http.response.start", "status": status, "headers": sent})
        await send({"type": "http.response.body", "body": body})
        REQUESTS.add(scope["path"], status, time.perf_counter() - started)

    async def _pass_on(self, scope: Scope, receive: Receive, send: Send) -> None:
        started, status, request_id = time.perf_counter(), 500, scope["request_id"].encode()

        async def send_with_id(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"].append((b"x-request-id", request_id))
            await send(message)

        try:
            await self._app(scope, receive, send_with_id)
        finally:
            _tell(scope, status, time.perf_counter() - started)


def _packed(body: bytes) -> tuple[tuple[bytes, bytes], ...]:
    length = (b"content-length", str(len(body)).encode())
    return length, (b"content-encoding", b"gzip"), (b"vary", b"accept-encoding")


async def _refuse(scope: Scope, receive: Receive, send: Send) -> None:
    refusal = Overloaded("The service is at its limit.", retry_after_seconds=1)
    request_id = scope["request_id"]
    await problem(refusal, request_id, {"X-Request-Id": request_id})(scope, receive, send)
    REQUESTS.add("(refused)", refusal.status, 0.0)


def _tell(scope: Scope, status: int, seconds: float) -> None:
    """By route template, never by address: an address holds ids."""
    route = getattr(scope.get("route"), "path", "(none)")
    REQUESTS.add(route, status, seconds)
    if not scope["path"].startswith(NOT_LOGGED):
        log.info(
            "request",
            request_id=scope["request_id"],
            tenant_id=scope.get("tenant_id"),
            method=scope["method"],
            route=route,
            status=status,
            milliseconds=round(seconds * 1000, 1),
        )


def _request_id(headers: Headers) -> str:
    """The caller's own if it is a plain word, else a number of this process."""
    given = headers.get(b"x-request-id")
    if given is not None and _GIVEN_ID.match(given):
        return given.decode()
    return f"{_PROCESS}-{next(_numbers):x}"


_PROCESS = secrets.token_hex(6)
_numbers = itertools.count(1)
