"""Preorders: what shoppers want of a campaign, reserved for half an hour, then paid for or let go."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Annotated, Literal
from uuid import UUID
from zoneinfo import ZoneInfo

import msgspec
from msgspec import Meta, Struct

from infra.database import Connection, Row
from infra.errors import Conflict, FieldError, Forbidden, Invalid
from infra.ids import new_id
from tenants.campaign_caps import (
    TAKE_TOTAL,
    CampaignNotOpen,
    find_reason,
    hold_buyer,
    refuse_over_caps,
    take_variant,
    variant_scope,
)
from tenants.campaign_documents import Campaign
from tenants.campaign_interest import refuse_uninvited
from tenants.campaign_offers import Offer, read_offer, state_by_clock
from tenants.campaign_prices import UnitPrices, deposit_of, price_units, total_of
from tenants.campaign_schedule import move_by_clock
from tenants.campaign_states import TAKING, hold_campaign
from tenants.fields import Moment
from tenants.made_preorders import freeze_preorder
from tenants.merges import follow_merges
from tenants.named import Named
from tenants.preorder_states import Fulfilment, Payment, move_preorder, no_preorder
from tenants.questions import choose_locale
from tenants.quoted_preorders import quote_offer

RESERVED_FOR = timedelta(minutes=30)


class SignInNeeded(Forbidden):
    """This campaign has a limit for each shopper, so it must know who they are."""

    code = "sign_in_needed"
    hint = "Send a shopper token. A guest's address proves nothing, and counting by it would tell who has preordered."


class TermsChanged(Conflict):
    """What was agreed to is not what the campaign's terms say."""

    code = "terms_changed"
    hint = "Show the shopper the terms of the campaign's card, and send their terms_version."


@dataclass(frozen=True, slots=True)
class Buyer:
    """Who preorders: a shopper, who is held, or a guest by e-mail address."""

    shopper: Named | None = None
    guest_email: str | None = None
    vouched: bool = True
    """A merchant's server, or a token, says that they are who they say."""

    @property
    def shopper_id(self) -> UUID | None:
        return None if self.shopper is None else self.shopper.shopper_id

    @property
    def name(self) -> str:
        return self.guest_email or str(self.shopper_id)


@dataclass(frozen=True, slots=True)
class Wish:
    """What a shopper wants of a campaign, and the terms that they agreed to."""

    campaign_id: str
    product_id: str
    quantity: int
    terms_version: str
    variant_id: str | None = None
    quote_id: UUID | None = None
    """Of what is made to order."""
    locale: str = "en"
    region: str = ""
    charge_on: date | None = None


class Preorder(Struct, frozen=True, kw_only=True):
    """A preorder as we hold it."""

    preorder_id: UUID
    campaign_id: str
    shopper_id: str | None
    guest_email: str | None
    product_id: str
    variant_id: str | None
    quote_id: UUID | None
    quantity: int
    currency: str
    list_price_minor: Annotated[int, Meta(description="Of one unit, before what is off for coming early.")]
    unit_prices: Annotated[tuple[UnitPrices, ...], Meta(description="Of each unit, as on joining.")]
    total_minor: int
    deposit_minor: Annotated[int, Meta(description="Of the total, due on joining if the rest comes later.")]
    paid_minor: int
    owed_back_minor: int
    returned_minor: int
    charge_on: date | None
    region: str
    fulfilment: Fulfilment
    payment: Payment
    terms_version: str
    terms_locale: str
    agreed_at: Moment
    reserved_until: Moment
    created_at: Moment
    updated_at: Moment


async def open_preorder(
    conn: Connection, wish: Wish, buyer: Buyer, *, now: datetime, link_sha256: bytes | None = None
) -> Preorder:
    """Reserve units for half an hour, at the price of this moment; with a link, if one of `preorder_links` is given.

    Commit soon: everybody else who wants units of the campaign waits for it.

    Of what is made to order: at the price of the quote, with a copy of what it says. Raises NotFound, Invalid,
    QuoteNeeded, QuoteRefused, MeasurementsNotAllowed, CampaignNotOpen, EarlyAccessOnly, SignInNeeded, CampaignSoldOut,
    ShopperCapReached, OrderCapReached, TermsChanged; the transaction must not commit then.
    """
    offer = await read_offer(conn, wish.campaign_id, wish.product_id, wish.variant_id, now=now)
    _refuse_wrong(wish, offer, now)
    await _refuse_outside(conn, offer, buyer, now)
    offer = await quote_offer(
        conn,
        offer,
        wish.quote_id,
        product_id=wish.product_id,
        region=wish.region,
        shopper_id=buyer.shopper_id,
        now=now,
    )
    caps = offer.campaign.caps
    if caps.per_shopper is not None:
        if not buyer.vouched:
            raise SignInNeeded("Guests cannot join this campaign.")
        await hold_buyer(conn, wish.campaign_id, buyer.name)
    await refuse_over_caps(
        conn,
        wish.campaign_id,
        caps,
        quantity=wish.quantity,
        more=wish.quantity,
        shopper_id=buyer.shopper_id,
        guest_email=buyer.guest_email,
    )
    scope = capped_scope(offer.campaign, wish.product_id, wish.variant_id)
    if scope is not None:
        await take_variant(conn, wish.campaign_id, scope, wish.quantity)
    preorder = await _take_and_insert(conn, wish, offer, buyer, link_sha256=link_sha256, now=now)
    if wish.quote_id is not None:
        await freeze_preorder(conn, preorder.preorder_id, wish.quote_id, now=now)
    if buyer.shopper is not None and buyer.shopper.merged:
        await follow_merges(conn, "preorders", {str(preorder.preorder_id): buyer.shopper.row_id})
    return preorder


