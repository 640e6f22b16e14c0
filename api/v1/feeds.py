"""/v1/feeds: addresses that are imported again and again."""

from collections.abc import Sequence
from functools import partial

import msgspec
from msgspec import Struct
from starlette.requests import Request
from starlette.responses import Response

from api.auth import authenticate
from api.bodies import decode_one, read_body
from api.endpoints import Endpoint
from api.keyring import Caller
from api.resources import IDEMPOTENCY, answer, path_id
from api.state import state_of
from api.writes import write
from infra.database import Connection
from infra.errors import (
    BadRequest,
    FieldError,
    Forbidden,
    Invalid,
    NotFound,
    TooLarge,
    Unauthenticated,
    Unavailable,
    Unsupported,
)
from infra.http_out import check_url
from tenants.audit import record_audit
from tenants.imports.feeds import Feed, StoredFeed, delete_feed, get_feed, list_feeds, put_feed

LONGEST_NAME = 100


class Feeds(Struct, frozen=True, kw_only=True):
    """All of them by name."""

    items: Sequence[StoredFeed]


async def get_feeds(request: Request) -> Response:
    caller = await _caller(request, "read")
    async with state_of(request).db.tenant(caller.tenant_id) as conn:
        return answer({"items": await list_feeds(conn)})


async def put(request: Request) -> Response:
    """Store a feed; it is fetched within minutes, and then at its interval."""
    caller = await _caller(request, "write")
    body = await read_body(request)
    feed, name = decode_one(body, msgspec.json.Decoder(Feed)), path_id(request)
    _check(feed, name, caller, loopback=state_of(request).settings.fetch_loopback)

    async def effect(conn: Connection) -> StoredFeed:
        await put_feed(conn, name, feed, now=state_of(request).clock())
        await record_audit(conn, actor=f"key {caller.key_id}", action="store feed", subject=name)
        return await get_feed(conn, name)

    return await write(request, caller.tenant_id, body, effect)


async def delete(request: Request) -> Response:
    caller = await _caller(request, "write")

    async def effect(conn: Connection) -> None:
        await delete_feed(conn, path_id(request))
        await record_audit(conn, actor=f"key {caller.key_id}", action="delete feed", subject=path_id(request))

    return await write(request, caller.tenant_id, b"", effect)


def _check(feed: Feed, name: str, caller: Caller, *, loopback: bool) -> None:
    if f"{feed.kind}:write" not in caller.scopes:
        raise Forbidden(f"The key lacks the scope '{feed.kind}:write'.")
    if len(name) > LONGEST_NAME:
        raise NotFound(f"The name of a feed has at most {LONGEST_NAME} characters.")
    if feed.mode == "full" and feed.kind != "products":
        error = FieldError("mode", "can be full for products only")
        raise Invalid(f"The field 'mode' is not valid: it {error.reason}.", errors=(error,))
    check_url(feed.url, loopback=loopback)


async def _caller(request: Request, act: str) -> Caller:
    return await authenticate(request, state_of(request).keys, f"imports:{act}")


_KEYED = (BadRequest, Unauthenticated, Forbidden, Unavailable)
_feeds = partial(Endpoint, tag="feeds")
FEEDS = [
    _feeds("GET", "/v1/feeds", get_feeds, "List feeds", answer=Feeds, refusals=_KEYED, scope="imports:read"),
    _feeds("PUT", "/v1/feeds/{id}", put, "Fetch and import an address at an interval", answer=StoredFeed, body=Feed,
           refusals=(*_KEYED, NotFound, TooLarge, Unsupported, Invalid), scope="imports:write",
           parameters=IDEMPOTENCY),
    _feeds("DELETE", "/v1/feeds/{id}", delete, "Fetch it no more", answer=None, status=204,
           refusals=(*_KEYED, NotFound, Invalid), scope="imports:write", parameters=IDEMPOTENCY),
]  # fmt: skip
