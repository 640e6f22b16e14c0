"""Settling: what a fact from Stripe does to a preorder. Forward only: told twice or in any order, the end is the same.

A webhook's job and whoever reads an object at Stripe both come here.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from infra.database import Connection
from tenants.charge_schedule import next_try
from tenants.charges import (
    Charge,
    ChargeStatus,
    attach_session,
    end_charge,
    find_charge,
    find_charge_of_intent,
    take_up_charge,
)
from tenants.disputes import CLOSED, record_dispute
from tenants.notices import NOT_PAID
from tenants.payment_accounts import read_retry_policy, tell_account
from tenants.preorder_ends import cancel_preorder
from tenants.preorder_money import Money, Payer, give_back, read_money, read_payer
from tenants.preorder_states import PAYMENT, Payment, hold_preorder, move_preorder
from tenants.preorders import mark_joined
from tenants.refunds import end_refund, find_refund, find_stripe_refund, record_outside_refund, refund_status
from tenants.stripe_facts import Fact
from tenants.stripe_inbox import StripeEvent
from tenants.stripe_outcomes import find_mismatch, outcome_of

JOINED: dict[str, Payment] = {"setup": "card_saved", "deposit": "deposit_paid", "upfront": "paid"}
"""By purpose: what a preorder's payment is when its joining charge came."""


@dataclass(frozen=True, slots=True)
class Begun:
    """A charge that Stripe is asked for now. Its `sends` above 1: look whether it is there before asking again."""

    charge: Charge
    payer: Payer
    ended: bool
    """Nothing new is to be charged."""


async def find_unknown_intent(conn: Connection, event: StripeEvent) -> str | None:
    """The payment that a dispute or a refund is about, when its own event is still to come: of its page we may know."""
    fact = event.fact
    if fact.kind not in ("dispute", "refund") or fact.key is not None or fact.intent_id is None:
        return None
    charge = await find_charge_of_intent(conn, fact.intent_id)
    return fact.intent_id if charge is None or charge.status != "succeeded" else None


async def settle_event(
    conn: Connection, tenant_id: UUID, event: StripeEvent, read: Sequence[Fact], *, now: datetime
) -> str:
    """Do what was read for an event, and then what it says; returns in a word what came of it.

    What was read of an account counts instead of what the event told: it is newer.
    """
    outcome = "known"
    for fact in read if read and event.fact.kind == "account" else (*read, event.fact):
        outcome = await settle_fact(conn, tenant_id, fact, account_id=event.account_id, now=now)
    return outcome


async def settle_fact(conn: Connection, tenant_id: UUID, fact: Fact, *, account_id: str, now: datetime) -> str:
    """The same for what was read at Stripe."""
    return await _SETTLERS[fact.kind](conn, tenant_id, fact, account_id, now)


async def begin_charge(conn: Connection, tenant_id: UUID, charge_key: str, *, now: datetime) -> Begun | None:
    """Take a charge up to ask Stripe for it.

    None when it has come to its end, or when its preorder has and Stripe never heard of it.
    """
    found = await find_charge(conn, charge_key)
    if found is None:
        return None
    money = await read_money(conn, found.preorder_id)
    if money.ended and found.sends == 0:
        await abandon_charge(conn, tenant_id, charge_key, now=now)
        return None
    charge = await take_up_charge(conn, charge_key, now=now)
    return None if charge is None else Begun(charge, await read_payer(conn, charge.preorder_id), money.ended)


async def abandon_charge(conn: Connection, tenant_id: UUID, charge_key: str, *, now: datetime) -> None:
    """Give up a charge that Stripe never heard of, because its preorder has ended."""
    charge = await find_charge(conn, charge_key)
    if charge is None:
        return
    await hold_preorder(conn, charge.preorder_id)
    ended = await end_charge(conn, charge_key, "cancelled", now=now)
    if ended is not None:
        await _EFFECTS["cancelled"](conn, tenant_id, ended, None, now)


