"""Endpoints: addresses as data. One list makes the routes and the OpenAPI document, so that they cannot differ."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

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


def make_routes(endpoints: Sequence[Endpoint]) -> list[Route]:
    """One route an address, so that another method is answered 405 with the methods that exist."""
    ordered = sorted(endpoints, key=lambda endpoint: endpoint.path)
    routes = [_route(path, list(group)) for path, group in groupby(ordered, key=lambda endpoint: endpoint.path)]
    # Starlette takes the first match: literal addresses stand before those with a parameter.
    return sorted(routes, key=lambda route: "{" in route.path)


def _route(path: str, endpoints: Sequence[Endpoint]) -> Route:
    handlers = {endpoint.method: endpoint.handler for endpoint in endpoints}

    async def handle(request: Request) -> Response:
        method = "GET" if request.method == "HEAD" else request.method
        return await handlers[method](request)

    only = endpoints[0].handler if len(endpoints) == 1 else handle
    return Route(path, only, methods=list(handlers))
