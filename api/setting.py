"""Setting: what a shop says once of itself, read and stored whole at one address."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

import msgspec
from msgspec import Struct
from starlette.requests import Request
from starlette.responses import Response

from api.auth import authenticate
from api.bodies import decode_one, read_body
from api.endpoints import Endpoint
from api.resources import IDEMPOTENCY, answer
from api.state import state_of
from api.writes import write
from infra.database import Connection
from infra.errors import BadRequest, Forbidden, Invalid, TooLarge, Unauthenticated, Unavailable, Unsupported

S = TypeVar("S", bound=Struct)

_KEYED = (BadRequest, Unauthenticated, Forbidden, Unavailable)
_BODY = (*_KEYED, TooLarge, Unsupported, Invalid)


@dataclass(frozen=True, slots=True)
class Setting(Generic[S]):
    """Its address and type, the functions of its subject, and the sentences of both operations."""

    path: str
    tag: str
    scope: str
    """What a key needs, before `:read` and `:write`."""
    document: type[S]
    read: Callable[[Connection], Awaitable[S]]
    """What the merchant said, or ours."""
    store: Callable[..., Awaitable[object]]
    """Takes a connection, what is said, and `actor` for the audit log, which it writes."""
    reads: str
    stores: str

    async def get_setting(self, request: Request) -> Response:
        caller = await authenticate(request, state_of(request).keys, f"{self.scope}:read")
        async with state_of(request).db.tenant(caller.tenant_id) as conn:
            return answer(await self.read(conn))

    async def put_setting(self, request: Request) -> Response:
        """From now on, in full; what was done before stays as it is."""
        caller = await authenticate(request, state_of(request).keys, f"{self.scope}:write")
        body = await read_body(request)
        said = decode_one(body, msgspec.json.Decoder(self.document))

        async def effect(conn: Connection) -> S:
            await self.store(conn, said, actor=f"key {caller.key_id}")
            return await self.read(conn)

        return await write(request, caller.tenant_id, body, effect)

    def endpoints(self) -> list[Endpoint]:
        """Both operations, for the routes and for the OpenAPI document."""
        return [
            Endpoint("GET", self.path, self.get_setting, self.reads, self.tag, answer=self.document, refusals=_KEYED,
                     scope=f"{self.scope}:read"),
            Endpoint("PUT", self.path, self.put_setting, self.stores, self.tag, answer=self.document, refusals=_BODY,
                     body=self.document, scope=f"{self.scope}:write", parameters=IDEMPOTENCY),
        ]  # fmt: skip
