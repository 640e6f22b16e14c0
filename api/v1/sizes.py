"""/v1/size-charts, /v1/fit-feedback, /v1/size-advice, /v1/footwear-sizes: which size fits, and what was learned."""

from collections.abc import Sequence
from typing import Annotated

import msgspec
from msgspec import Meta, Struct
from starlette.requests import Request
from starlette.responses import Response

from api.auth import authenticate
from api.bodies import decode_one, read_body
from api.endpoints import Endpoint, Parameter
from api.resources import IDEMPOTENCY, Resource, StoredOne, answer, refusal_of
from api.sizing import AskedSize, SizeAnswer, Typed, Wearer, answer_size, tell_equivalents
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
from tenants.audit import record_audit
from tenants.fields import ExternalId
from tenants.fit_feedback import (
    FitFeedback,
    StoredFitFeedback,
    delete_fit_feedback,
    get_fit_feedback,
    list_fit_feedback,
    upsert_fit_feedback,
)
from tenants.footwear_sizes import SYSTEMS, foot_length
from tenants.products import get_product
from tenants.shoppers import find_shopper_id
from tenants.size_chart_files import read_charts
from tenants.size_charts import (
    SizeChart,
    StoredSizeChart,
    delete_size_chart,
    get_size_chart,
    list_size_charts,
    upsert_size_charts,
)

CSV = "text/csv"
MOST_FILE = 2_000_000
SHORTEST, LONGEST = 75, 380
"""Of feet, in millimetres."""
SOURCE = "By the definitions of ISO 9407 (Mondopoint) and of the other systems, aligned by foot length as in ISO 19407."


class ChartPage(Struct, frozen=True, kw_only=True):
    """Size charts by id."""

    items: Sequence[StoredSizeChart]
    next: str | None


class FeedbackPage(Struct, frozen=True, kw_only=True):
    """Fit feedback by id."""

    items: Sequence[StoredFitFeedback]
    next: str | None


class ImportedCharts(Struct, frozen=True, kw_only=True):
    """What happened to each chart of a file."""

    sizes: Annotated[int, Meta(description="Lines of the file.")]
    charts: tuple[StoredOne, ...]


