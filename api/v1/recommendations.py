"""/v1/recommendations: what a merchant's server asks for a shopper, and why a product is or is not shown."""

import asyncio
from collections.abc import Iterable
from datetime import datetime
from functools import partial
from typing import Annotated

import msgspec
from msgspec import Meta, Struct
from starlette.requests import Request
from starlette.responses import Response

from api.auth import authenticate
from api.bodies import decode_one, read_body
from api.endpoints import Endpoint
from api.public.personal import read_personal
from api.public.wire import SlotsOut
from api.resources import answer, refusal_of
from api.sessions import owner
from api.state import State, state_of
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
from recommender.serving.explaining import Explanation, explain
from recommender.serving.languages import words_of
from recommender.serving.live_tenant import LiveTenant
from recommender.serving.needs import Looks
from recommender.serving.rules import compile_rules, give_way
from recommender.serving.session import NOTHING, Session
from tenants.attributes import Locale
from tenants.fields import ExternalId, Moment
from tenants.options import Region
from tenants.placements import Placement, find_wrong_placements
from tenants.rules import Rule, find_wrong_rules
from widgets.slots import Slot, Viewer, ask_for, fill, wish_for

Ids = Annotated[tuple[ExternalId, ...], Meta(max_length=50, description="Product ids, the latest first.")]