async def _settle_payment(conn: Connection, tenant_id: UUID, fact: Fact, account_id: str, now: datetime) -> str:
    """Payment intents, setup intents and sessions: all of them are about one charge."""
    charge = None if fact.key is None else await find_charge(conn, fact.key)
    if charge is None:
        return "not ours"
    wrong = find_mismatch(charge, fact, account_id)
    if wrong is not None:
        return f"mismatch: {wrong}"
    await hold_preorder(conn, charge.preorder_id)
    if fact.kind == "session":
        await attach_session(conn, charge.charge_key, fact)
    status = outcome_of(charge, fact)
    if status is None:
        return "nothing decided"
    ended = await end_charge(conn, charge.charge_key, status, now=now, fact=fact)
    if ended is None:
        return "known"
    await _EFFECTS[status](conn, tenant_id, ended, fact, now)
    return status


async def _succeeded(conn: Connection, tenant_id: UUID, charge: Charge, fact: Fact | None, now: datetime) -> None:
    if fact is not None:
        await conn.execute(_KEEP_CARD, charge.preorder_id, fact.customer_id, fact.payment_method_id)
    money = await read_money(conn, charge.preorder_id)
    joined = JOINED.get(charge.purpose)
    if money.fulfilment == "reserved" and joined in ("card_saved", "deposit_paid", "paid"):
        await mark_joined(conn, charge.preorder_id, payment=joined, paid_minor=charge.amount_minor, now=now)
        return
    await _walk(conn, money, joined or "paid", now)
    if money.disputed:
        await _hold_up(conn, charge.preorder_id, "disputed before", now)
    # What comes after the end comes back in full: the fee was reckoned when it ended.
    back = charge.amount_minor if money.ended else 0
    await conn.execute(_COUNT, charge.preorder_id, charge.amount_minor, back, 0, now)
    await give_back(conn, tenant_id, charge.preorder_id, now=now)


async def _not_paid(conn: Connection, tenant_id: UUID, charge: Charge, fact: Fact | None, now: datetime) -> None:
    """Failed or action_required: tried again by the schedule, and after the last try dropped."""
    money = await read_money(conn, charge.preorder_id)
    if money.payment != "charging":
        return
    if money.ended:
        await move_preorder(conn, charge.preorder_id, payment="failed", now=now)
        await give_back(conn, tenant_id, charge.preorder_id, now=now)
    elif await _plan_next_try(conn, charge.preorder_id, now):
        payment: Payment = "action_required" if charge.status == "action_required" else "failed"
        await move_preorder(conn, charge.preorder_id, payment=payment, now=now, reason=charge.error_code or "")
    else:
        await _drop(conn, tenant_id, money, charge, now)


async def _cancelled(conn: Connection, tenant_id: UUID, charge: Charge, fact: Fact | None, now: datetime) -> None:
    """A checkout that nobody used leaves things as they were; a charge that was never sent is one that failed."""
    money = await read_money(conn, charge.preorder_id)
    if charge.road == "off_session" and money.payment == "charging":
        await move_preorder(conn, charge.preorder_id, payment="failed", now=now, reason="not charged: it ended before")
    await give_back(conn, tenant_id, charge.preorder_id, now=now)


async def _drop(conn: Connection, tenant_id: UUID, money: Money, charge: Charge, now: datetime) -> None:
    """The last try failed: the preorder is over, and what was paid goes back, less the fee that was agreed to."""
    reason = charge.error_code or ""
    await move_preorder(conn, money.preorder_id, payment="failed", now=now, reason=reason)
    await move_preorder(conn, money.preorder_id, payment="dropped", now=now, reason="the last try failed")
    await cancel_preorder(conn, money.preorder_id, now=now, reason=NOT_PAID, fee_basis_points=money.fee_basis_points)
    await give_back(conn, tenant_id, money.preorder_id, now=now)


async def _plan_next_try(conn: Connection, preorder_id: UUID, now: datetime) -> bool:
    """Whether there is one."""
    policy = await read_retry_policy(conn)
    first: datetime = await conn.fetchval(_FIRST_FAILURE, preorder_id, now)
    at = next_try(policy, first_failed_at=first, failed_at=now)
    await conn.execute("update preorder_payments set next_try_at = $2 where preorder_id = $1", preorder_id, at)
    return at is not None


