"""Fake API: the public addresses with a behaviour that a test chooses, and the real widget files."""

import asyncio
import json
from dataclasses import dataclass, field
from typing import Any, Literal

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from api.public.assets import NEWEST, serve_file
from tenants.placements import STANDARD
from tenants.theme import Theme
from tests.widgets.fake_again import FakeAgain, again_routes
from tests.widgets.fake_campaign import FakeCampaign, campaign_routes
from tests.widgets.fake_options import FakeOptions, option_routes
from tests.widgets.fake_record import FakeRecord, record_routes
from widgets.assets import Asset, load_assets, pack
from widgets.shop_style import make_shop_style

Behaviour = Literal["ready", "slow", "status 500", "half json", "wrong shape", "empty"]
ANYONE = {"access-control-allow-origin": "*"}


@dataclass
class FakeApi:
    """What it answers, and what it was asked."""

    products: list[dict[str, Any]]
    behaviour: Behaviour = "ready"
    fields: tuple[str, ...] = ("image", "brand", "title", "price")
    layout: str = "grid"
    ended: set[str] = field(default_factory=set)
    """Tokens that are no longer taken."""
    exposure: str | None = None
    """What every slot's answer says of an experiment."""
    slow_seconds: float = 2.0
    cacheable: bool = False
    """Whether a browser may keep what a stranger's page gets."""
    questions: list[dict[str, Any]] = field(default_factory=list)
    content_types: list[str] = field(default_factory=list)
    methods: list[str] = field(default_factory=list)
    beacons: list[dict[str, Any]] = field(default_factory=list)
    record: FakeRecord = field(default_factory=FakeRecord)
    campaign: FakeCampaign = field(default_factory=FakeCampaign)
    again: FakeAgain = field(default_factory=FakeAgain)
    options: FakeOptions = field(init=False)

    def __post_init__(self) -> None:
        self.options = FakeOptions(self.record)

    def events(self, kind: str) -> list[dict[str, Any]]:
        """The events of one type, of all beacons."""
        return [event for beacon in self.beacons for event in beacon["events"] if event["type"] == kind]


def build_fake_api(api: FakeApi) -> Starlette:
    """The fake as an app."""
    routes = [
        Route("/w/v1/shop.css", shop_style),
        Route("/w/v1/{name}", asset),
        Route("/public/v1/slots", slots, methods=["GET", "POST", "OPTIONS"]),
        Route("/public/v1/events", events, methods=["POST"]),
        *option_routes(),
        *record_routes(),
        *again_routes(),
        *campaign_routes(),
    ]
    app = Starlette(routes=routes)
    app.state.api = api
    app.state.assets = load_assets()
    return app


async def asset(request: Request) -> Response:
    return serve_file(request, request.app.state.assets[request.path_params["name"]], NEWEST)


async def shop_style(request: Request) -> Response:
    """As the service puts it together: the looks, the theme, the room."""
    looks: Asset = request.app.state.assets["lastbook.css"]
    style = make_shop_style(Theme(), STANDARD.values())
    return serve_file(request, pack("shop.css", looks.body + b"\n" + style.encode()), NEWEST)


async def slots(request: Request) -> Response:
    api: FakeApi = request.app.state.api
    api.methods.append(request.method)
    question = await _question(request)
    api.questions.append(question)
    api.content_types.append(request.headers.get("content-type", ""))
    if question.get("token") in api.ended:
        return JSONResponse({"title": "Unauthorized"}, 401, ANYONE)
    kept = {"cache-control": "public, max-age=60"} if request.method == "GET" and api.cacheable else {}
    match api.behaviour:
        case "slow":
            await asyncio.sleep(api.slow_seconds)
        case "status 500":
            return JSONResponse({"title": "no"}, 500, ANYONE)
        case "half json":
            return Response('{"model": null, "slots": [{"name": "ho', headers=ANYONE, media_type="application/json")
        case "wrong shape":
            return JSONResponse({"slots": [{"name": "elsewhere", "products": 3}]}, headers=ANYONE)
        case "empty":
            return JSONResponse({"slots": [_none(slot) for slot in question["slots"]]}, headers=ANYONE)
        case "ready":
            pass
    left = list(api.products)
    fillings = [_fill(api, slot, left, question) for slot in question["slots"]]
    return JSONResponse({"model": None, "slots": fillings}, headers={**ANYONE, **kept})


async def _question(request: Request) -> dict[str, Any]:
    """The page's question, of the address or of the body."""
    if request.method == "POST":
        return dict(json.loads(await request.body()))
    assert set(request.query_params) == {"key", "page"}
    return {"key": request.query_params["key"], **json.loads(request.query_params["page"])}


async def events(request: Request) -> Response:
    api: FakeApi = request.app.state.api
    api.beacons.append(json.loads(await request.body()))
    return JSONResponse({"accepted": 1, "duplicate": 0}, 202, ANYONE)


def _fill(api: FakeApi, slot: dict[str, Any], left: list[dict[str, Any]], question: dict[str, Any]) -> dict[str, Any]:
    """Takes products off `left`: slots of one answer never share one."""
    chosen = [left.pop(0) for _ in range(min(slot.get("limit", 12), len(left)))]
    chinese = question.get("locale", "en").startswith("zh")
    heading = f"为您挑选 {slot['name']}" if chinese else f"Picked for {slot['name']}"
    experiment = {} if api.exposure is None else {"exposure": f"{api.exposure}-{slot['name']}"}
    return {
        **experiment,
        "layout": api.layout,
        "fields": api.fields,
        "locale": "zh" if chinese else "en",
        "name": slot["name"],
        "strategy": "for_you",
        "source": "model",
        "heading": heading,
        "why": None,
        "products": chosen,
    }


def _none(slot: dict[str, Any]) -> dict[str, Any]:
    why = "Nothing is in stock."
    return {"name": slot["name"], "strategy": "popular", "source": "none", "heading": "", "why": why, "products": []}
