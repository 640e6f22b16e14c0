"""Preorder changes: what a shopper may do with a preorder of theirs: cancel it, or want other units of it."""

from collections import Counter
from dataclasses import dataclass, replace
from datetime import date, datetime
from uuid import UUID

import msgspec

from infra.database import Connection
from infra.errors import Conflict, Invalid
from tenants.campaign_caps import CampaignNotOpen, exchange_units, hold_buyer, refuse_over_caps
from tenants.campaign_documents import Cancellation
from tenants.campaign_offers import Offer, read_offer, state_by_clock
from tenants.campaign_prices import UnitPrices, add_units, deposit_of, keep_units, price_units, total_of
from tenants.campaign_states import ENDING, TAKING, CampaignState, Standing
from tenants.preorder_ends import Cancelled, cancel_preorder
from tenants.preorder_states import Fulfilment, Held, Payment, Side, check_step, hold_preorder, record_steps
from tenants.preorders import Preorder, capped_scope, check_charge_day, get_preorder


class CancellationOver(Conflict):
    """By the terms that were agreed to, this preorder can no longer be cancelled."""

    code = "cancellation_over"
    hint = "The merchant can still cancel it; the law may give you a right to withdraw besides."


class ChangeOver(Conflict):
    """This preorder can no longer be changed."""

    code = "change_over"
    hint = "Units change while the campaign is open and nothing was paid; the charge day until the charge."


@dataclass(frozen=True, slots=True)
class Change:
    """What is wanted instead; None as it was."""

    quantity: int | None = None
    variant_id: str | None = None
    charge_on: date | None = None


def may_cancel(terms: Cancellation, state: CampaignState, fulfilment: Fulfilment, payment: Payment) -> bool:
    """By the terms: until the campaign closes, or until production begins, or never; a reservation always."""
    if fulfilment == "reserved":
        return True
    if fulfilment not in ("joined", "confirmed") or payment == "charging":
        return False
    return terms.until == "production" or (terms.until == "close" and state in ENDING)


async def cancel_own(conn: Connection, preorder_id: UUID, *, now: datetime) -> Cancelled:
    """As the shopper asks, at the fee that was agreed to. Raises NotFound, CancellationOver, PreorderStep."""
    held = await hold_preorder(conn, preorder_id)
    check_step(held, fulfilment="cancelled")
    row = await conn.fetchrow(_TERMS, held.campaign_id)
    assert row is not None
    terms, standing = msgspec.convert(row["cancellation"], Cancellation), Standing(held.campaign_id, *list(row)[1:])
    if not may_cancel(terms, state_by_clock(standing, now), held.fulfilment, held.payment):
        raise CancellationOver("The terms of the campaign do not let it be cancelled any more.")
    fee = 0 if held.fulfilment == "reserved" else terms.fee_basis_points
    return await cancel_preorder(conn, preorder_id, now=now, reason="cancelled by the shopper", fee_basis_points=fee)


async def change_preorder(conn: Connection, preorder_id: UUID, change: Change, *, now: datetime) -> Preorder:
    """Other units at the price of this moment, those that stay at theirs; another day for the charge.

    Of what is made to order nothing but the number changes. Raises NotFound, Invalid, NotOffered, ChangeOver,
    CampaignNotOpen, CampaignSoldOut, ShopperCapReached, OrderCapReached.
    """
    held = await hold_preorder(conn, preorder_id)
    before = await get_preorder(conn, preorder_id)
    quantity = before.quantity if change.quantity is None else change.quantity
    variant_id = before.variant_id if change.variant_id is None else change.variant_id
    offer = await read_offer(conn, before.campaign_id, before.product_id, variant_id, now=now)
    if before.quote_id is not None:
        # More of the same: what was chosen, measured and quoted stays.
        offer = replace(offer, list_price_minor=before.list_price_minor)
    if (quantity, variant_id) != (before.quantity, before.variant_id):
        await _change_units(conn, held, before, offer, (quantity, variant_id), now)
    if change.charge_on not in (None, before.charge_on):
        await _change_day(conn, before, offer, change.charge_on, now)
    return await get_preorder(conn, preorder_id)


