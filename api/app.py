"""The app: every address on one screen."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib.metadata import version

import msgspec
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp

from api import health
from api.door import Door
from api.edge import Edge
from api.endpoints import Endpoint, Handler, make_routes
from api.errors import HANDLERS
from api.openapi import make_document
from api.public.assets import asset_routes
from api.public.endpoints import PUBLIC
from api.public.include import include_routes
from api.public.paying import paying_routes
from api.public.preorder_page import page_routes
from api.public.releases import Releases
from api.public.shop_style import shop_style_routes
from api.public.stripe_webhook import STRIPE_WEBHOOK
from api.state import open_state
from api.v1.attributes import ATTRIBUTE_ENDPOINTS
from api.v1.campaign_audiences import CAMPAIGN_AUDIENCES
from api.v1.campaign_demand import CAMPAIGN_DEMAND
from api.v1.campaigns import CAMPAIGNS
from api.v1.collections import COLLECTIONS
from api.v1.configure import CONFIGURE
from api.v1.consents import CONSENTS
from api.v1.events import EVENTS
from api.v1.feeds import FEEDS
from api.v1.identity import IDENTITY
from api.v1.imports import IMPORTS
from api.v1.made_lines import MADE_LINES
from api.v1.measurement_profiles import MEASUREMENT_PROFILES
from api.v1.measurements import MEASUREMENTS
from api.v1.models import MODELS
from api.v1.notices import NOTICES
from api.v1.option_documents import OPTION_DOCUMENTS
from api.v1.orders import ORDERS
from api.v1.payments import PAYMENTS
from api.v1.people import PEOPLE
from api.v1.placements import PLACEMENTS
from api.v1.preorders import PREORDERS
from api.v1.privacy import PRIVACY
from api.v1.products import PRODUCTS
from api.v1.profiles import PROFILES
from api.v1.quotes import QUOTES
from api.v1.recommendations import RECOMMENDATIONS
from api.v1.replenishment import REPLENISHMENT
from api.v1.rules import RULES
from api.v1.shoppers import SHOPPERS
from api.v1.sizes import SIZES
from api.v1.special_requests import SPECIAL_REQUESTS
from api.v1.theme import THEME
from api.v1.verticals import VERTICALS
from api.v1.wishes import WISHES
from api.v1.work_calendar import WORK_CALENDAR
from infra.clock import Clock, system_clock
from infra.settings import Settings
from widgets.assets import load_assets

ENDPOINTS: list[Endpoint] = [
    *PUBLIC,  # first, for a page waits for these and each address before costs a microsecond
    *PRODUCTS.endpoints(),
    *ORDERS.endpoints(),
    *EVENTS.endpoints(),
    *SHOPPERS.endpoints(),
    *IDENTITY,
    *ATTRIBUTE_ENDPOINTS,
    *PEOPLE.endpoints(),
    *PROFILES,
    *MEASUREMENTS,
    *MEASUREMENT_PROFILES,
    *WISHES,
    *CONSENTS,
    *PRIVACY,
    *VERTICALS,
    *IMPORTS,
    *FEEDS,
    *MODELS,
    *RECOMMENDATIONS,
    *REPLENISHMENT,
    *RULES,
    *PLACEMENTS.endpoints(),
    *THEME,
    *CONFIGURE,
    *WORK_CALENDAR,
    *SPECIAL_REQUESTS,
    *QUOTES,
    *MADE_LINES,
    *SIZES,
    *OPTION_DOCUMENTS,
    *COLLECTIONS.endpoints(),
    *CAMPAIGNS,
    *CAMPAIGN_AUDIENCES,
    *CAMPAIGN_DEMAND,
    *PREORDERS,
    *PAYMENTS,
    *NOTICES,
    *STRIPE_WEBHOOK,
]


def build_app(settings: Settings, clock: Clock = system_clock) -> ASGIApp:
    """The service as an ASGI app. The settings' addresses must be set; machines open with the app's lifespan."""

    releases = Releases(load_assets())

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        async with open_state(settings, clock) as state:
            app.state.lastbook = edge.state = state
            await releases.publish(state.artifacts)
            yield

    routes = [
        *make_routes(ENDPOINTS),
        *health.ROUTES,
        *include_routes(),
        *shop_style_routes(releases),
        *asset_routes(releases),
        *paying_routes(),
        *page_routes(),
        Route("/openapi.json", _openapi(settings)),
    ]
    app = Starlette(routes=routes, exception_handlers=HANDLERS, lifespan=lifespan)
    edge = Edge(app, _doors(), max_in_flight=settings.max_in_flight)
    return edge


def _doors() -> dict[tuple[str, str], Door]:
    return {(one.method, one.path): one.handler for one in ENDPOINTS if isinstance(one.handler, Door)}


def _openapi(settings: Settings) -> Handler:
    """Made once, when the app is built."""
    document = make_document(ENDPOINTS, version=version("lastbook-server"), server=settings.public_url)
    body = msgspec.json.encode(document)

    async def openapi(request: Request) -> Response:
        return Response(body, media_type="application/json")

    return openapi