async def _walk(conn: Connection, money: Money, to: Payment, now: datetime) -> None:
    """Take the payment to where money came, by the states between; where none leads there, it stays."""
    if to in PAYMENT[money.payment]:
        await move_preorder(conn, money.preorder_id, payment=to, now=now)
    elif "charging" in PAYMENT[money.payment] and to == "paid":
        await move_preorder(conn, money.preorder_id, payment="charging", now=now)
        await move_preorder(conn, money.preorder_id, payment="paid", now=now)


async def _settle_refund(conn: Connection, tenant_id: UUID, fact: Fact, account_id: str, now: datetime) -> str:
    refund = None if fact.key is None else await find_refund(conn, fact.key)
    refund = refund or await find_stripe_refund(conn, fact.id)
    if refund is None:
        return await _settle_outside_refund(conn, tenant_id, fact, account_id, now)
    charge = await find_charge(conn, refund.charge_key)
    assert charge is not None
    if account_id != charge.account_id or (fact.amount_minor, fact.currency) != (refund.amount_minor, refund.currency):
        return "mismatch: another account or amount"
    await hold_preorder(conn, refund.preorder_id)
    before = await find_refund(conn, refund.refund_key)
    ended = await end_refund(conn, refund.refund_key, refund_status(fact), now=now, fact=fact, error=fact.error_code)
    if ended is None or before is None or ended.status == before.status:
        return "known"
    counted = {"succeeded": refund.amount_minor, "failed": -refund.amount_minor if before.status == "succeeded" else 0}
    await conn.execute(_COUNT, refund.preorder_id, 0, 0, counted.get(ended.status, 0), now)
    await finish_giving_back(conn, tenant_id, refund.preorder_id, now=now)
    return ended.status


async def refuse_refund(conn: Connection, tenant_id: UUID, refund_key: str, error: str, *, now: datetime) -> None:
    """Stripe does not make it: another is tried, three in all."""
    refund = await find_refund(conn, refund_key)
    assert refund is not None
    await hold_preorder(conn, refund.preorder_id)
    if await end_refund(conn, refund_key, "failed", now=now, fact=None, error=error) is not None:
        await finish_giving_back(conn, tenant_id, refund.preorder_id, now=now)


async def _settle_outside_refund(conn: Connection, tenant_id: UUID, fact: Fact, account_id: str, now: datetime) -> str:
    """What a merchant gave back in Stripe's dashboard is given back; it is not charged again."""
    charge = None if fact.intent_id is None else await find_charge_of_intent(conn, fact.intent_id)
    if charge is None or account_id != charge.account_id:
        return "not ours"
    await hold_preorder(conn, charge.preorder_id)
    if refund_status(fact) == "failed" or not await record_outside_refund(conn, charge, fact, now=now):
        return "known"
    await conn.execute(_WAIVE, charge.preorder_id, fact.amount_minor, now)
    money = await read_money(conn, charge.preorder_id)
    if money.returning_minor == money.taken_minor and "refund_pending" in PAYMENT[money.payment]:
        # All of it: from here on it counts as unpaid.
        await move_preorder(conn, charge.preorder_id, payment="refund_pending", now=now, reason="given back by hand")
    if refund_status(fact) == "succeeded":
        await conn.execute(_COUNT, charge.preorder_id, 0, 0, fact.amount_minor, now)
    await finish_giving_back(conn, tenant_id, charge.preorder_id, now=now)
    return "recorded"


async def finish_giving_back(conn: Connection, tenant_id: UUID, preorder_id: UUID, *, now: datetime) -> None:
    """Give back what is still to go, or say that all is back."""
    row = await conn.fetchrow(
        "select payment, paid_minor, owed_back_minor, returned_minor from preorders where preorder_id = $1", preorder_id
    )
    assert row is not None
    paid, owed, returned = row["paid_minor"], row["owed_back_minor"], row["returned_minor"]
    if returned < owed:
        await give_back(conn, tenant_id, preorder_id, now=now)
    elif row["payment"] == "refund_pending":
        back: Payment = "refunded" if returned == paid else "partly_refunded"
        await move_preorder(conn, preorder_id, payment=back, now=now)


