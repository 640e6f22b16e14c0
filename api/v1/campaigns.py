"""/v1/campaigns: preorder campaigns, written as drafts, published, and moved through their states."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from datetime import datetime
from functools import partial
from typing import TypeVar

import msgspec
from msgspec import Struct
from starlette.requests import Request
from starlette.responses import Response

from api.auth import authenticate
from api.bodies import decode_one, read_body
from api.endpoints import Endpoint
from api.resources import IDEMPOTENCY, Resource, answer, path_id
from api.state import state_of
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
from tenants.audit import record_audit
from tenants.campaign_acts import ask_transition
from tenants.campaign_documents import Campaign
from tenants.campaign_interest import record_interest
from tenants.campaign_publishing import publish_campaign
from tenants.campaign_schedule import move_by_clock
from tenants.campaign_states import CampaignState, CampaignTransition, list_campaign_transitions
from tenants.campaigns import (
    NewDates,
    StoredCampaign,
    change_dates,
    clone_campaign,
    delete_campaign,
    get_campaign,
    list_campaigns,
    upsert_campaigns,
)
from tenants.fields import ExternalId, Moment, ShortText
from tenants.named import hold_named

B = TypeVar("B", bound=Struct)


class CampaignPage(Struct, frozen=True, kw_only=True):
    """Campaigns by id."""

    items: Sequence[StoredCampaign]
    next: str | None


class CampaignNamed(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One campaign."""

    id: ExternalId


class TransitionIn(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The state that is asked for, and why."""

    id: ExternalId
    to: CampaignState
    reason: ShortText = ""


class CloneIn(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A campaign, and the id of the draft that is made of it."""

    id: ExternalId
    new_id: ExternalId


class InterestIn(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A shopper who wants to be told."""

    id: ExternalId
    shopper_id: ExternalId


class InterestOut(Struct, frozen=True, kw_only=True):
    """Since when the shopper is interested. Who was before `early_from` comes first."""

    id: str
    at: Moment


class CampaignTransitions(Struct, frozen=True, kw_only=True):
    """What led to a campaign's state, the first step first."""

    items: Sequence[CampaignTransition]


_CAMPAIGNS = Resource(
    name="campaigns",
    document=Campaign,
    stored=StoredCampaign,
    page=CampaignPage,
    store=upsert_campaigns,
    get=get_campaign,
    list_page=list_campaigns,
    delete=delete_campaign,
    audited=True,
)

Act = Callable[[Connection, B, datetime, str], Awaitable[Struct]]
"""What a body asks for: on this connection, at this time, by this actor."""


async def _do(request: Request, kind: type[B], act: Act[B]) -> Response:
    """One act on one campaign."""
    state = state_of(request)
    caller = await authenticate(request, state.keys, "campaigns:write")
    body = await read_body(request)
    asked, now = decode_one(body, msgspec.json.Decoder(kind)), state.clock()

    async def effect(conn: Connection) -> Struct:
        return await act(conn, asked, now, f"key {caller.key_id}")

    return await write(request, caller.tenant_id, body, effect)


async def publish(request: Request) -> Response:
    """From draft to scheduled, or further when its time has come. What is missing is listed."""

    async def act(conn: Connection, asked: CampaignNamed, now: datetime, actor: str) -> Struct:
        standing = await publish_campaign(conn, asked.id, now=now, actor=actor)
        await move_by_clock(conn, standing, now=now)
        return await get_campaign(conn, asked.id)

    return await _do(request, CampaignNamed, act)


async def transition(request: Request) -> Response:
    """Pause, open again, close, cancel, or go on to the next step of making and shipping."""

    async def act(conn: Connection, asked: TransitionIn, now: datetime, actor: str) -> Struct:
        await ask_transition(conn, asked.id, asked.to, reason=asked.reason, now=now, actor=actor)
        return await get_campaign(conn, asked.id)

    return await _do(request, TransitionIn, act)


async def dates(request: Request) -> Response:
    """Move a published campaign's dates, and say why."""

    async def act(conn: Connection, asked: NewDates, now: datetime, actor: str) -> Struct:
        return await change_dates(conn, asked, now=now, actor=actor)

    return await _do(request, NewDates, act)


async def clone(request: Request) -> Response:
    """A draft of the same campaign, without its dates."""

    async def act(conn: Connection, asked: CloneIn, now: datetime, actor: str) -> Struct:
        made = await clone_campaign(conn, asked.id, asked.new_id)
        await record_audit(conn, actor=actor, action="clone campaign", subject=asked.new_id)
        return made

    return await _do(request, CloneIn, act)


async def interest(request: Request) -> Response:
    """Note that a shopper wants to be told."""

    async def act(conn: Connection, asked: InterestIn, now: datetime, actor: str) -> Struct:
        known = await record_interest(conn, asked.id, await hold_named(conn, asked.shopper_id), now=now)
        return InterestOut(id=known.campaign_id, at=known.at)

    return await _do(request, InterestIn, act)


async def get_transitions(request: Request) -> Response:
    caller = await authenticate(request, state_of(request).keys, "campaigns:read")
    async with state_of(request).db.tenant(caller.tenant_id) as conn:
        return answer(CampaignTransitions(items=await list_campaign_transitions(conn, path_id(request))))


def _described(endpoint: Endpoint) -> Endpoint:
    """What was published cannot be deleted; and bounds that a struct cannot say of itself."""
    if endpoint.method == "DELETE":
        return replace(endpoint, refusals=(*endpoint.refusals, Conflict))
    return endpoint


_KEYED = (BadRequest, Unauthenticated, Forbidden, Unavailable)
_acting = partial(
    Endpoint, "POST", tag="campaigns", scope="campaigns:write", parameters=IDEMPOTENCY,
    refusals=(*_KEYED, NotFound, Conflict, TooLarge, Unsupported, Invalid),
)  # fmt: skip

CAMPAIGNS = [
    *map(_described, _CAMPAIGNS.endpoints()),
    _acting("/v1/campaigns:publish", publish, "Publish a campaign", answer=StoredCampaign, body=CampaignNamed),
    _acting("/v1/campaigns:transition", transition, "Move a campaign to another state", answer=StoredCampaign,
            body=TransitionIn),
    _acting("/v1/campaigns:dates", dates, "Change a published campaign's dates", answer=StoredCampaign, body=NewDates),
    _acting("/v1/campaigns:clone", clone, "Make a draft of a campaign", answer=StoredCampaign, body=CloneIn),
    _acting("/v1/campaigns:interest", interest, "Record a shopper's interest", answer=InterestOut, body=InterestIn),
    Endpoint("GET", "/v1/campaign-transitions/{id:path}", get_transitions, "List a campaign's transitions",
             tag="campaigns", scope="campaigns:read", answer=CampaignTransitions, refusals=(*_KEYED, NotFound)),
]  # fmt: skip
