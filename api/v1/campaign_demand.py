"""/v1/campaigns-demand and -production: what a campaign's preorders come to, for the merchant and for the maker."""

import asyncio
from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import Annotated, Literal

import numpy as np
from msgspec import Meta, Struct
from starlette.requests import Request
from starlette.responses import Response

from api.auth import authenticate
from api.campaign_sheets import SHEET_TYPES, make_campaign_csv, make_campaign_xlsx
from api.endpoints import Endpoint, Parameter
from api.resources import answer, path_id
from api.state import state_of
from infra.errors import BadRequest, Forbidden, NotFound, Unauthenticated, Unavailable
from recommender.demand import Forecast, Method, forecast
from tenants.audit import record_audit
from tenants.campaign_demand import (
    DemandCell,
    DemandRow,
    Join,
    count_demand,
    list_demand,
    list_joins,
    list_past_joins,
    sum_demand,
)
from tenants.campaign_documents import Basis
from tenants.campaign_states import ENDING, CampaignState
from tenants.campaigns import StoredCampaign, get_campaign
from tenants.fields import Moment
from tenants.preorder_states import Fulfilment, Payment


class Minimum(Struct, frozen=True, kw_only=True):
    """How far the campaign is from being made."""

    minimum_units: int
    basis: Basis
    counted_units: Annotated[int, Meta(description="What counts towards the minimum by its basis, as of now.")]
    missing_units: int
    reached_basis_points: Annotated[int, Meta(description="Of the minimum; 10,000 and more when it is reached.")]


class ForecastOut(Struct, frozen=True, kw_only=True):
    """How many units will have joined when the campaign ends. Only reserved ones are not counted."""

    method: Annotated[
        Method,
        Meta(
            description="past_campaigns: the level of this campaign, the shape of at least three past ones; own_curve: "
            "both of this campaign, from ten joins and a tenth of its window on; final: nobody can join any more; "
            "insufficient_data: too little is known to tell."
        ),
    ]
    units: int | None
    low: Annotated[int | None, Meta(description="Between low and high with a chance of 80 %.")]
    high: int | None
    chance_of_minimum: Annotated[
        float | None, Meta(description="0 to 1, that so many join as the minimum asks for; payments may still fail.")
    ]
    elapsed_basis_points: Annotated[int | None, Meta(description="Of the window; null where it has no end by date.")]
    joins: int
    past_campaigns: Annotated[int, Meta(description="Those that ran to their end by date.")]


class Demand(Struct, frozen=True, kw_only=True):
    """The demand board."""

    campaign_id: str
    state: CampaignState
    at: Moment
    units: Annotated[int, Meta(description="Held by live preorders, reservations included.")]
    rows: Sequence[DemandRow]
    sizes: Annotated[dict[str, int], Meta(description="Units by size, of what has one.")]
    options: Annotated[
        dict[str, dict[str, int]], Meta(description="Units by option, or attribute of a variant, and its value.")
    ]
    fulfilment: dict[Fulfilment, int]
    payment: dict[Payment, int]
    minimum: Minimum
    decision: Annotated[
        Literal["go", "no_go"], Meta(description="What was decided; until then what would be decided now.")
    ]
    decided: bool
    forecast: ForecastOut


async def get_demand(request: Request) -> Response:
    """Live units by variant and state, the way to the minimum, and a forecast."""
    state, name = state_of(request), path_id(request)
    caller, now = await authenticate(request, state.keys, "campaigns:read"), state.clock()
    async with state.db.tenant(caller.tenant_id) as conn:
        campaign = await get_campaign(conn, name)
        elapsed = _elapsed(campaign, now)
        cells, joins = await list_demand(conn, name), await list_joins(conn, name)
        past = await list_past_joins(conn, besides=name, elapsed=elapsed or 0)
    foreseen = await asyncio.to_thread(_foresee, campaign, joins, past, elapsed)
    return answer(_board(campaign, cells, foreseen, now))


async def get_production(request: Request) -> Response:
    """What is to be made of a campaign, and nothing about who wants it or what they pay."""
    state, name = state_of(request), path_id(request)
    caller, form = await authenticate(request, state.keys, "production:read"), _read_format(request)
    async with state.db.tenant(caller.tenant_id) as conn:
        campaign, cells = await get_campaign(conn, name), await list_demand(conn, name)
        actor = f"key {caller.key_id}"
        await record_audit(conn, actor=actor, action="read production sheet of campaign", subject=name)
    headers = _HEADERS | {"Content-Disposition": f'attachment; filename="campaign-production.{form}"'}
    if form == "csv":
        return Response(make_campaign_csv(campaign, cells), headers=headers, media_type=SHEET_TYPES[form])
    sheet = await asyncio.to_thread(make_campaign_xlsx, campaign, cells, now=state.clock())
    return Response(sheet, headers=headers, media_type=SHEET_TYPES[form])


