"""/v1/placements:draft … :rollback: a place is tried out, compared, published, and taken back."""

from collections.abc import Sequence
from functools import partial
from typing import Annotated

import msgspec
from msgspec import Meta, Struct
from starlette.requests import Request
from starlette.responses import Response

from api.auth import authenticate
from api.bodies import decode_one, read_body
from api.endpoints import Endpoint
from api.paging import PAGING, make_cursor, read_cursor, read_limit
from api.public.wire import SlotsOut
from api.resources import IDEMPOTENCY, StoredOne, answer
from api.state import state_of
from api.v1.recommendations import Asking, now_of, try_out, viewer_of
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
from tenants.placement_drafts import (
    Comparison,
    PlacementDraft,
    compare_draft,
    discard_draft,
    get_draft,
    list_drafts,
    publish_draft,
    upsert_draft,
)
from tenants.placement_versions import PlacementVersion, Publication, list_versions, roll_back
from tenants.placements import Placement, PlacementName
from widgets.slots import Slot, SlotContext, fill

VersionNumber = Annotated[int, Meta(ge=1, le=2**31 - 1)]


class PlacementRef(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Which placement."""

    id: PlacementName


class VersionsIn(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Which versions, the newest first."""

    id: PlacementName
    before: Annotated[VersionNumber | None, Meta(description="Older than this one: `next` of the last answer.")] = None
    limit: Annotated[int, Meta(ge=1, le=100)] = 50


class RollbackIn(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Which version is to be in force again."""

    id: PlacementName
    version: VersionNumber


class PreviewIn(Asking, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Whose draft, and for whom and which page it is filled."""

    id: PlacementName
    page: Annotated[SlotContext, Meta(description="What the page would say of the slot.")] = SlotContext()


class VersionPage(Struct, frozen=True, kw_only=True):
    """Versions, the newest first."""

    items: Sequence[PlacementVersion]
    next: int | None


class DraftPage(Struct, frozen=True, kw_only=True):
    """Drafts by name."""

    items: Sequence[PlacementDraft]
    next: str | None


async def post_draft(request: Request) -> Response:
    """Store a draft. Nobody sees it."""
    caller = await authenticate(request, state_of(request).keys, WRITE)
    body = await read_body(request)
    placement = decode_one(body, _placement)

    async def effect(conn: Connection) -> StoredOne:
        result = await upsert_draft(conn, placement, actor=f"key {caller.key_id}")
        return StoredOne(id=placement.id, result=result)

    return await write(request, caller.tenant_id, body, effect)


async def post_publish(request: Request) -> Response:
    """Put the draft into force; every process serves it within seconds."""
    caller = await authenticate(request, state_of(request).keys, WRITE)
    body = await read_body(request)
    name = decode_one(body, _ref).id

    async def effect(conn: Connection) -> Publication:
        return await publish_draft(conn, name, actor=f"key {caller.key_id}")

    return await write(request, caller.tenant_id, body, effect)


async def post_discard(request: Request) -> Response:
    """Forget the draft."""
    caller = await authenticate(request, state_of(request).keys, WRITE)
    body = await read_body(request)
    name = decode_one(body, _ref).id

    async def effect(conn: Connection) -> None:
        await discard_draft(conn, name, actor=f"key {caller.key_id}")

    return await write(request, caller.tenant_id, body, effect)


async def post_rollback(request: Request) -> Response:
    """Put an older version into force again, as a new one."""
    caller = await authenticate(request, state_of(request).keys, WRITE)
    body = await read_body(request)
    wanted = decode_one(body, _rollback)

    async def effect(conn: Connection) -> Publication:
        return await roll_back(conn, wanted.id, wanted.version, actor=f"key {caller.key_id}")

    return await write(request, caller.tenant_id, body, effect)


async def post_diff(request: Request) -> Response:
    """What publishing the draft would change."""
    caller = await authenticate(request, state_of(request).keys, READ)
    name = decode_one(await read_body(request), _ref).id
    async with state_of(request).db.tenant(caller.tenant_id) as conn:
        return answer(await compare_draft(conn, name))


async def post_versions(request: Request) -> Response:
    """What was ever in force of a placement."""
    caller = await authenticate(request, state_of(request).keys, READ)
    wanted = decode_one(await read_body(request), _versions)
    async with state_of(request).db.tenant(caller.tenant_id) as conn:
        items = await list_versions(conn, wanted.id, before=wanted.before, limit=wanted.limit)
    more = len(items) == wanted.limit and items[-1].version > 1
    return answer(VersionPage(items=items, next=items[-1].version if more else None))


async def get_drafts(request: Request) -> Response:
    caller = await authenticate(request, state_of(request).keys, READ)
    limit, after = read_limit(request), read_cursor(request)
    async with state_of(request).db.tenant(caller.tenant_id) as conn:
        items = await list_drafts(conn, after=after, limit=limit)
    return answer(DraftPage(items=items, next=make_cursor(items[-1].id) if len(items) == limit else None))


async def post_preview(request: Request) -> Response:
    """The slot as it would be filled if the draft were in force."""
    state = state_of(request)
    caller = await authenticate(request, state.keys, "recommendations:read")
    asked = decode_one(await read_body(request), _preview)
    now, live = now_of(request, asked.at), await state.live.get(caller.tenant_id)
    async with state.db.tenant(caller.tenant_id) as conn:
        draft = await get_draft(conn, asked.id)
    live = await try_out(live, () if live.book is None else live.book.rules, (draft.document,), now)
    slot = Slot(name=asked.id, **msgspec.structs.asdict(asked.page))
    body = fill(live, state.orders, (slot,), await viewer_of(request, live, asked, (slot,)), now=now)
    return Response(body, media_type="application/json")


READ, WRITE = "placements:read", "placements:write"
_placement = msgspec.json.Decoder(Placement)
_ref = msgspec.json.Decoder(PlacementRef)
_versions = msgspec.json.Decoder(VersionsIn)
_rollback = msgspec.json.Decoder(RollbackIn)
_preview = msgspec.json.Decoder(PreviewIn)
_KEYED = (BadRequest, Unauthenticated, Forbidden, Unavailable)
_BODY = (*_KEYED, TooLarge, Unsupported, Invalid)
_reading = partial(Endpoint, "POST", tag="placements", scope=READ, refusals=(*_BODY, NotFound))
_writing = partial(
    Endpoint, "POST", tag="placements", scope=WRITE, refusals=(*_BODY, NotFound, Conflict), parameters=IDEMPOTENCY
)

PLACEMENT_DRAFTS = [
    Endpoint("GET", "/v1/placements:drafts", get_drafts, "List drafts of placements", "placements", answer=DraftPage,
             refusals=_KEYED, scope=READ, parameters=PAGING),
    _writing("/v1/placements:draft", post_draft, "Store a draft of a placement", answer=StoredOne, body=Placement),
    _writing("/v1/placements:publish", post_publish, "Publish the draft of a placement", answer=Publication,
             body=PlacementRef),
    _writing("/v1/placements:discard", post_discard, "Forget the draft of a placement", answer=None, status=204,
             body=PlacementRef),
    _writing("/v1/placements:rollback", post_rollback, "Take an older version of a placement again",
             answer=Publication, body=RollbackIn),
    _reading("/v1/placements:diff", post_diff, "Compare the draft of a placement with what is in force",
             answer=Comparison, body=PlacementRef),
    _reading("/v1/placements:versions", post_versions, "List what was ever in force of a placement",
             answer=VersionPage, body=VersionsIn),
    Endpoint("POST", "/v1/placements:preview", post_preview, "Fill a slot from the draft of its placement",
             "placements", answer=SlotsOut, refusals=(*_BODY, NotFound), body=PreviewIn, scope="recommendations:read"),
]  # fmt: skip