async def mark_joined(
    conn: Connection,
    preorder_id: UUID,
    *,
    payment: Literal["card_saved", "deposit_paid", "paid"],
    paid_minor: int,
    now: datetime,
) -> None:
    """What was due on joining is done: a card was saved, or so much was paid. Raises NotFound, PreorderStep."""
    await move_preorder(
        conn, preorder_id, fulfilment="joined", payment=payment, paid_minor=paid_minor, now=now, reason="joined"
    )


async def get_preorder(conn: Connection, preorder_id: UUID) -> Preorder:
    """Raises NotFound."""
    row = await conn.fetchrow(_SELECT + "where preorder_id = $1", preorder_id)
    if row is None:
        raise no_preorder()
    return _preorder(row)


async def list_preorders(
    conn: Connection,
    *,
    campaign_id: str | None = None,
    fulfilment: Fulfilment | None = None,
    payment: Payment | None = None,
    after: UUID | None = None,
    limit: int,
) -> Sequence[Preorder]:
    """The oldest first, behind `after`."""
    rows = await conn.fetch(_LIST, campaign_id, fulfilment, payment, after, limit)
    return [_preorder(row) for row in rows]


async def list_preorders_of(conn: Connection, shopper_id: UUID, *, limit: int) -> Sequence[Preorder]:
    """A shopper's, the newest first."""
    rows = await conn.fetch(_SELECT + "where shopper_id = $1 order by preorder_id desc limit $2", shopper_id, limit)
    return [_preorder(row) for row in rows]


def capped_scope(campaign: Campaign, product_id: str, variant_id: str | None) -> str | None:
    """The variant's row among the caps, if it has one."""
    capped = {(cap.product_id, cap.variant_id) for cap in campaign.caps.per_variant}
    return variant_scope(product_id, variant_id) if (product_id, variant_id) in capped else None


def check_charge_day(offer: Offer, day: date | None, now: datetime) -> FieldError | None:
    """Whether a card may be charged on the day that the shopper chose: a day of the shop's calendar."""
    if day is None:
        return None
    campaign, zone = offer.campaign, ZoneInfo(offer.time_zone)
    assert campaign.payment is not None
    if campaign.payment.mode == "upfront":
        return FieldError("charge_on", "cannot be chosen: this campaign is paid upfront")
    end = campaign.ends_at or now
    latest = end + timedelta(days=campaign.payment.charge_within_days)
    first, last = max(end, now).astimezone(zone).date(), latest.astimezone(zone).date()
    if not first <= day <= last:
        return FieldError("charge_on", f"must lie from {first} to {last}")
    return None


def _refuse_wrong(wish: Wish, offer: Offer, now: datetime) -> None:
    """What can be told from the wish and the document alone."""
    campaign = offer.campaign
    if wish.terms_version != campaign.terms_version:
        raise TermsChanged(f"The terms in force are version {campaign.terms_version!r}.")
    wrong = check_charge_day(offer, wish.charge_on, now)
    if campaign.regions and not {wish.region, wish.region.partition("-")[0]} & {*campaign.regions}:
        wrong = FieldError("region", f"must be one of {', '.join(campaign.regions)}")
    if wrong is not None:
        raise Invalid(f"The field {wrong.field!r} is not valid: {wrong.reason}.", errors=(wrong,))


async def _refuse_outside(conn: Connection, offer: Offer, buyer: Buyer, now: datetime) -> None:
    """Outside its window, and before it for those who do not come first. Who comes at the opening opens it."""
    standing, state = offer.standing, state_by_clock(offer.standing, now)
    if state not in TAKING:
        raise CampaignNotOpen(f"The campaign is {state}.")
    if state != standing.state:
        await move_by_clock(conn, await hold_campaign(conn, standing.campaign_id), now=now)
    if state == "early_access":
        await refuse_uninvited(
            conn,
            standing.campaign_id,
            offer.campaign.early_for,
            buyer.shopper_id,
            early_from=standing.early_from,
        )


