"""Campaign offers: what a campaign offers of one product at this moment, for whoever wants to join."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any

import msgspec

from infra.database import Connection, Row
from infra.errors import Conflict, FieldError, Invalid
from tenants.campaign_documents import Campaign, CampaignProduct
from tenants.campaign_prices import CataloguePrice
from tenants.campaign_states import CampaignState, Standing, no_campaign
from tenants.fields import Scalar
from tenants.work_calendar import SHOPS_ZONE


class NotOffered(Invalid):
    """The campaign does not offer that."""

    code = "not_offered"
    hint = "The campaign's card lists its products and variants."


class ProductGone(Conflict):
    """The product is no longer in the catalogue."""

    code = "product_gone"
    hint = "The merchant has taken it out of the shop; its campaign is still there."


@dataclass(frozen=True, slots=True)
class Offer:
    """One product or variant of a campaign."""

    campaign: Campaign
    """Without its long texts."""
    standing: Standing
    terms_locales: tuple[str, ...]
    list_price_minor: int
    currency: str
    time_zone: str
    """The shop's."""
    made: bool
    """To order: its price is that of a quote."""
    product_title: str
    variant_title: str
    attributes: Mapping[str, Scalar]
    """The variant's, or what was chosen in a quote."""


async def read_offer(
    conn: Connection, campaign_id: str, product_id: str, variant_id: str | None, *, now: datetime
) -> Offer:
    """Raises NotFound, NotOffered, ProductGone."""
    row = await conn.fetchrow(_READ, campaign_id, product_id)
    if row is None:
        raise no_campaign(campaign_id)
    campaign = _decode(row["document"])
    offered = _find_offered(campaign, product_id, variant_id)
    if row["currency"] is None:
        raise ProductGone(f"The product {product_id!r} is no longer sold.")
    own_price, variant = offered.unit_price_minor, _find_variant(row, variant_id) or {}
    return Offer(
        campaign=campaign,
        standing=Standing(campaign_id, row["state"], row["early_from"], row["starts_at"], row["ends_at"]),
        terms_locales=tuple(row["locales"]),
        list_price_minor=catalogue_price(row, variant_id).at(now) if own_price is None else own_price,
        currency=row["currency"],
        time_zone=row["time_zone"],
        made=offered.made is True,
        product_title=row["title"],
        variant_title=variant.get("title", ""),
        attributes=variant.get("attributes", {}),
    )


def state_by_clock(standing: Standing, now: datetime) -> CampaignState:
    """Where the campaign stands by its dates, whether or not the job that moves it has come by."""
    if standing.state not in ("scheduled", "early_access", "open", "paused"):
        return standing.state
    if standing.ends_at is not None and standing.ends_at <= now:
        return "closed"
    if standing.state == "paused":
        return "paused"
    if standing.starts_at is not None and standing.starts_at <= now:
        return "open"
    early = standing.early_from is not None and standing.early_from <= now
    return "early_access" if early else standing.state


@lru_cache(maxsize=1000)
def _decode(document: str) -> Campaign:
    """The same text is the same campaign, whoever's it is; hundreds may want the same in one second."""
    return _decoder.decode(document)


def _find_offered(campaign: Campaign, product_id: str, variant_id: str | None) -> CampaignProduct:
    """Raises NotOffered."""
    offered = campaign.find_product(product_id)
    if offered is None:
        error = FieldError("product_id", "is not among the campaign's products")
        raise NotOffered("The campaign does not offer this product.", errors=(error,))
    if (variant_id is not None) if not offered.variants else (variant_id not in offered.variants):
        error = FieldError("variant_id", "must be one of the campaign's variants, and left out where it has none")
        raise NotOffered("The campaign does not offer this variant.", errors=(error,))
    return offered


def catalogue_price(row: Row, variant_id: str | None) -> CataloguePrice:
    """A variant's own price if it has one, else the product's. Raises ProductGone."""
    product = CataloguePrice(
        price_minor=row["price_minor"],
        sale_price_minor=row["sale_price_minor"],
        sale_from=row["sale_from"],
        sale_until=row["sale_until"],
    )
    if variant_id is None:
        return product
    variant = _find_variant(row, variant_id)
    if variant is None:
        raise ProductGone(f"The variant {variant_id!r} is no longer sold.")
    own = {name: variant[name] for name in ("price_minor", "sale_price_minor") if variant.get(name) is not None}
    return msgspec.structs.replace(product, **own)


# Any: JSON.
def _find_variant(row: Row, variant_id: str | None) -> dict[str, Any] | None:
    return next((one for one in row["variants"] if one["id"] == variant_id), None)


_decoder = msgspec.json.Decoder(Campaign)

# The long texts stay where they are: a reservation needs to know only in which languages the terms are.
_READ = f"""
select (document - '{{title,description,terms,checklist,seller}}'::text[])::text as document, state,
    campaigns.early_from, campaigns.starts_at, campaigns.ends_at,
    array(select jsonb_object_keys(document -> 'terms')) as locales,
    products.title, price_minor, sale_price_minor, sale_from, sale_until, currency, variants,
    {SHOPS_ZONE} as time_zone
from campaigns
left join products
    on products.product_id = $2 and products.deleted_at is null and products.status <> 'archived'
where campaign_id = $1 and published_at is not null
"""
