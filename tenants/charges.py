"""Charges: what is asked of a shopper's card for a preorder. The row is written before Stripe is asked.

Its key, `preorder:{id}:{purpose}:{attempt}`, is unique here, Stripe's idempotency key, and stands in the metadata at
Stripe: so a charge whose worker died is found again, and never made twice.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal
from uuid import UUID

from infra.database import Connection, Row
from infra.errors import Conflict, NotFound
from tenants.owed import Purpose
from tenants.payment_accounts import PaymentAccount
from tenants.stripe_facts import Fact

Road = Literal["checkout", "off_session"]
ChargeStatus = Literal["pending", "failed", "action_required", "cancelled", "succeeded"]
LOST_AFTER = timedelta(minutes=2)
"""A charge that was sent and has not settled for so long is looked up at Stripe."""
ASKED_AFTER = timedelta(minutes=10)
"""The same of a page that is open: its shopper may have paid, and the webhook be lost."""


class ChargeUnderWay(Conflict):
    """This preorder is being charged at this moment."""

    code = "charge_under_way"
    hint = "Ask again in a minute: the answer will say whether anything is still to be paid."


class CurrencyNotTaken(Conflict):
    """Payments are not taken in this currency."""

    code = "currency_not_taken"
    hint = "Stripe counts it in another smallest unit than ISO 4217 does; sell in another currency."


_COUNTED_OTHERWISE = frozenset({"ISK", "MGA", "UGX"})
"""Of ISO's and Stripe's smallest units one is a hundred of the other (https://docs.stripe.com/currencies)."""


@dataclass(frozen=True, slots=True)
class Charge:
    """One attempt. `sends` counts how often Stripe was asked; `intent_id` is a PaymentIntent or a SetupIntent."""

    charge_key: str
    preorder_id: UUID
    purpose: Purpose
    attempt: int
    road: Road
    account_id: str
    amount_minor: int
    fee_minor: int
    currency: str
    status: ChargeStatus
    intent_id: str | None
    session_id: str | None
    session_url: str | None
    session_expires_at: datetime | None
    error_code: str | None
    sends: int
    created_at: datetime
    settled_at: datetime | None


@dataclass(frozen=True, slots=True)
class Ask:
    """What to ask for."""

    preorder_id: UUID
    purpose: Purpose
    amount_minor: int
    currency: str
    road: Road


async def open_charge(conn: Connection, ask: Ask, account: PaymentAccount, *, now: datetime) -> Charge:
    """The next attempt, on a preorder that is held. Raises ChargeUnderWay, CurrencyNotTaken."""
    if ask.currency in _COUNTED_OTHERWISE:
        raise CurrencyNotTaken(f"Payments are not taken in {ask.currency}.")
    if await find_live_charge(conn, ask.preorder_id) is not None:
        raise ChargeUnderWay("This preorder is being charged at this moment.")
    fee = account.fee_of(ask.amount_minor)
    row = await conn.fetchrow(
        _OPEN, ask.preorder_id, ask.purpose, ask.road, account.account_id, ask.amount_minor, fee, ask.currency, now
    )
    assert row is not None
    return Charge(**row)


async def find_live_charge(conn: Connection, preorder_id: UUID) -> Charge | None:
    """The one that has not come to its end."""
    return _charge(
        await conn.fetchrow(f"select {_CHARGE} from charges where preorder_id = $1 and status = 'pending'", preorder_id)
    )


async def find_charge(conn: Connection, charge_key: str) -> Charge | None:
    return _charge(await conn.fetchrow(f"select {_CHARGE} from charges where charge_key = $1", charge_key))


async def find_charge_of_intent(conn: Connection, intent_id: str) -> Charge | None:
    """For what Stripe tells without our metadata: disputes, and refunds made in its dashboard."""
    return _charge(await conn.fetchrow(f"select {_CHARGE} from charges where intent_id = $1", intent_id))


async def find_charge_of_session(conn: Connection, session_id: str) -> Charge | None:
    """For a shopper who comes back from Stripe's page, which nobody else knows."""
    return _charge(await conn.fetchrow(f"select {_CHARGE} from charges where session_id = $1", session_id))


async def get_charge(conn: Connection, charge_key: str) -> Charge:
    """Raises NotFound."""
    charge = await find_charge(conn, charge_key)
    if charge is None:
        raise NotFound(f"There is no charge {charge_key!r}.")
    return charge


async def list_charges(conn: Connection, preorder_id: UUID) -> Sequence[Charge]:
    """All that was ever asked for this preorder, the first one first."""
    rows = await conn.fetch(
        f"select {_CHARGE} from charges where preorder_id = $1 order by created_at, purpose, attempt", preorder_id
    )
    return [Charge(**row) for row in rows]


async def take_up_charge(conn: Connection, charge_key: str, *, now: datetime) -> Charge | None:
    """Note that Stripe is asked now; None when the charge has come to its end. `sends` above 1: ask whether it exists
    before asking for it."""
    return _charge(await conn.fetchrow(_TAKE_UP, charge_key, now))


async def attach_session(conn: Connection, charge_key: str, session: Fact) -> None:
    """Remember where the shopper pays. Harmless to repeat."""
    await conn.execute(_ATTACH, charge_key, session.id, session.url, session.due_at, session.intent_id)


async def end_charge(
    conn: Connection, charge_key: str, status: ChargeStatus, *, now: datetime, fact: Fact | None = None
) -> Charge | None:
    """Move it forward: pending, then failed, action_required or cancelled, then succeeded. None when it is there."""
    intent, code = (None, None) if fact is None else (fact.intent_id, fact.error_code)
    return _charge(await conn.fetchrow(_END, charge_key, status, now, intent, code))


async def list_lost_charges(conn: Connection, *, now: datetime, limit: int = 100) -> Sequence[Charge]:
    """Pending ones that nobody has asked about for a while: their worker died, Stripe was down, a webhook was lost."""
    return [Charge(**row) for row in await conn.fetch(_LOST, now - LOST_AFTER, now - ASKED_AFTER, limit)]


def _charge(row: Row | None) -> Charge | None:
    return None if row is None else Charge(**row)


_CHARGE = """charge_key, preorder_id, purpose, attempt, road, account_id, amount_minor, fee_minor, currency, status,
intent_id, session_id, session_url, session_expires_at, error_code, sends, created_at, settled_at"""

_OPEN = f"""
insert into charges (preorder_id, purpose, attempt, road, account_id, amount_minor, fee_minor, currency, created_at)
select $1, $2, 1 + coalesce(max(attempt), 0), $3, $4, $5, $6, $7, $8
from charges
where preorder_id = $1 and purpose = $2
returning {_CHARGE}
"""

_TAKE_UP = f"""
update charges
set sends = sends + 1, sent_at = $2
where charge_key = $1 and status = 'pending'
returning {_CHARGE}
"""

_ATTACH = """
update charges
set session_id = $2, session_url = coalesce($3, session_url), session_expires_at = $4,
    intent_id = coalesce($5, intent_id)
where charge_key = $1
"""

# Money that came counts, whatever was believed before; a failure never undoes it.
_END = f"""
update charges
set status = $2, settled_at = $3, intent_id = coalesce($4, intent_id), error_code = $5
where charge_key = $1 and (status = 'pending' or $2 = 'succeeded' and status <> 'succeeded')
returning {_CHARGE}
"""

_LOST = f"""
select {_CHARGE}
from charges
where status = 'pending'
    and coalesce(sent_at, created_at) <= case when session_id is null then $1::timestamptz else $2 end
order by coalesce(sent_at, created_at)
limit $3
"""
