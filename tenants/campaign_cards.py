"""Campaign cards: what anybody may see of a campaign. Times, progress and prices are counted here, never by a page."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Annotated

import msgspec
from msgspec import Meta, Struct

from infra.database import Connection, Row
from tenants.campaign_documents import Basis, Campaign, Cancellation, PaymentTerms, Seller, say
from tenants.campaign_offers import catalogue_price, state_by_clock
from tenants.campaign_prices import price_units
from tenants.campaign_states import TAKING, CampaignState, Standing
from tenants.fields import Moment

MOST = 20
FEWEST_COUNTED = 10
"""Fewer units than these are told as none, unless the merchant shows counts: they would tell of single shoppers."""


class CardVariant(Struct, frozen=True, kw_only=True):
    """One variant that can be preordered. `variant_id` is null where the product has none here."""

    variant_id: str | None
    title: str
    list_price_minor: int
    price_minor: Annotated[int, Meta(description="Of the next unit.")]
    sold_out: bool


class CardProduct(Struct, frozen=True, kw_only=True):
    """One product of a campaign."""

    product_id: str
    title: str
    url: str
    image_url: str | None
    currency: str
    made: Annotated[
        bool, Meta(description="Made to order: joined with a quote, at its price; the prices here are without options.")
    ]
    variants: tuple[CardVariant, ...]


class CampaignCard(Struct, frozen=True, kw_only=True):
    """A campaign as pages show it, in one language."""

    id: str
    title: str
    description: str
    state: CampaignState
    joinable: Annotated[bool, Meta(description="Open, and not all is taken.")]
    early_from: Moment | None
    starts_at: Moment | None
    ends_at: Moment | None
    extended: Annotated[bool, Meta(description="The end was put off after it was published.")]
    minimum_units: int
    progress_percent: Annotated[
        int, Meta(description="Towards the minimum, at most 100; 0 below 10 units unless counts are shown.")
    ]
    remaining: Annotated[int | None, Meta(description="null unless the merchant shows it.")]
    per_order: int | None
    per_shopper: int | None
    products: tuple[CardProduct, ...]
    payment: PaymentTerms
    ship_from: date | None
    ship_until: date | None
    terms: str
    terms_version: str
    withdrawal_notice: str
    cancellation: Cancellation
    regions: tuple[str, ...]
    seller: Seller


async def list_cards(
    conn: Connection, *, campaign_ids: Sequence[str], product_ids: Sequence[str], locale: str, now: datetime
) -> list[CampaignCard]:
    """Of the campaigns that are named, whatever came of them; of products, those that are not over; else all of those.

    Never of drafts. Those that end first come first.
    """
    rows = await conn.fetch(_READ, list(campaign_ids), list(product_ids), MOST)
    campaigns = [msgspec.convert(row["document"], Campaign) for row in rows]
    products = await _read_products(conn, campaigns)
    caps = await _read_full(conn, campaigns)
    return [
        _make_card(row, campaign, products, caps, locale, now) for row, campaign in zip(rows, campaigns, strict=True)
    ]


def progress_percent(units: int, minimum: int, *, shows_counts: bool) -> int:
    """Whole percents, rounded down."""
    if minimum == 0:
        return 100
    counted = units if shows_counts or units >= FEWEST_COUNTED else 0
    return min(100, counted * 100 // minimum)


def _make_card(
    row: Row, campaign: Campaign, products: Mapping[str, Row], full: set[tuple[str, str]], locale: str, now: datetime
) -> CampaignCard:
    standing = Standing(campaign.id, row["state"], row["early_from"], row["starts_at"], row["ends_at"])
    state, cap, taken = state_by_clock(standing, now), campaign.caps.total, row["taken"]
    assert campaign.payment is not None
    assert campaign.cancellation is not None
    return CampaignCard(
        id=campaign.id,
        title=say(campaign.title, locale),
        description=say(campaign.description, locale),
        state=state,
        joinable=state in TAKING and (cap is None or taken < cap),
        early_from=row["early_from"],
        starts_at=row["starts_at"],
        ends_at=row["ends_at"],
        extended=_is_later(row["ends_at"], row["first_ends_at"]),
        minimum_units=campaign.minimum_units,
        progress_percent=progress_percent(
            _counted(row, campaign.basis), campaign.minimum_units, shows_counts=campaign.show_remaining
        ),
        remaining=None if cap is None or not campaign.show_remaining else cap - taken,
        per_order=campaign.caps.per_order,
        per_shopper=campaign.caps.per_shopper,
        products=tuple(_products(campaign, products, full, taken, now)),
        payment=campaign.payment,
        ship_from=campaign.ship_from,
        ship_until=campaign.ship_until,
        terms=say(campaign.terms, locale),
        terms_version=campaign.terms_version,
        withdrawal_notice=say(campaign.checklist.withdrawal_notice, locale),
        cancellation=campaign.cancellation,
        regions=campaign.regions,
        seller=campaign.seller,
    )


def _products(
    campaign: Campaign, products: Mapping[str, Row], full: set[tuple[str, str]], taken: int, now: datetime
) -> list[CardProduct]:
    """Those that are still in the catalogue."""
    cards = []
    for one in campaign.products:
        if (row := products.get(one.product_id)) is None:
            continue
        titles = {variant["id"]: variant.get("title", "") for variant in row["variants"]}
        wanted: list[str | None] = [name for name in one.variants if name in titles] if one.variants else [None]
        variants = []
        for variant_id in wanted:
            price = one.unit_price_minor
            listed = catalogue_price(row, variant_id).at(now) if price is None else price
            following = price_units(listed, campaign.tiers, taken=taken, quantity=1)[0].price_minor
            sold_out = (campaign.id, f"variant:{one.product_id}/{variant_id or ''}") in full
            title = titles.get(variant_id, "") if variant_id else ""
            variants.append(
                CardVariant(
                    variant_id=variant_id,
                    title=title,
                    list_price_minor=listed,
                    price_minor=following,
                    sold_out=sold_out,
                )
            )
        cards.append(
            CardProduct(
                product_id=one.product_id,
                title=row["title"],
                url=row["url"],
                image_url=row["image_url"],
                currency=row["currency"],
                made=one.made is True,
                variants=tuple(variants),
            )
        )
    return cards


async def _read_products(conn: Connection, campaigns: Sequence[Campaign]) -> dict[str, Row]:
    named = {one.product_id for campaign in campaigns for one in campaign.products}
    return {row["product_id"]: row for row in await conn.fetch(_PRODUCTS, list(named))}


async def _read_full(conn: Connection, campaigns: Sequence[Campaign]) -> set[tuple[str, str]]:
    """Campaign and scope of variants of which there is none left."""
    capped = [campaign.id for campaign in campaigns if campaign.caps.per_variant]
    return {(row["campaign_id"], row["scope"]) for row in await conn.fetch(_FULL, capped)}


def _counted(row: Row, basis: Basis) -> int:
    units: int = row["units_joined"] if basis == "pledged" else row["units_paid"]
    return units


def _is_later(end: datetime | None, first: datetime | None) -> bool:
    return first is not None and (end is None or end > first)


_READ = """
select document, state, campaigns.early_from, campaigns.starts_at, campaigns.ends_at, first_ends_at,
    coalesce(caps.taken, 0) as taken, joined.units as units_joined, joined.paid as units_paid
