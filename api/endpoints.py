"""Endpoints: addresses as data. One list makes the routes and the OpenAPI document, so that they cannot differ."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from infra.errors import Refusal

if TYPE_CHECKING:
    import msgspec

Handler = Callable[[Request], Awaitable[Response]]


@dataclass(frozen=True, slots=True)
class Parameter:
    """A query or header parameter: its JSON schema, and a sentence."""

    name: str
    place: str
    schema: dict[str, object]
    description: str
    required: bool = False


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One method of one address."""

    method: str
    path: str
    handler: Handler
    summary: str
    tag: str
    answer: "type[msgspec.Struct] | None"
    refusals: Sequence[type[Refusal]]
    status: int = 200
    body: object | None = None
    body_types: Sequence[str] = ("application/json",)
    scope: str | None = None
    parameters: Sequence[Parameter] = ()
    keepable: bool = False
    """Whether it is answered 304 to those who have the answer."""


def make_routes(endpoints: Sequence[Endpoint]) -> list[Route]:
    """One route an address, so that another method is answered 405 with the methods that exist.

    In the order given, but literal addresses before those with a parameter: Starlette takes the first match.
    """
    paths = dict.fromkeys(endpoint.path for endpoint in endpoints)
    routes = [_route(path, [one for one in endpoints if one.path == path]) for path in paths]
    return sorted(routes, key=lambda route: "{" in route.path)


def _route(path: str, endpoints: Sequence[Endpoint]) -> Route:
    handlers = {endpoint.method: endpoint.handler for endpoint in endpoints}
    return Route(path, _Methods(handlers), methods=list(handlers))


class _Methods:
    """The address's handlers as an ASGI app: Starlette's wrapper of a function would make each request twice."""

    def __init__(self, handlers: Mapping[str, Handler]) -> None:
        self._handlers = dict(handlers)
        if "GET" in handlers:
            self._handlers.setdefault("HEAD", handlers["GET"])

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        response = await self._handlers[scope["method"]](Request(scope, receive, send))
        await response(scope, receive, send)
