"""/v1/made-lines and -production-sheets: what was ordered to be made, for the merchant's server and for the maker."""

from collections.abc import Sequence
from functools import partial

from msgspec import Struct
from starlette.requests import Request
from starlette.responses import Response

from api.auth import authenticate
from api.endpoints import Endpoint, Parameter
from api.production_sheets import SHEET_POLICY, make_sheet_csv, make_sheet_html
from api.resources import answer, path_id
from api.state import state_of
from api.v1.consents import KEYED
from api.v1.measurement_profiles import read_reveal
from infra.errors import BadRequest, Conflict, NotFound
from tenants.audit import record_audit
from tenants.made_lines import MadeLine, list_made_lines
from tenants.production_sheets import read_sheet

SCOPE = "production:read"


class MadeLines(Struct, frozen=True, kw_only=True):
    """An order's lines that are made to order."""

    items: Sequence[MadeLine]


async def get_lines(request: Request) -> Response:
    """As they were ordered; with their measures if `reveal` asks for them."""
    state = state_of(request)
    caller = await authenticate(request, state.keys, SCOPE)
    reveal = await read_reveal(request)
    async with state.db.tenant(caller.tenant_id) as conn:
        lines = await list_made_lines(conn, path_id(request), reveal=reveal)
        if reveal:
            actor, name = f"key {caller.key_id}", path_id(request)
            await record_audit(conn, actor=actor, action="reveal made lines of order", subject=name)
    return answer(MadeLines(items=lines))


async def get_sheet(request: Request) -> Response:
    """What the maker works from: to print, or for a spreadsheet."""
    state = state_of(request)
    caller = await authenticate(request, state.keys, SCOPE)
    form, locale = _read_format(request), request.query_params.get("locale", "en")
    async with state.db.tenant(caller.tenant_id) as conn:
        sheet = await read_sheet(conn, path_id(request), locale=locale, now=state.clock())
        actor = f"key {caller.key_id}"
        await record_audit(conn, actor=actor, action="read production sheet of order", subject=path_id(request))
    if form == "csv":
        headers = {**_HEADERS, "Content-Disposition": 'attachment; filename="production-sheet.csv"'}
        return Response(make_sheet_csv(sheet), headers=headers, media_type="text/csv")
    headers = {**_HEADERS, "Content-Security-Policy": SHEET_POLICY}
    return Response(make_sheet_html(sheet), headers=headers, media_type="text/html")


def _read_format(request: Request) -> str:
    form = request.query_params.get("format", "html")
    if form not in ("html", "csv"):
        raise BadRequest("format must be html or csv.", hint="Leave it out for a page to print.")
    return form


_HEADERS = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer"}
_REVEAL = Parameter(
    "reveal",
    "query",
    {"type": "boolean"},
    "true: with measures; needs measurements:reveal too, and is audited.",
)
_FORMAT = Parameter("format", "query", {"enum": ["html", "csv"]}, "A page to print, or a table.")
_LOCALE = Parameter(
    "locale", "query", {"type": "string", "maxLength": 35}, "Of what is printed, for the maker. Unset: English."
)
_reading = partial(Endpoint, tag="production", scope=SCOPE)

MADE_LINES = [
    _reading("GET", "/v1/made-lines/{id:path}", get_lines, "Read an order's lines that are made to order",
             answer=MadeLines, refusals=(*KEYED, NotFound, Conflict), parameters=(_REVEAL,)),
    _reading("GET", "/v1/production-sheets/{id:path}", get_sheet, "Print what the maker works from (HTML or CSV)",
             answer=None, refusals=(*KEYED, NotFound), parameters=(_FORMAT, _LOCALE)),
]  # fmt: skip
