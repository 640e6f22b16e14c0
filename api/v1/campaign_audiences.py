"""/v1/campaigns:audience: a segment, or those who want a campaign's products most, as many as a budget reaches."""

import asyncio
from collections.abc import Sequence
from typing import Annotated, Literal, NamedTuple

import msgspec
from msgspec import Meta, Struct
from starlette.requests import Request
from starlette.responses import Response

from api.auth import authenticate
from api.bodies import decode_one, read_body
from api.endpoints import Endpoint
from api.resources import answer
from api.state import state_of
from api.writes import settle
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
from recommender.serving.audience import Ranked, rank_shoppers
from recommender.serving.learned import Learned
from recommender.serving.live_tenant import LiveTenant
from tenants.campaign_audiences import (
    MOST_INVITED,
    audience_size,
    choose_audience,
    hold_audience,
    invite_audience,
    read_segment,
    refuse_unknown_products,
)
from tenants.campaigns import get_campaign
from tenants.fields import ExternalId, MinorUnits
from tenants.shopper_filters import AttributeFilter, refuse_wrong_filters


class NoModel(Conflict):
    """There is no model that could say who wants it."""

    code = "no_model"
    hint = "Send orders and wait for the training, or POST /v1/models:train; GET /v1/models tells which version serves."


class NothingLearned(Conflict):
    """The model knows nothing of these products."""

    code = "nothing_learned"
    hint = "A product is known by its sales; before the first one by its brand and categories, if others of these sold."


class AudienceIn(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """For which products, and what may be spent at what cost a shopper."""

    id: Annotated[ExternalId, Meta(description="The campaign.")]
    products: Annotated[
        tuple[ExternalId, ...], Meta(max_length=50, description="Whom these suit; the campaign's if empty.")
    ] = ()
    attributes: Annotated[
        tuple[AttributeFilter, ...],
        Meta(max_length=20, description="A segment: only those for whom all of these hold."),
    ] = ()
    order: Annotated[
        Literal["model", "id"],
        Meta(description="model: who wants it most comes first. id: by their ids, which needs no model."),
    ] = "model"
    budget_minor: MinorUnits
    unit_cost_minor: Annotated[int, Meta(ge=1, le=10**12, description="What inviting one shopper costs.")]
    most: Annotated[int, Meta(ge=1, le=MOST_INVITED)] | None = None
    store: Annotated[
        bool, Meta(description="true: these come first in the draft, instead of those invited before; false: a look.")
    ] = False


class Audience(Struct, frozen=True, kw_only=True):
    """Shoppers, in the order that was asked for."""

    campaign_id: str
    model: Annotated[str | None, Meta(description="The model version that told the order; null for the order by id.")]
    size_limit: Annotated[int, Meta(description="⌊budget / unit cost⌋, at most `most`, at most 10,000.")]
    shoppers: Annotated[Sequence[str], Meta(description="Only those who may be personalised.")]
    scored_products: Annotated[Sequence[str], Meta(description="Those that the model can tell of.")]
    stored: bool


async def choose(request: Request) -> Response:
    """Look who would be invited, or invite them. The same question has the same answer while the model serves, so no
    Idempotency-Key is needed, and ids of shoppers are kept in no stored answer."""
    state = state_of(request)
    caller = await authenticate(request, state.keys, "campaigns:write")
    asked = decode_one(await read_body(request), _audience)
    async with state.db.tenant(caller.tenant_id) as conn:
        campaign = await get_campaign(conn, asked.id)
        products = asked.products or tuple(one.product_id for one in campaign.products)
        await refuse_unknown_products(conn, products)
        await refuse_wrong_filters(conn, asked.attributes, field="attributes")
    by_model = await _rank(await state.live.get(caller.tenant_id), products) if asked.order == "model" else None
    size = audience_size(budget_minor=asked.budget_minor, unit_cost_minor=asked.unit_cost_minor, most=asked.most)
    learned_at = state.clock() if by_model is None else by_model.learned.began_at

    async def once() -> Sequence[str]:
        async with state.db.tenant(caller.tenant_id) as conn:
            if asked.store:
                await hold_audience(conn, asked.id)
            ranked = await read_segment(conn, asked.attributes) if by_model is None else by_model.ranked.parts()
            shoppers = await choose_audience(conn, ranked, asked.attributes, size=size, learned_at=learned_at)
            if asked.store:
                await invite_audience(conn, asked.id, shoppers, actor=f"key {caller.key_id}")
            return shoppers

    return answer(
        Audience(
            campaign_id=asked.id,
            model=None if by_model is None else str(by_model.learned.model.version_id),
            size_limit=size,
            shoppers=await settle(once),
            scored_products=() if by_model is None else by_model.ranked.scored,
            stored=asked.store,
        )
    )


class _ByModel(NamedTuple):
    learned: Learned
    ranked: Ranked


async def _rank(live: LiveTenant, products: Sequence[str]) -> _ByModel:
    """Raises NoModel, NothingLearned."""
    learned = live.learned
    if learned is None:
        raise NoModel("No model serves this shop yet, so nobody can be put in order.")
    ranked = await asyncio.to_thread(rank_shoppers, learned, live.catalogue, products)
    if not ranked.scored:
        raise NothingLearned("The model has neither sales nor a known description of any of these products.")
    return _ByModel(learned, ranked)


_audience = msgspec.json.Decoder(AudienceIn)
_REFUSALS = (
    BadRequest, Unauthenticated, Forbidden, Unavailable, NotFound, Conflict, TooLarge, Unsupported, Invalid,
)  # fmt: skip

CAMPAIGN_AUDIENCES = [
    Endpoint("POST", "/v1/campaigns:audience", choose, "Choose whom to invite: a segment, by the model, under a budget",
             "campaigns", answer=Audience, refusals=_REFUSALS, body=AudienceIn, scope="campaigns:write"),
]  # fmt: skip