async def _change_units(
    conn: Connection, held: Held, before: Preorder, offer: Offer, wanted: tuple[int, str | None], now: datetime
) -> None:
    """To so many units of that variant. Raises ChangeOver, CampaignNotOpen and what the caps refuse."""
    quantity, variant_id = wanted
    if before.fulfilment not in ("reserved", "joined") or before.payment not in ("none", "card_saved"):
        raise ChangeOver(f"The preorder is {before.fulfilment}, its payment {before.payment}.")
    state = state_by_clock(offer.standing, now)
    if state not in TAKING:
        raise CampaignNotOpen(f"The campaign is {state}.")
    await _refuse_over_caps(conn, held, offer, quantity)
    prices = await _exchange(conn, before, offer, quantity, variant_id)
    assert offer.campaign.payment is not None
    total = total_of(prices)
    deposit = deposit_of(offer.campaign.payment, total, quantity)
    await conn.execute(
        _CHANGE, before.preorder_id, quantity, variant_id, offer.list_price_minor, prices, total, deposit, now,
        offer.variant_title, offer.attributes,
    )  # fmt: skip
    was, now_is = f"{before.quantity} {before.variant_id or ''}", f"{quantity} {variant_id or ''}"
    step: tuple[UUID, Side, str, str] = (before.preorder_id, "units", was.strip(), now_is.strip())
    await record_steps(conn, [step], now=now, reason="changed by the shopper")


async def _refuse_over_caps(conn: Connection, held: Held, offer: Offer, quantity: int) -> None:
    caps = offer.campaign.caps
    if caps.per_shopper is not None:
        await hold_buyer(conn, held.campaign_id, held.guest_email or str(held.shopper_id))
    await refuse_over_caps(
        conn,
        held.campaign_id,
        caps,
        quantity=quantity,
        more=quantity - held.quantity,
        shopper_id=held.shopper_id,
        guest_email=held.guest_email,
    )


async def _exchange(
    conn: Connection, before: Preorder, offer: Offer, quantity: int, variant_id: str | None
) -> tuple[UnitPrices, ...]:
    """The units among the caps, and what each costs now. Another variant is priced as if it were wanted only now."""
    more, tiers, price = quantity - before.quantity, offer.campaign.tiers, offer.list_price_minor
    scopes: Counter[str] = Counter()
    for variant, units in ((before.variant_id, -before.quantity), (variant_id, quantity)):
        if (scope := capped_scope(offer.campaign, before.product_id, variant)) is not None:
            scopes[scope] += units
    taken = await exchange_units(conn, before.campaign_id, scopes, more)
    if variant_id != before.variant_id:
        return price_units(price, tiers, taken=taken - before.quantity, quantity=quantity)
    if more < 0:
        return keep_units(before.unit_prices, quantity)
    return add_units(before.unit_prices, price_units(price, tiers, taken=taken, quantity=more))


async def _change_day(conn: Connection, before: Preorder, offer: Offer, day: date | None, now: datetime) -> None:
    """Raises ChangeOver, Invalid."""
    waits = before.payment in ("none", "pending", "card_saved", "deposit_paid")
    if before.fulfilment not in ("reserved", "joined", "confirmed") or not waits:
        raise ChangeOver(f"The preorder is {before.fulfilment}, its payment {before.payment}.")
    wrong = check_charge_day(offer, day, now)
    if wrong is not None:
        raise Invalid(f"The day is not valid: {wrong.reason}.", errors=(wrong,))
    await conn.execute(
        "update preorders set charge_on = $2, updated_at = $3 where preorder_id = $1", before.preorder_id, day, now
    )


_TERMS = """
select document -> 'cancellation' as cancellation, state, early_from, starts_at, ends_at
from campaigns
where campaign_id = $1
"""

_CHANGE = """
update preorders
set quantity = $2, variant_id = $3, list_price_minor = $4, unit_prices = $5, total_minor = $6, deposit_minor = $7,
    updated_at = $8,
    variant_title = case when variant_id is not distinct from $3 then variant_title else $9 end,
    attributes = case when variant_id is not distinct from $3 then attributes else $10 end
where preorder_id = $1
"""