async def _take_and_insert(
    conn: Connection, wish: Wish, offer: Offer, buyer: Buyer, *, link_sha256: bytes | None, now: datetime
) -> Preorder:
    """In one statement: from the moment that it has the row 'total' until the commit, all others wait."""
    campaign = offer.campaign
    preorder_id, locale = new_id(), choose_locale(dict.fromkeys(offer.terms_locales, ""), wish.locale)
    # As if nobody came early: how many were taken before is known only afterwards.
    prices = price_units(offer.list_price_minor, (), taken=0, quantity=wish.quantity)
    row = await conn.fetchrow(
        _TAKE_AND_INSERT,
        wish.campaign_id,
        wish.quantity,
        preorder_id,
        buyer.shopper_id,
        buyer.guest_email,
        wish.product_id,
        wish.variant_id,
        offer.currency,
        offer.list_price_minor,
        *_priced(campaign, prices),
        wish.charge_on,
        wish.region,
        wish.terms_version,
        locale,
        now,
        now + RESERVED_FOR,
        link_sha256,
        wish.quote_id,
        offer.product_title,
        offer.variant_title,
        offer.attributes,
    )
    if row is None:
        raise await find_reason(conn, wish.campaign_id)
    if campaign.tiers:
        taken: int = row["taken"] - wish.quantity
        prices = price_units(offer.list_price_minor, campaign.tiers, taken=taken, quantity=wish.quantity)
        await conn.execute(_REPRICE, preorder_id, *_priced(campaign, prices))
    _, total_minor, deposit_minor = _priced(campaign, prices)
    return Preorder(
        preorder_id=preorder_id,
        campaign_id=wish.campaign_id,
        shopper_id=row["shopper_id"],
        guest_email=buyer.guest_email,
        product_id=wish.product_id,
        variant_id=wish.variant_id,
        quote_id=wish.quote_id,
        quantity=wish.quantity,
        currency=offer.currency,
        list_price_minor=offer.list_price_minor,
        unit_prices=prices,
        total_minor=total_minor,
        deposit_minor=deposit_minor,
        paid_minor=0,
        owed_back_minor=0,
        returned_minor=0,
        charge_on=wish.charge_on,
        region=wish.region,
        fulfilment="reserved",
        payment="none",
        terms_version=wish.terms_version,
        terms_locale=locale,
        agreed_at=now,
        reserved_until=now + RESERVED_FOR,
        created_at=now,
        updated_at=now,
    )


def _priced(campaign: Campaign, prices: Sequence[UnitPrices]) -> tuple[Sequence[UnitPrices], int, int]:
    """The prices, their total, and the deposit."""
    assert campaign.payment is not None
    total = total_of(prices)
    return prices, total, deposit_of(campaign.payment, total, sum(one.units for one in prices))


def _preorder(row: Row) -> Preorder:
    return msgspec.convert(dict(row), Preorder)


_COLUMNS = """
    preorder_id, campaign_id, shoppers.external_id as shopper_id, guest_email, product_id, variant_id, quote_id,
    quantity, currency, list_price_minor, unit_prices, total_minor, deposit_minor, paid_minor, owed_back_minor,
    returned_minor, charge_on, region, fulfilment, payment, terms_version, terms_locale, agreed_at, reserved_until,
    preorders.created_at, preorders.updated_at
"""

_SELECT = f"""
select {_COLUMNS}
from preorders
left join shoppers using (tenant_id, shopper_id)
"""

_TAKE_AND_INSERT = f"""
with total as ({TAKE_TOTAL}), made as (
    insert into preorders (
        campaign_id, quantity, preorder_id, shopper_id, guest_email, product_id, variant_id, currency,
        list_price_minor, unit_prices, total_minor, deposit_minor, charge_on, region, terms_version, terms_locale,
        agreed_at, reserved_until, created_at, updated_at, quote_id, product_title, variant_title, attributes
    )
    select $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $17, $17, $20, $21, $22, $23
    from total
    returning preorder_id
), link as (
    insert into preorder_links (sha256, preorder_id)
    select $19, preorder_id
    from made
    where $19::bytea is not null
)
select taken, (select external_id from shoppers where shopper_id = $4) as shopper_id
from total
"""

_REPRICE = """
update preorders
set unit_prices = $2, total_minor = $3, deposit_minor = $4
where preorder_id = $1
"""

_LIST = (
    _SELECT
    + """
where ($1::text is null or campaign_id = $1) and ($2::text is null or fulfilment = $2)
    and ($3::text is null or payment = $3) and ($4::uuid is null or preorder_id > $4)
order by preorder_id
limit $5
"""
)