class SessionIn(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What the shopper did of late, as if it had just happened, instead of what is known of it."""

    viewed: Ids = ()
    carted: Ids = ()
    bought: Ids = ()


class Asked(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Who is asked for, and when."""

    shopper_id: ExternalId | None = None
    session: Annotated[
        SessionIn | None, Meta(description="Unset: as on the shop's pages, what this shopper did and bought of late.")
    ] = None
    at: Annotated[Moment | None, Meta(description="As if it were this time: windows and sales of then.")] = None
    region: Annotated[Region | None, Meta(description="Where it is to be sent: what is made may differ.")] = None
    locale: Annotated[
        Locale, Meta(description="What is spoken: headings and reasons are in it where we have them.")
    ] = "en"
    rules: Annotated[
        Annotated[tuple[Rule, ...], Meta(max_length=100)] | None,
        Meta(description="A trial: these rules instead of those in force. Nothing is stored."),
    ] = None
    placements: Annotated[
        tuple[Placement, ...], Meta(max_length=20, description="A trial: these placements beside those in force.")
    ] = ()


class RecommendationsIn(Asked, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Slots for a shopper."""

    slots: Annotated[tuple[Slot, ...], Meta(min_length=1, max_length=50)]


class ExplainIn(Asked, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Products to explain in one slot for a shopper."""

    slot: Slot
    products: Annotated[tuple[ExternalId, ...], Meta(min_length=1, max_length=50)]


class Explanations(Struct, frozen=True, kw_only=True):
    """One explanation a product, in the order asked."""

    model: Annotated[str | None, Meta(description="The model version that serves, or null before the first one.")]
    items: tuple[Explanation, ...]


class NoPlacement(NotFound):
    """There is no placement of that name."""

    code = "no_placement"
    hint = "GET /v1/placements lists the names."


async def recommend(request: Request) -> Response:
    """Fill slots for a shopper whom the merchant's server names."""
    live = await _live(request)
    asked = decode_one(await read_body(request), _recommendations)
    live = await _try(live, asked, _now(request, asked.at))
    viewer = await _viewer(request, live, asked, asked.slots)
    body = fill(live, state_of(request).orders, asked.slots, viewer, now=_now(request, asked.at))
    return Response(body, media_type="application/json")


async def explain_products(request: Request) -> Response:
    """Say why a slot shows each product, or what keeps it out."""
    live = await _live(request)
    asked = decode_one(await read_body(request), _explain)
    live = await _try(live, asked, _now(request, asked.at))
    placement, slot = live.placements.get(asked.slot.name), asked.slot
    if placement is None:
        raise NoPlacement(f"There is no placement {slot.name!r}.")
    orders, now = state_of(request).orders, _now(request, asked.at)
    viewer = await _viewer(request, live, asked, (slot,))
    ask, words = ask_for(live, placement, slot, viewer, now=now), words_of(asked.locale)
    items = tuple(
        explain(live, orders, placement, ask, wish_for(placement, slot, Looks()), product, now=now, words=words)
        for product in asked.products
    )
    model = None if live.version_id is None else str(live.version_id)
    return answer(msgspec.to_builtins(Explanations(model=model, items=items)))


async def _live(request: Request) -> LiveTenant:
    caller = await authenticate(request, state_of(request).keys, "recommendations:read")
    return await state_of(request).live.get(caller.tenant_id)


async def _try(live: LiveTenant, asked: Asked, now: float) -> LiveTenant:
    """What is in force, or the trial that is asked for. Raises Invalid for conditions that cannot be used."""
    if asked.rules is None and not asked.placements:
        return live if asked.at is None else live.as_of(now)
    await asyncio.to_thread(_refuse_wrong, asked)
    placements = {**live.placements, **{one.id: one for one in asked.placements}}
    rules = asked.rules if asked.rules is not None else () if live.book is None else live.book.rules
    make = partial(compile_rules, rules, live.catalogue, now, placements=list(placements.values()), pause=give_way)
    return live.under(await asyncio.to_thread(make), placements)


def _refuse_wrong(asked: Asked) -> None:
    for name, wrong in (
        ("rules", find_wrong_rules(asked.rules or ())),
        ("placements", find_wrong_placements(asked.placements)),
    ):
        for one, error in wrong.items():
            raise refusal_of(FieldError(f"{name}.{one}.{error.field}", error.reason))


def _person(live: LiveTenant, asked: Asked) -> str | None:
    """Nobody, when the shopper does not want to be recognised."""
    return asked.shopper_id if asked.shopper_id is not None and live.may_personalise(asked.shopper_id) else None


async def _viewer(request: Request, live: LiveTenant, asked: Asked, slots: Iterable[Slot]) -> Viewer:
    """As on the shop's pages, for a shopper whom the server names."""
    state, person = state_of(request), _person(live, asked)
    people = (slot.person for slot in slots)
    personal = await read_personal(state, live, person, people, now=asked.at or state.clock())
    session = await _session(state, live, asked)
    return Viewer(person, session, personal.collections, personal.records, asked.region, asked.locale)


async def _session(state: State, live: LiveTenant, asked: Asked) -> Session:
    if asked.shopper_id is not None and not live.may_personalise(asked.shopper_id):
        return NOTHING
    if asked.session is not None:
        return Session(asked.session.viewed, asked.session.carted, asked.session.bought)
    if asked.shopper_id is None:
        return NOTHING
    owners = (owner(live.tenant_id, "shopper", live.aliases.get(asked.shopper_id, asked.shopper_id)),)
    return state.sessions.find(owners) or await state.sessions.read(owners)


def _now(request: Request, at: datetime | None) -> float:
    return (at or state_of(request).clock()).timestamp()


_recommendations = msgspec.json.Decoder(RecommendationsIn)
_explain = msgspec.json.Decoder(ExplainIn)
_REFUSALS = (BadRequest, Unauthenticated, Forbidden, TooLarge, Unsupported, Invalid, Unavailable)

RECOMMENDATIONS = [
    Endpoint("POST", "/v1/recommendations", recommend, "Recommend to a shopper", "recommendations", answer=SlotsOut,
             refusals=_REFUSALS, body=RecommendationsIn, scope="recommendations:read"),
    Endpoint("POST", "/v1/recommendations:explain", explain_products, "Say why, or why not", "recommendations",
             answer=Explanations, refusals=(*_REFUSALS, NotFound), body=ExplainIn, scope="recommendations:read"),
]  # fmt: skip
