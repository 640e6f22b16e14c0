"""Campaign publishing: the checklist of what the law and fairness ask for, and the step from draft to scheduled."""

from collections.abc import Iterator, Mapping
from datetime import datetime

import msgspec

from infra.database import Connection
from infra.errors import FieldError, Invalid
from tenants.campaign_caps import make_caps
from tenants.campaign_documents import Campaign
from tenants.campaign_states import CampaignStep, Standing, hold_campaign, move_campaign


class CampaignIncomplete(Invalid):
    """The campaign cannot be published as it is."""

    code = "campaign_incomplete"


async def publish_campaign(conn: Connection, campaign_id: str, *, now: datetime, actor: str) -> Standing:
    """From draft to scheduled; from here on it moves by the clock.

    Raises NotFound, CampaignStep, CampaignIncomplete.
    """
    standing = await hold_campaign(conn, campaign_id)
    if standing.state != "draft":
        raise CampaignStep(f"The campaign is {standing.state}; only a draft is published.")
    campaign = await _read_draft(conn, campaign_id)
    wrong = (*check_campaign(campaign, now=now), *await _check_products(conn, campaign))
    if wrong:
        missing = "; ".join(f"{error.field} {error.reason}" for error in wrong)
        raise CampaignIncomplete(f"The campaign cannot be published yet: {missing}.", errors=wrong)
    await make_caps(conn, campaign)
    await conn.execute(_PUBLISH, campaign_id, campaign.early_from, campaign.starts_at, campaign.ends_at)
    dated = Standing(campaign_id, "draft", campaign.early_from, campaign.starts_at, campaign.ends_at)
    return await move_campaign(conn, dated, "scheduled", now=now, actor=actor)


def check_campaign(campaign: Campaign, *, now: datetime) -> tuple[FieldError, ...]:
    """What is missing for publishing, the catalogue aside."""
    return (*_check_texts(campaign), *_check_times(campaign, now), *_check_money(campaign))


def _check_texts(campaign: Campaign) -> Iterator[FieldError]:
    for name in ("name", "address", "email"):
        if not getattr(campaign.seller, name).strip():
            yield FieldError(f"seller.{name}", "is missing: a shopper must know who sells")
    if not _said(campaign.title):
        yield FieldError("title", "is missing")
    if not _said(campaign.terms):
        yield FieldError("terms", "are missing: the text that a shopper agrees to")
    if not campaign.terms_version.strip():
        yield FieldError("terms_version", "is missing: it says which text a shopper agreed to")
    if not _said(campaign.checklist.withdrawal_notice):
        yield FieldError("checklist.withdrawal_notice", "is missing: shoppers are told of their right to withdraw")
    if campaign.cancellation is None:
        yield FieldError("cancellation", "is missing: until when a shopper may cancel, and at what cost")


def _check_times(campaign: Campaign, now: datetime) -> Iterator[FieldError]:
    if campaign.starts_at is None:
        yield FieldError("starts_at", "is missing")
    if campaign.ends_at is None and campaign.caps.total is None:
        yield FieldError("ends_at", "is missing: without an end and without caps.total nothing ever ends this offer")
    if campaign.ends_at is not None and campaign.ends_at <= now:
        yield FieldError("ends_at", "has passed")
    if campaign.ship_from is None or campaign.ship_until is None:
        yield FieldError("ship_until", "is missing: when it ships, from the first to the last day")
    elif campaign.ship_until < (campaign.ends_at or now).date():
        yield FieldError("ship_until", "lies before the campaign ends")


def _check_money(campaign: Campaign) -> Iterator[FieldError]:
    if not campaign.checklist.total_price_clear:
        yield FieldError("checklist.total_price_clear", "is not confirmed: prices must be totals")
    if campaign.payment is None:
        yield FieldError("payment", "is missing")
    elif campaign.payment.mode == "card_saved" and campaign.basis == "collected":
        yield FieldError("basis", "cannot be collected while cards are charged only after the campaign is confirmed")
    if not campaign.products:
        yield FieldError("products", "are missing")


async def _check_products(conn: Connection, campaign: Campaign) -> list[FieldError]:
    """They must be in the catalogue, with these variants or with options, in one currency."""
    rows = await conn.fetch(_PRODUCTS, [one.product_id for one in campaign.products])
    known: Mapping[str, set[str]] = {row["product_id"]: set(row["variants"]) for row in rows}
    wrong = [
        FieldError(f"products[{place}].product_id", "is no active product of this shop")
        for place, one in enumerate(campaign.products)
        if one.product_id not in known
    ]
    wrong += [
        FieldError(f"products[{place}].variants", f"names {variant!r}, which the product does not have")
        for place, one in enumerate(campaign.products)
        for variant in one.variants
        if variant not in known.get(one.product_id, {variant})
    ]
    made = {row["product_id"] for row in rows if row["made"]}
    wrong += [
        FieldError(f"products[{place}].made", "is set, and no option document is published for the product")
        for place, one in enumerate(campaign.products)
        if one.made and one.product_id in known and one.product_id not in made
    ]
    if len({row["currency"] for row in rows}) > 1:
        wrong.append(FieldError("products", "have different currencies; a campaign has one"))
    return wrong


async def _read_draft(conn: Connection, campaign_id: str) -> Campaign:
    document = await conn.fetchval("select document from campaigns where campaign_id = $1", campaign_id)
    return msgspec.convert(document, Campaign)


def _said(texts: Mapping[str, str]) -> bool:
    """In one language at least, and never blank."""
    return bool(texts) and all(text.strip() for text in texts.values())


_PUBLISH = """
update campaigns
set early_from = $2, starts_at = $3, ends_at = $4, first_ends_at = $4
where campaign_id = $1
"""

_PRODUCTS = """
select product_id, currency, array(select variant ->> 'id' from jsonb_array_elements(variants) as variant) as variants,
    exists (select from option_products where option_products.product_id = products.product_id) as made
from products
where product_id = any($1::text[]) and deleted_at is null and status <> 'archived'
"""
