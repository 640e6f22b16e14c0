"""/v1/attribution: what placements earned, why something was or was not credited, and for how long a click counts."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import date, timedelta
from typing import Annotated, Literal, get_args

import msgspec
from msgspec import Meta, Struct
from starlette.requests import Request
from starlette.responses import Response

from api.auth import authenticate
from api.bodies import decode_one, read_body
from api.endpoints import Endpoint, Parameter
from api.resources import answer
from api.setting import Setting
from api.state import state_of
from infra.errors import (
    BadRequest,
    Forbidden,
    Invalid,
    NotFound,
    TooLarge,
    Unauthenticated,
    Unavailable,
    Unsupported,
)
from tenants.attribution_reasons import EventReason, LineReason, explain_event, explain_order
from tenants.attribution_report import SIDES, DeedsRow, Report, SalesRow, Side, SoldRow, read_report
from tenants.attribution_settings import AttributionSettings, put_attribution_settings, read_attribution_settings
from tenants.export import make_csv
from tenants.fields import ExternalId

MOST_DAYS = 400
Table = Literal["sales", "deeds", "sold"]


class ReportOut(Struct, frozen=True, kw_only=True):
    """What was done with what was shown, and what was bought of it."""

    first: Annotated[date, Meta(description="The first day, in the shop's time zone.")]
    last: date
    time_zone: str
    by: Side
    settings: AttributionSettings
    deeds: Annotated[
        Sequence[DeedsRow],
        Meta(description="The same by the same browser or shopper with the same token counts once."),
    ]
    deeds_total: DeedsRow
    sales: Annotated[
        Sequence[SalesRow],
        Meta(description="clicked: after a click or an add. viewed: only seen before; never among those clicked."),
    ]
    sales_totals: Annotated[
        Sequence[SalesRow],
        Meta(description="One a currency. An order that two placements earned lines of is one order here."),
    ]
    sold: Annotated[Sequence[SoldRow], Meta(description="All that was bought and not given back, whatever earned it.")]


class ExplainIn(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What to explain: an order or an event."""

    order: ExternalId | None = None
    event: ExternalId | None = None

    def __post_init__(self) -> None:
        if (self.order is None) == (self.event is None):
            raise ValueError("name either an order or an event")


class Explained(Struct, frozen=True, kw_only=True):
    """A reason for each line of the order, or one for the event."""

    lines: Sequence[LineReason] = ()
    event: EventReason | None = None


async def get_report(request: Request) -> Response:
    """What placements earned, from the record as it stands."""
    caller = await authenticate(request, state_of(request).keys, "attribution:read")
    first, last = _read_days(request)
    by, table = _choose(request, "by", SIDES, "placement"), _choose(request, "table", get_args(Table), "sales")
    form = _choose(request, "format", ("json", "csv"), "json")
    async with state_of(request).db.tenant(caller.tenant_id) as conn:
        report = await read_report(conn, first=first, last=last, by=by)  # type: ignore[arg-type]  # one of SIDES
    if form == "csv":
        return _sheet(report, table)
    fields = {name: getattr(report, name) for name in _TABLES}
    return answer(
        ReportOut(
            first=first,
            last=last,
            by=by,  # type: ignore[arg-type]  # one of SIDES
            time_zone=report.period.time_zone,
            settings=report.settings,
            **fields,
        )
    )


async def explain(request: Request) -> Response:
    """Say why each line of an order, or an event, was or was not credited."""
    caller = await authenticate(request, state_of(request).keys, "attribution:read")
    asked = decode_one(await read_body(request), _explain)
    async with state_of(request).db.tenant(caller.tenant_id) as conn:
        if asked.order is not None:
            return answer(Explained(lines=await explain_order(conn, asked.order)))
        return answer(Explained(event=await explain_event(conn, asked.event or "")))


def _sheet(report: Report, table: str) -> Response:
    """With the mark by which spreadsheets know UTF-8."""
    kind, rows = _SHEETS[table], getattr(report, table)
    columns = list(kind.__dataclass_fields__)
    sheet = "\ufeff" + make_csv([asdict(row) for row in rows], columns=columns)
    name = f'attachment; filename="attribution-{table}.csv"'
    return Response(sheet, headers=_HEADERS | {"Content-Disposition": name}, media_type="text/csv")


def _read_days(request: Request) -> tuple[date, date]:
    """Raises BadRequest."""
    first, last = _read_day(request, "from"), _read_day(request, "to")
    if not timedelta() <= last - first < timedelta(days=MOST_DAYS):
        raise BadRequest(f"`to` must lie behind `from`, by {MOST_DAYS} days at the most.")
    return first, last


def _read_day(request: Request, name: str) -> date:
    text = request.query_params.get(name, "")
    try:
        day = date.fromisoformat(text)
    except ValueError:
        day = date.min
    if text != day.isoformat() or not 1900 <= day.year < 2200:
        raise BadRequest(f"{name} must be a day as 2026-03-02, from 1900 to 2199.")
    return day


def _choose(request: Request, name: str, among: Sequence[str], usual: str) -> str:
    text = request.query_params.get(name, usual)
    if text not in among:
        raise BadRequest(f"{name} must be one of {', '.join(among)}.", hint=f"Leave it out for {usual}.")
    return text


_explain = msgspec.json.Decoder(ExplainIn)
_SHEETS: Mapping[str, type[DeedsRow] | type[SalesRow] | type[SoldRow]] = {
    "sales": SalesRow,
    "deeds": DeedsRow,
    "sold": SoldRow,
}
_TABLES = ("deeds", "deeds_total", "sales", "sales_totals", "sold")
_HEADERS = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}
_KEYED = (BadRequest, Unauthenticated, Forbidden, Unavailable)
_BODY = (*_KEYED, TooLarge, Unsupported, Invalid)
_DAY: dict[str, object] = {"type": "string", "format": "date"}
_PERIOD = (
    Parameter("from", "query", _DAY, "The first day, in the shop's time zone.", required=True),
    Parameter("to", "query", _DAY, f"The last day, included; {MOST_DAYS} days at the most.", required=True),
    Parameter("by", "query", {"enum": list(SIDES)}, "What a row is; placement if unset."),
    Parameter("format", "query", {"enum": ["json", "csv"]}, "JSON of all tables, or CSV of one; JSON if unset."),
    Parameter("table", "query", {"enum": list(get_args(Table))}, "Of a CSV; sales if unset."),
)
_SETTINGS = Setting(
    path="/v1/attribution-settings",
    tag="attribution",
    scope="attribution",
    document=AttributionSettings,
    read=read_attribution_settings,
    store=put_attribution_settings,
    reads="Read for how long a click counts",
    stores="Say for how long a click counts, in every report from now on",
)

ATTRIBUTION = [
    Endpoint("GET", "/v1/attribution/report", get_report, "Report what placements earned", "attribution",
             answer=ReportOut, refusals=_KEYED, scope="attribution:read", parameters=_PERIOD),
    Endpoint("POST", "/v1/attribution:explain", explain, "Say why something was or was not credited", "attribution",
             answer=Explained, refusals=(*_BODY, NotFound), body=ExplainIn, scope="attribution:read"),
    *_SETTINGS.endpoints(),
]  # fmt: skip
