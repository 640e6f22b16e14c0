"""Preorder views: what a shopper sees of their preorder, with what they agreed to and what they may still do."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Annotated
from uuid import UUID

import msgspec
from msgspec import Meta, Struct

from infra.database import Connection, Row
from tenants.campaign_documents import Cancellation, PaymentMode, Seller, say
from tenants.campaign_offers import state_by_clock
from tenants.campaign_prices import UnitPrices, share_of
from tenants.campaign_states import CampaignState, Standing
from tenants.fields import Moment
from tenants.notices import Delay
from tenants.option_answers import SummaryLine
from tenants.preorder_changes import may_cancel
from tenants.preorder_states import Fulfilment, Payment

MOST = 100


class PreorderView(Struct, frozen=True, kw_only=True):
    """One preorder, in the language of the terms that were agreed to."""

    preorder_id: UUID
    campaign_id: str
    campaign_title: str
    campaign_state: CampaignState
    ends_at: Moment | None
    ship_from: date | None
    ship_until: date | None
    seller: Seller
    product_id: str
    product_title: Annotated[str | None, Meta(description="null when it is no longer in the catalogue.")]
    variant_id: str | None
    summary: Annotated[
        tuple[SummaryLine, ...], Meta(description="Of what is made to order: what was chosen, in the words of then.")
    ]
    quantity: int
    unit_prices: tuple[UnitPrices, ...]
    currency: str
    total_minor: int
    deposit_minor: int
    paid_minor: int
    owed_back_minor: int
    returned_minor: int
    payment_mode: PaymentMode
    charge_on: date | None
    fulfilment: Fulfilment
    payment: Payment
    reserved_until: Moment
    agreed_at: Moment
    terms: str
    terms_version: str
    terms_locale: str
    withdrawal_notice: str
    may_cancel: bool
    cancel_fee_minor: Annotated[int, Meta(description="Of what was paid, if it is cancelled now.")]
    delay: Annotated[Delay | None, Meta(description="A later ship date that waits for the shopper's answer.")]


async def view_preorders(
    conn: Connection, *, now: datetime, preorder_ids: Sequence[UUID] = (), shopper_id: UUID | None = None
) -> list[PreorderView]:
    """These, and all of a shopper's; the newest first."""
    rows = await conn.fetch(_VIEW, list(preorder_ids), shopper_id, MOST)
    return [_view(row, now) for row in rows]


def _view(row: Row, now: datetime) -> PreorderView:
    terms, locale = msgspec.convert(row["cancellation"], Cancellation), row["terms_locale"]
    standing = Standing(row["campaign_id"], row["state"], row["early_from"], row["starts_at"], row["ends_at"])
    state = state_by_clock(standing, now)
    fee = 0 if row["fulfilment"] == "reserved" else share_of(row["paid_minor"], terms.fee_basis_points)
    mine = may_cancel(terms, state, row["fulfilment"], row["payment"])
    told = {
        "campaign_title": say(row["titles"], locale),
        "campaign_state": state,
        "withdrawal_notice": row["made_notice"] or say(row["notices"], locale),
        "may_cancel": mine,
        "cancel_fee_minor": fee if mine else 0,
    }
    return msgspec.convert({**row, **told}, PreorderView)


_VIEW = """
select preorders.preorder_id, campaign_id, preorders.product_id, variant_id, quantity, unit_prices, preorders.currency,
    total_minor, deposit_minor, paid_minor, owed_back_minor, returned_minor, charge_on, fulfilment, payment,
    reserved_until, agreed_at, terms_version, terms_locale,
    products.title as product_title, state, ends_at, campaigns.early_from, campaigns.starts_at,
    document -> 'title' as titles, document -> 'checklist' -> 'withdrawal_notice' as notices,
    (document ->> 'ship_from')::date as ship_from, (document ->> 'ship_until')::date as ship_until,
    document -> 'seller' as seller, document -> 'payment' ->> 'mode' as payment_mode,
    coalesce(summary, '[]') as summary, case when withdrawal_exempt then withdrawal_notice end as made_notice,
    document -> 'cancellation' as cancellation, document -> 'terms' ->> terms_locale as terms,
    (
        select jsonb_build_object(
            'change_id', change_id, 'from_day', from_day, 'to_day', to_day, 'needs', needs,
            'answer_until', answer_until, 'answer', answer, 'answered_at', answered_at
        )
        from preorder_delays
        where preorder_delays.preorder_id = preorders.preorder_id and answer is null
            and fulfilment in ('reserved', 'joined', 'confirmed', 'in_production')
    ) as delay
from preorders
join campaigns using (tenant_id, campaign_id)
left join made_preorders on made_preorders.preorder_id = preorders.preorder_id
left join products on products.product_id = preorders.product_id and products.deleted_at is null
where preorders.preorder_id = any($1::uuid[]) or preorders.shopper_id = $2
order by preorders.preorder_id desc
limit $3
"""