class AdviceIn(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """For what, and for whom: a shopper's recorded measurements, typed ones, or both; of one key what is typed
    counts."""

    product_id: ExternalId
    shopper_id: Annotated[ExternalId | None, Meta(description="Needs the scope `measurements:read` too.")] = None
    person_id: Annotated[ExternalId | None, Meta(description="One of the people around the shopper.")] = None
    measurements: Typed = ()

    def __post_init__(self) -> None:
        if self.person_id is not None and self.shopper_id is None:
            raise ValueError("a person_id needs the shopper_id")


_CHARTS = Resource(
    name="size-charts",
    scope="sizes",
    document=SizeChart,
    stored=StoredSizeChart,
    page=ChartPage,
    store=upsert_size_charts,
    get=get_size_chart,
    list_page=list_size_charts,
    delete=delete_size_chart,
    audited=True,
)
_FEEDBACK = Resource(
    name="fit-feedback",
    scope="sizes",
    document=FitFeedback,
    stored=StoredFitFeedback,
    page=FeedbackPage,
    store=upsert_fit_feedback,
    get=get_fit_feedback,
    list_page=list_fit_feedback,
    delete=delete_fit_feedback,
)


async def import_charts(request: Request) -> Response:
    """Take in a CSV file of charts; all of it or nothing. Sending it again is harmless."""
    caller = await authenticate(request, state_of(request).keys, "sizes:write")
    body = await read_body(request, limit=MOST_FILE, types=(CSV,))
    charts = read_charts(body)

    async def effect(conn: Connection) -> ImportedCharts:
        stored = await upsert_size_charts(conn, charts)
        for name, outcome in stored.outcomes.items():
            if outcome != "unchanged":
                await record_audit(conn, actor=f"key {caller.key_id}", action="import size-chart", subject=name)
        results = [{"id": chart.id, "result": stored.outcomes[chart.id]} for chart in charts]
        return ImportedCharts(
            sizes=sum(len(chart.rows) for chart in charts), charts=msgspec.convert(results, tuple[StoredOne, ...])
        )

    return await write(request, caller.tenant_id, body, effect)


async def advise_size(request: Request) -> Response:
    """Say which size of the product's chart fits. Whoever names a shopper needs the scope `measurements:read` too."""
    state = state_of(request)
    caller = await authenticate(request, state.keys, "sizes:read")
    asked = decode_one(await read_body(request), _advice)
    if asked.shopper_id is not None:
        await authenticate(request, state.keys, "measurements:read")
    async with state.db.tenant(caller.tenant_id) as conn:
        await get_product(conn, asked.product_id)
        wearer = await _wearer(conn, asked)
        found = await answer_size(conn, asked.product_id, asked.measurements, wearer, now=state.clock(), counts=True)
    return answer(found)


async def _wearer(conn: Connection, asked: AdviceIn) -> Wearer | None:
    if asked.shopper_id is None:
        return None
    shopper_id = await find_shopper_id(conn, asked.shopper_id)
    if shopper_id is None:
        raise NotFound(f"There is no shopper {asked.shopper_id!r}.")
    return Wearer(shopper_id, asked.person_id)


async def convert_footwear(request: Request) -> Response:
    """Tell a size of footwear, or the sizes for a length of foot, in all systems."""
    await authenticate(request, state_of(request).keys, "sizes:read")
    asked = request.query_params
    if "foot_length_mm" in asked:
        length, system = _read_length(asked["foot_length_mm"]), None
    else:
        system = SYSTEMS.get(asked.get("system", ""))
        if system is None:
            raise refusal_of(FieldError("system", f"must be one of {', '.join(SYSTEMS)}"))
        length = foot_length(system, asked.get("size", ""))
    told = tell_equivalents(length, but=system)
    return answer(AskedSize(foot_length_tenth_mm=length, equivalents=told, guideline=True, source=SOURCE))


def _read_length(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= 3 and SHORTEST <= int(text) <= LONGEST):
        raise refusal_of(FieldError("foot_length_mm", f"must be a whole number from {SHORTEST} to {LONGEST}"))
    return int(text) * 10


_advice = msgspec.json.Decoder(AdviceIn)
_KEYED = (BadRequest, Unauthenticated, Forbidden, Unavailable)
_BODY = (*_KEYED, TooLarge, Unsupported, Invalid)
_SIZE = r"^[0-9]{1,3}([.,]5|½)?(/[0-9]{2,3})? ?[CY]?$"
_QUERY = (
    Parameter("system", "query", {"enum": list(SYSTEMS)}, "The system that the size is of."),
    Parameter("size", "query", {"type": "string", "pattern": _SIZE}, "Such as 42, 8.5, 255 or 10C."),
    Parameter(
        "foot_length_mm",
        "query",
        {"type": "integer", "minimum": SHORTEST, "maximum": LONGEST},
        "Instead of a size: the length of a foot.",
    ),
)
SIZES = [
    *_CHARTS.endpoints(),
    Endpoint("POST", "/v1/size-charts:import", import_charts, "Import size charts from a CSV file", "size-charts",
             answer=ImportedCharts, refusals=_BODY, body=str, body_types=(CSV,), scope="sizes:write",
             parameters=IDEMPOTENCY),
    *_FEEDBACK.endpoints(),
    Endpoint("POST", "/v1/size-advice", advise_size, "Advise on a size", "sizes", answer=SizeAnswer,
             refusals=(*_BODY, NotFound), body=AdviceIn, scope="sizes:read"),
    Endpoint("GET", "/v1/footwear-sizes", convert_footwear, "Convert a size of footwear, as a guideline", "sizes",
             answer=AskedSize, refusals=(*_KEYED, Invalid), scope="sizes:read", parameters=_QUERY),
]  # fmt: skip
