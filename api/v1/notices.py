"""/v1/notices: what shoppers were told of their preorders, and when they are told."""

from collections.abc import Sequence
from uuid import UUID

from msgspec import Struct
from starlette.requests import Request
from starlette.responses import Response

from api.auth import authenticate
from api.endpoints import Endpoint, Parameter
from api.paging import PAGING, make_cursor, read_limit, read_uuid_cursor
from api.resources import answer
from api.setting import Setting
from api.state import state_of
from infra.errors import (
    BadRequest,
    Forbidden,
    NotFound,
    Unauthenticated,
    Unavailable,
)
from tenants.notices import Notice, NoticeSettings, list_notices, put_notice_settings, read_notice_settings
from tenants.preorder_states import no_preorder
from tenants.preorders import get_preorder


class NoticePage(Struct, frozen=True, kw_only=True):
    """Notices, the oldest first."""

    items: Sequence[Notice]
    next: str | None


async def get_notices(request: Request) -> Response:
    caller = await authenticate(request, state_of(request).keys, "preorders:read")
    limit, after, preorder_id = read_limit(request), read_uuid_cursor(request), _read_preorder(request)
    async with state_of(request).db.tenant(caller.tenant_id) as conn:
        if preorder_id is not None:
            await get_preorder(conn, preorder_id)
        items = await list_notices(conn, preorder_id=preorder_id, after=after, limit=limit)
    following = make_cursor(str(items[-1].notice_id)) if len(items) == limit else None
    return answer(NoticePage(items=items, next=following))


def _read_preorder(request: Request) -> UUID | None:
    text = request.query_params.get("preorder_id")
    try:
        return None if text is None else UUID(text)
    except ValueError:
        raise no_preorder() from None


_SETTINGS = Setting(
    path="/v1/notice-settings",
    tag="notices",
    scope="campaigns",
    document=NoticeSettings,
    read=read_notice_settings,
    store=put_notice_settings,
    reads="Read when shoppers are told",
    stores="Say when shoppers are told",
)
_KEYED = (BadRequest, Unauthenticated, Forbidden, Unavailable)
_OF = Parameter("preorder_id", "query", {"type": "string", "format": "uuid"}, "Of this preorder only.")

NOTICES = [
    Endpoint("GET", "/v1/notices", get_notices, "List what shoppers were told of their preorders", "notices",
             answer=NoticePage, refusals=(*_KEYED, NotFound), scope="preorders:read", parameters=(*PAGING, _OF)),
    *_SETTINGS.endpoints(),
]  # fmt: skip
