"""Edge: what happens to every request before and after its handler. Pure ASGI, because a class of Starlette's
BaseHTTPMiddleware costs 254 microseconds and this costs about ten."""

import re
import secrets
import time

from prometheus_client import Counter, Histogram
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.errors import problem
from infra.errors import Unavailable
from infra.telemetry import IN_FLIGHT, REQUEST_SECONDS, REQUESTS

_GIVEN_ID = re.compile(rb"\A[A-Za-z0-9._-]{8,64}\Z")
ALWAYS_ANSWERED = ("/health/", "/metrics")


class Overloaded(Unavailable):
    """Too many requests are being answered already."""

    code = "overloaded"


class Edge:
    """Request id, admission control before any work, counters.

    A request beyond `max_in_flight` is answered 503 with Retry-After at once: without that, goodput falls under load
    and does not come back.
    """

    def __init__(self, app: ASGIApp, *, max_in_flight: int) -> None:
        self._app = app
        self._max_in_flight = max_in_flight
        self._in_flight = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        scope["request_id"] = _request_id(scope)
        if self._in_flight >= self._max_in_flight and not scope["path"].startswith(ALWAYS_ANSWERED):
            refusal = Overloaded("The service is at its limit.", retry_after_seconds=1)
            await problem(refusal, scope["request_id"])(scope, receive, send)
            return
        await self._answer(scope, receive, send)

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        started, status = time.perf_counter(), 500

        async def send_with_id(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"].append((b"x-request-id", scope["request_id"].encode()))
            await send(message)

        self._in_flight += 1
        IN_FLIGHT.set(self._in_flight)
        try:
            await self._app(scope, receive, send_with_id)
        finally:
            self._in_flight -= 1
            IN_FLIGHT.set(self._in_flight)
            _count(scope, status, time.perf_counter() - started)


def _request_id(scope: Scope) -> str:
    given: bytes = dict(scope["headers"]).get(b"x-request-id", b"")
    return given.decode() if _GIVEN_ID.match(given) else secrets.token_hex(8)


def _count(scope: Scope, status: int, seconds: float) -> None:
    """By route template, never by address: an address holds ids."""
    route = getattr(scope.get("route"), "path", "(none)")
    counters = _counters.get((route, status))
    if counters is None:
        counters = (REQUESTS.labels(route, str(status)), REQUEST_SECONDS.labels(route))
        _counters[route, status] = counters
    counters[0].inc()
    counters[1].observe(seconds)


_counters: dict[tuple[str, int], tuple[Counter, Histogram]] = {}