async def _settle_dispute(conn: Connection, tenant_id: UUID, fact: Fact, account_id: str, now: datetime) -> str:
    charge = None if fact.intent_id is None else await find_charge_of_intent(conn, fact.intent_id)
    if charge is None or account_id != charge.account_id:
        return "not ours"
    await hold_preorder(conn, charge.preorder_id)
    if not await record_dispute(conn, charge, fact, now=now):
        return "known"
    money = await read_money(conn, charge.preorder_id)
    if fact.status not in CLOSED:
        await _hold_up(conn, charge.preorder_id, fact.reason, now)
    else:
        await _close_dispute(conn, tenant_id, money, fact, now)
    return fact.status


async def _hold_up(conn: Connection, preorder_id: UUID, reason: str, now: datetime) -> None:
    """What is disputed does not ship. Money that is on its way stays on its way."""
    held = await hold_preorder(conn, preorder_id)
    if "disputed" in PAYMENT[held.payment]:
        await move_preorder(conn, preorder_id, payment="disputed", now=now, reason=reason)


async def _close_dispute(conn: Connection, tenant_id: UUID, money: Money, fact: Fact, now: datetime) -> None:
    if fact.status == "lost":
        await conn.execute(_WAIVE, money.preorder_id, fact.amount_minor, now)
        await conn.execute(_COUNT, money.preorder_id, 0, 0, fact.amount_minor, now)
        await _hold_up(conn, money.preorder_id, fact.reason, now)
    held = await hold_preorder(conn, money.preorder_id)
    if held.payment == "disputed" and not money.disputed:
        await move_preorder(conn, money.preorder_id, payment=_after_dispute(money), now=now, reason=fact.status)
    await finish_giving_back(conn, tenant_id, money.preorder_id, now=now)


def _after_dispute(money: Money) -> Payment:
    left = money.taken_minor - money.returning_minor - money.lost_minor
    if left == 0:
        return "refunded"
    if money.lost_minor or money.returning_minor:
        return "partly_refunded"
    return "paid" if money.taken_minor == money.total_minor else "deposit_paid"


_Settler = Callable[[Connection, UUID, Fact, str, datetime], Awaitable[str]]
_Effect = Callable[[Connection, UUID, Charge, Fact | None, datetime], Awaitable[None]]


async def _settle_account(conn: Connection, tenant_id: UUID, fact: Fact, account_id: str, now: datetime) -> str:
    return "told" if await tell_account(conn, fact, told_at=now) else "known"


_SETTLERS: dict[str, _Settler] = {
    "payment_intent": _settle_payment,
    "setup_intent": _settle_payment,
    "session": _settle_payment,
    "refund": _settle_refund,
    "dispute": _settle_dispute,
    "account": _settle_account,
}

_EFFECTS: dict[ChargeStatus, _Effect] = {
    "succeeded": _succeeded,
    "failed": _not_paid,
    "action_required": _not_paid,
    "cancelled": _cancelled,
}

_KEEP_CARD = """
update preorder_payments
set customer_id = coalesce($2, customer_id), payment_method_id = coalesce($3, payment_method_id),
    first_failed_at = null, next_try_at = null
where preorder_id = $1
"""

_FIRST_FAILURE = """
update preorder_payments
set first_failed_at = coalesce(first_failed_at, $2)
where preorder_id = $1
returning first_failed_at
"""

# What came twice is no part of the price: it goes back, and counts in the charges and refunds only.
_COUNT = """
update preorders
set paid_minor = least(paid_minor + $2, total_minor),
    owed_back_minor = owed_back_minor + greatest($3 - greatest(paid_minor + $2 - total_minor, 0), 0),
    returned_minor = greatest(least(returned_minor + $4, owed_back_minor + $3), 0), updated_at = $5
where preorder_id = $1
"""

# What was to go back anyway is not waived twice.
_WAIVE = """
update preorders
set owed_back_minor = least(paid_minor, greatest(owed_back_minor, returned_minor + $2)), updated_at = $3
where preorder_id = $1
"""
