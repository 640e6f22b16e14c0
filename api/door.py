"""Door: the short way of what pages wait for. Starlette's routing, Request and Response would take as long as filling a
slot, so the edge hands a POST to these addresses straight to its door."""

from collections.abc import Awaitable, Callable, Sequence

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive

from api.bodies import Headers, receive_body
from api.state import State, state_of

DoorHandler = Callable[[State, bytes], Awaitable[Response]]


class Door:
    """What answers a body. Also a handler like all others, for the list of endpoints."""

    def __init__(self, handler: DoorHandler, *, limit: int, types: Sequence[str]) -> None:
        self.__name__ = handler.__name__  # the operation's in /openapi.json
        self._handler = handler
        self._limit = limit
        self._types = types

    async def answer(self, state: State, headers: Headers, receive: Receive) -> Response:
        """Raises the handler's refusals, and those of `receive_body`."""
        return await self._handler(state, await receive_body(headers, receive, limit=self._limit, types=self._types))

    async def __call__(self, request: Request) -> Response:
        return await self.answer(state_of(request), dict(request.scope["headers"]), request.receive)