def _window(campaign: StoredCampaign) -> tuple[datetime, datetime] | None:
    """From when until when one may join; None where that is not told by dates."""
    began_at = campaign.early_from or campaign.starts_at
    return None if began_at is None or campaign.ends_at is None else (began_at, campaign.ends_at)


def _elapsed(campaign: StoredCampaign, now: datetime) -> float | None:
    """The share of the window that is over, 0 to 1; None while that cannot be told."""
    if campaign.state not in ENDING and campaign.state != "draft":
        return 1.0
    window = _window(campaign)
    return None if window is None else min(1.0, max(0.0, (now - window[0]) / (window[1] - window[0])))


def _foresee(
    campaign: StoredCampaign, joins: Sequence[Join], past: Sequence[tuple[int, int]], elapsed: float | None
) -> ForecastOut:
    # Without a window either nothing is foretold, or all is over: when they joined does not matter.
    began_at, ends_at = _window(campaign) or (campaign.created_at, campaign.created_at + timedelta(days=1))
    told = (
        Forecast("insufficient_data")
        if elapsed is None
        else forecast(
            np.array([(one.at - began_at) / (ends_at - began_at) for one in joins], np.float64),
            np.array([one.quantity for one in joins], np.int64),
            elapsed=elapsed,
            past=np.array(past, np.int64).reshape(-1, 2),
            cap=campaign.caps.total,
            minimum=campaign.minimum_units,
        )
    )
    return ForecastOut(
        method=told.method,
        units=told.units,
        low=told.low,
        high=told.high,
        chance_of_minimum=told.chance_of_minimum,
        elapsed_basis_points=None if elapsed is None else round(elapsed * 10_000),
        joins=len(joins),
        past_campaigns=len(past),
    )


def _board(campaign: StoredCampaign, cells: Sequence[DemandCell], foreseen: ForecastOut, now: datetime) -> Demand:
    sizes, fulfilment, payment = Counter[str](), Counter[Fulfilment](), Counter[Payment]()
    options: dict[str, Counter[str]] = {}
    for cell in cells:
        fulfilment[cell.fulfilment] += cell.units
        payment[cell.payment] += cell.units
        if cell.size is not None:
            sizes[cell.size] += cell.units
        for name, value in cell.options.items():
            options.setdefault(name, Counter())[value] += cell.units
    counted, minimum = count_demand(cells, campaign.basis), campaign.minimum_units
    goes = counted >= minimum if campaign.decided_at is None else campaign.state != "failed"
    return Demand(
        campaign_id=campaign.id,
        state=campaign.state,
        at=now,
        units=fulfilment.total(),
        rows=sum_demand(cells),
        sizes=dict(sizes),
        options={name: dict(values) for name, values in options.items()},
        fulfilment=dict(fulfilment),
        payment=dict(payment),
        minimum=Minimum(
            minimum_units=minimum,
            basis=campaign.basis,
            counted_units=counted,
            missing_units=max(0, minimum - counted),
            reached_basis_points=counted * 10_000 // minimum if minimum else 10_000,
        ),
        decision="go" if goes and campaign.state != "cancelled" else "no_go",
        decided=campaign.decided_at is not None,
        forecast=foreseen,
    )


def _read_format(request: Request) -> Literal["csv", "xlsx"]:
    """Raises BadRequest."""
    form = request.query_params.get("format", "csv")
    if form == "csv":
        return "csv"
    if form == "xlsx":
        return "xlsx"
    raise BadRequest("format must be csv or xlsx.", hint="Leave it out for CSV.")


_HEADERS = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer"}
_KEYED = (BadRequest, Unauthenticated, Forbidden, Unavailable)
_FORMAT = Parameter("format", "query", {"enum": ["csv", "xlsx"]}, "Either is a table; CSV if unset.")
_reading = partial(Endpoint, "GET", refusals=(*_KEYED, NotFound))

CAMPAIGN_DEMAND = [
    _reading("/v1/campaigns-demand/{id:path}", get_demand, "Read a campaign's demand and forecast", tag="campaigns",
             answer=Demand, scope="campaigns:read"),
    _reading("/v1/campaigns-production/{id:path}", get_production, "Export what a campaign's maker works from",
             tag="production", answer=None, scope="production:read", parameters=(_FORMAT,)),
]  # fmt: skip
