"""/public/v1/campaigns: what a page shows of preorder campaigns, with what its shopper has of them, and who wants to be
told."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated

import msgspec
from msgspec import Meta, Struct

from api.bodies import decode_one
from api.public.addresses import make_address
from api.public.answers import PublicAnswer
from api.public.preorders import LinkSecret, list_own
from api.public.proven import Asker, find_asker, open_asker, open_proven
from api.public.wire import PublishableKey, Token
from api.state import State
from api.writes import settle
from infra.database import Connection
from infra.errors import Conflict, NotFound, Unauthenticated
from tenants.attributes import Locale
from tenants.campaign_cards import MOST, CampaignCard, list_cards
from tenants.campaign_interest import Interest, record_interest
from tenants.fields import ExternalId, Moment
from tenants.preorder_states import LIVE
from tenants.preorder_views import PreorderView


class CampaignsIn(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Which campaigns: these, or those with these products, or all that are not over.

    With them come the preorders of them that stand: the one of a link if there is one, else a shopper's own.
    """

    key: PublishableKey
    campaigns: Annotated[tuple[ExternalId, ...], Meta(max_length=MOST)] = ()
    products: Annotated[tuple[ExternalId, ...], Meta(max_length=50)] = ()
    locale: Locale = "en"
    token: Token | None = None
    link: LinkSecret | None = None


class CampaignsOut(Struct, frozen=True, kw_only=True):
    """Their cards, and what time it is here: a countdown counts from that."""

    now: Moment
    campaigns: Sequence[CampaignCard]
    preorders: Annotated[
        Sequence[PreorderView] | None,
        Meta(
            description="Those of these campaigns that stand, the newest first; null without a link or a token, and "
            "where it proves nothing any more."
        ),
    ]


class InterestedIn(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A shopper, by their token, who wants to be told of a campaign."""

    key: PublishableKey
    token: Token
    campaign: ExternalId


class InterestedOut(Struct, frozen=True, kw_only=True):
    """Since when the shopper is interested."""

    campaign: str
    at: Moment


async def ask_campaigns(state: State, body: bytes) -> PublicAnswer:
    """Cards; what is not published, or not there, is left out. Anybody may see them, with a token of yesterday too."""
    wanted, now = decode_one(body, _wanted), state.clock()
    tenant_id, _ = await open_asker(state, key=wanted.key, token=None, now=now)
    asker = await _find_asker(state, wanted, now)
    async with state.db.tenant(tenant_id) as conn:
        cards = await list_cards(
            conn, campaign_ids=wanted.campaigns, product_ids=wanted.products, locale=wanted.locale, now=now
        )
        own = None if asker is None else await _find_preorders(conn, asker, wanted.link, cards, now)
    return PublicAnswer(msgspec.json.encode(CampaignsOut(now=now, campaigns=cards, preorders=own)))


async def tell_interest(state: State, body: bytes) -> PublicAnswer:
    """Once a shopper; the first time counts."""
    told, now = decode_one(body, _interested), state.clock()
    tenant_id, shopper_id = await open_proven(state, key=told.key, token=told.token, now=now)

    async def once() -> Interest | None:
        async with state.db.tenant(tenant_id) as conn:
            shopper = await find_asker(conn, shopper_id)
            return None if shopper is None else await record_interest(conn, told.campaign, shopper, now=now)

    known = await settle(once)
    # Who was erased and is still signed in is thanked, and nothing is kept of it.
    since = now if known is None else known.at
    return PublicAnswer(msgspec.json.encode(InterestedOut(campaign=told.campaign, at=since)))


async def _find_asker(state: State, wanted: CampaignsIn, now: datetime) -> Asker | None:
    """Whoever may have preorders."""
    if wanted.link is None and wanted.token is None:
        return None
    token = None if wanted.link else wanted.token
    try:
        return await open_asker(state, key=wanted.key, token=token, now=now)
    except Unauthenticated:
        return None


async def _find_preorders(
    conn: Connection, asker: Asker, link: str | None, cards: Sequence[CampaignCard], now: datetime
) -> Sequence[PreorderView] | None:
    shown = {card.id for card in cards}
    try:
        own = await list_own(conn, asker, link, now)
    except NotFound:
        return None
    return [one for one in own if one.campaign_id in shown and one.fulfilment in LIVE]


_wanted = msgspec.json.Decoder(CampaignsIn)
_interested = msgspec.json.Decoder(InterestedIn)

PUBLIC_CAMPAIGNS = [
    *make_address(
        "/public/v1/campaigns", ask_campaigns, "Show preorder campaigns", body=CampaignsIn, answer=CampaignsOut
    ),
    *make_address(
        "/public/v1/campaigns:interest", tell_interest, "Want to be told of a campaign",
        body=InterestedIn, answer=InterestedOut, also=(NotFound, Conflict),
    ),
]  # fmt: skip