from campaigns
join campaign_caps as caps on caps.campaign_id = campaigns.campaign_id and scope = 'total',
    lateral (
        select coalesce(sum(quantity), 0)::bigint as units,
            coalesce(sum(quantity) filter (where payment in ('deposit_paid', 'paid')), 0)::bigint as paid
        from preorders
        where preorders.campaign_id = campaigns.campaign_id
            and fulfilment in ('joined', 'confirmed', 'in_production', 'shipped', 'completed')
    ) as joined
where published_at is not null
    and case
        when $1::text[] <> '{}' then campaigns.campaign_id = any($1::text[])
        else state in ('scheduled', 'early_access', 'open', 'paused')
            and ($2::text[] = '{}' or exists (
                select
                from jsonb_array_elements(document -> 'products') as product
                where product ->> 'product_id' = any($2::text[])
            ))
    end
order by campaigns.ends_at nulls last, campaigns.campaign_id
limit $3
"""

_PRODUCTS = """
select product_id, title, url, image_urls[1] as image_url, price_minor, sale_price_minor, sale_from, sale_until,
    currency, variants
from products
where product_id = any($1::text[]) and deleted_at is null and status <> 'archived'
"""

_FULL = """
select campaign_id, scope
from campaign_caps
where campaign_id = any($1::text[]) and scope <> 'total' and taken >= cap
"""
