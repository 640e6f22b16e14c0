"""Preorder money: what was taken for a preorder, what went back, and what is to be done about the rest.

Whoever changes a preorder's money holds its row first (`preorder_states.hold_preorder`), and its charges and refunds
after it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID

from infra.database import Connection
from infra.errors import Conflict
from infra.jobs import defer
from tenants.charge_schedule import CHARGE_HOUR, charge_moment
from tenants.charges import Ask, Charge, ChargeUnderWay, Road, find_live_charge, open_charge
from tenants.notices import NOTHING_LEFT
from tenants.owed import Mode, Price, Purpose, Standing, joining, owed_back, owed_now
from tenants.payment_accounts import PaymentAccount, get_payment_account
from tenants.preorder_states import LIVE, PAYMENT, Fulfilment, Payment, hold_preorder, move_preorder
from tenants.refunds import MOST_TRIES, TRY_AGAIN_AFTER, open_refunds
from tenants.work_calendar import SHOPS_ZONE

SEND_REFUND = "send_refund"
SEND_CHARGE = "send_charge"
CHARGING = ("charging", "in_production", "shipping")
"""In these states of their campaign, preorders are charged what is left."""
KEPT_WITHOUT_STRIPE = timedelta(hours=2)
UNPAID: tuple[Payment, ...] = ("failed", "action_required")
"""In these, a charge did not come, and the shopper can mend it."""


class NothingToPay(Conflict):
    """Nothing of this preorder is to be paid now."""

    code = "nothing_to_pay"
    hint = "Its page says what is paid, what is still to come, and when."


@dataclass(frozen=True, slots=True)
class Money:
    """One preorder and its money. `time_zone` is the shop's."""

    preorder_id: UUID
    campaign_id: str
    campaign_state: str
    fulfilment: Fulfilment
    payment: Payment
    currency: str
    guest_email: str | None
    charge_on: date | None
    reserved_until: datetime
    time_zone: str
    mode: Mode
    total_minor: int
    deposit_minor: int
    paid_minor: int
    owed_back_minor: int
    fee_basis_points: int
    taken_minor: int
    returning_minor: int
    waived_minor: int
    lost_minor: int
    disputed: bool

    @property
    def ended(self) -> bool:
        return self.fulfilment not in LIVE

    @property
    def price(self) -> Price:
        return Price(self.mode, self.total_minor, self.deposit_minor)

    def standing(self, now: datetime) -> Standing:
        return Standing(
            price=self.price,
            joined=self.fulfilment != "reserved",
            ended=self.ended,
            charge_due=self.charge_due(now),
            taken_minor=self.taken_minor,
            returned_minor=self.returning_minor + self.lost_minor,
            # What a lost dispute took away is gone: it is not charged anew with the rest.
            waived_minor=self.waived_minor + self.lost_minor,
            kept_minor=self.paid_minor - self.owed_back_minor,
        )

    def charge_due(self, now: datetime) -> bool:
        """Whether what is left is to be charged: the campaign charges, and the chosen day has come.

        What was paid or shipped stays due, whatever becomes of the campaign: else it would be owed back.
        """
        if self.payment == "paid" or self.fulfilment in ("shipped", "completed"):
            return True
        if self.campaign_state not in CHARGING or self.fulfilment in ("reserved", "joined"):
            return False
        return self.charge_on is None or charge_moment(self.charge_on, self.time_zone) <= now


async def read_money(conn: Connection, preorder_id: UUID) -> Money:
    """Hold a preorder and count its money. Raises NotFound."""
    await hold_preorder(conn, preorder_id)
    # A statement of its own, so that it sees what was committed while this one waited for the row.
    row = await conn.fetchrow(_MONEY, preorder_id)
    assert row is not None
    return Money(**row)


@dataclass(frozen=True, slots=True)
class Payer:
    """What Stripe is told of who pays and for what."""

    customer_id: str | None
    payment_method_id: str | None
    guest_email: str | None
    title: str


async def read_payer(conn: Connection, preorder_id: UUID) -> Payer:
    """Of a preorder that has a charge."""
    row = await conn.fetchrow(_PAYER, preorder_id)
    assert row is not None
    return Payer(**row)


async def keep_customer(conn: Connection, preorder_id: UUID, customer_id: str) -> None:
    """Remember who pays, once Stripe has said."""
    await conn.execute("update preorder_payments set customer_id = $2 where preorder_id = $1", preorder_id, customer_id)


async def open_checkout(conn: Connection, preorder_id: UUID, *, now: datetime) -> Charge:
    """What the shopper is to do now, on a page of Stripe's: join, or pay what a charge left unpaid.

    Raises NotFound, NothingToPay, ChargeUnderWay, NoPaymentAccount.
    """
    money = await read_money(conn, preorder_id)
    if money.payment in ("none", "pending"):
        return await open_joining_charge(conn, preorder_id, now=now)
    return await open_mending_charge(conn, preorder_id, now=now)


async def open_joining_charge(conn: Connection, preorder_id: UUID, *, now: datetime) -> Charge:
    """What the shopper is to do to join: save a card, or pay. The one that is open already, if there is one.

    Raises NotFound, NothingToPay, NoPaymentAccount.
    """
    money = await read_money(conn, preorder_id)
    live = await find_live_charge(conn, preorder_id)
    if live is not None:
        return live
    if money.fulfilment != "reserved" or money.reserved_until <= now:
        raise NothingToPay("The reservation is over.", hint="Preorder anew: there may be units left.")
    purpose, amount = joining(money.price)
    account = await get_payment_account(conn)
    if money.payment == "none":
        await move_preorder(conn, preorder_id, payment="pending", now=now)
    return await _open(conn, Ask(preorder_id, purpose, amount, money.currency, "checkout"), account, now)


async def open_mending_charge(conn: Connection, preorder_id: UUID, *, now: datetime) -> Charge:
    """A checkout for what a failed charge left unpaid. The one that is open already, if there is one.

    Raises NotFound, NothingToPay, ChargeUnderWay, NoPaymentAccount.
    """
    money = await read_money(conn, preorder_id)
    live = await find_live_charge(conn, preorder_id)
    if live is not None and live.road == "off_session":
        raise ChargeUnderWay("The card is being charged at this moment.")
    if live is not None:
        return live
    if money.ended or money.payment not in UNPAID:
        raise NothingToPay(f"The preorder's payment is {money.payment}.")
    asked = _ask(money, now, "checkout")
    if asked.amount_minor == 0:
        raise NothingToPay("Nothing of the preorder is due now.")
    return await _open(conn, asked, await get_payment_account(conn), now)


async def keep_reservation(conn: Connection, preorder_id: UUID, *, now: datetime) -> datetime:
    """Keep a place for longer than usual, because Stripe is down and nobody can pay; returns until when."""
    until: datetime = await conn.fetchval(_KEEP, preorder_id, now + KEPT_WITHOUT_STRIPE)
    return until


async def open_due_charge(conn: Connection, tenant_id: UUID, preorder_id: UUID, *, now: datetime) -> Charge | None:
    """Charge the saved card for what is left, in a job; None when nothing is due, or nothing is left.

    Raises NotFound, NoPaymentAccount.
    """
    money = await read_money(conn, preorder_id)
    if not money.charge_due(now) or money.ended or money.payment not in ("card_saved", "deposit_paid", *UNPAID):
        return None
    if await find_live_charge(conn, preorder_id) is not None:
        return None
    await move_preorder(conn, preorder_id, payment="charging", now=now)
    if owed_now(money.standing(now)) == 0:
        await move_preorder(conn, preorder_id, payment="paid", now=now, reason=NOTHING_LEFT)
        return None
    charge = await _open(conn, _ask(money, now, "off_session"), await get_payment_account(conn), now)
    await defer_charge(conn, tenant_id, charge.charge_key)
    return charge


async def defer_charge(conn: Connection, tenant_id: UUID, charge_key: str) -> None:
    """Ask Stripe for a charge, or what became of it, in a job; one at a time."""
    lock = f"charge:{tenant_id}:{charge_key}"
    await defer(
        conn,
        SEND_CHARGE,
        {"tenant_id": str(tenant_id), "charge_key": charge_key},
        queueing_lock=lock,
        lock=lock,
    )


async def give_back(conn: Connection, tenant_id: UUID, preorder_id: UUID, *, now: datetime) -> int:
    """Open refunds of what is held and not owed, each sent by a job of its own; returns how much. Harmless to repeat.

    Waits for a charge that is under way, and for the end of a dispute.
    """
    money = await read_money(conn, preorder_id)
    amount = owed_back(money.standing(now))
    if amount == 0 or money.disputed or await find_live_charge(conn, preorder_id) is not None:
        return 0
    # Of what lives on, only what came twice goes back: it stays paid.
    if money.ended and "refund_pending" in PAYMENT[money.payment]:
        await move_preorder(conn, preorder_id, payment="refund_pending", now=now)
    refunds = await open_refunds(conn, preorder_id, amount, now=now)
    for refund in refunds:
        args = {"tenant_id": str(tenant_id), "refund_key": refund.refund_key}
        await defer(conn, SEND_REFUND, args, lock=f"refund:{tenant_id}:{refund.refund_key}")
    return sum(refund.amount_minor for refund in refunds)


async def list_confirmed(conn: Connection) -> Sequence[str]:
    """Campaigns that are confirmed and do not charge yet."""
    rows = await conn.fetch("select campaign_id from campaigns where state = 'confirmed' order by campaign_id")
    return [row["campaign_id"] for row in rows]


async def list_to_charge(conn: Connection, *, now: datetime, limit: int) -> Sequence[UUID]:
    """Preorders whose charge may be due, the one that waits longest first."""
    return [row["preorder_id"] for row in await conn.fetch(_TO_CHARGE, now, limit, list(CHARGING), CHARGE_HOUR)]


async def list_to_give_back(conn: Connection, *, now: datetime, limit: int) -> Sequence[UUID]:
    """Preorders that have ended and of whose money more is to go back than is on its way.

    One of which a refund failed of late rests, and one that was tried as often as may be is left to the merchant.
    """
    return [row["preorder_id"] for row in await conn.fetch(_TO_GIVE_BACK, limit, now - TRY_AGAIN_AFTER, MOST_TRIES)]


async def list_over(conn: Connection, *, now: datetime, limit: int) -> Sequence[str]:
    """Checkouts, by charge, of preorders that have ended or whose reservation is over: nobody shall pay there."""
    return [row["charge_key"] for row in await conn.fetch(_OVER, now, limit)]


def _ask(money: Money, now: datetime, road: Road) -> Ask:
    purpose: Purpose = "balance" if money.paid_minor else "full"
    return Ask(money.preorder_id, purpose, owed_now(money.standing(now)), money.currency, road)


async def _open(conn: Connection, ask: Ask, account: PaymentAccount, now: datetime) -> Charge:
    await conn.execute(_KNOW, ask.preorder_id, account.account_id)
    return await open_charge(conn, ask, account, now=now)


_KNOW = """
insert into preorder_payments (preorder_id, account_id) values ($1, $2)
on conflict (tenant_id, preorder_id) do nothing
"""

_KEEP = """
update preorders
set reserved_until = case when fulfilment = 'reserved' then greatest(reserved_until, $2) else reserved_until end
where preorder_id = $1
returning reserved_until
"""

_PAYER = """
select s.customer_id, s.payment_method_id, p.guest_email,
    left(coalesce(nullif(c.document -> 'title' ->> p.terms_locale, ''), products.title, p.campaign_id), 250) as title
from preorders p
join preorder_payments s using (tenant_id, preorder_id)
join campaigns c using (tenant_id, campaign_id)
left join products using (tenant_id, product_id)
where p.preorder_id = $1
"""

_MONEY = f"""
select p.preorder_id, p.campaign_id, c.state as campaign_state, p.fulfilment, p.payment, p.currency, p.guest_email,
    p.charge_on, p.reserved_until, {SHOPS_ZONE} as time_zone,
    p.total_minor, p.deposit_minor, p.paid_minor, p.owed_back_minor,
    c.document -> 'payment' ->> 'mode' as mode,
    coalesce((c.document -> 'cancellation' ->> 'fee_basis_points')::integer, 0) as fee_basis_points,
    (
        select coalesce(sum(amount_minor), 0)::bigint
        from charges
        where charges.preorder_id = p.preorder_id and status = 'succeeded'
    ) as taken_minor,
    returned.returning_minor, returned.waived_minor, disputed.lost_minor, disputed.disputed
from preorders p
join campaigns c using (tenant_id, campaign_id)
cross join lateral (
    select coalesce(sum(amount_minor), 0)::bigint as returning_minor,
        coalesce(sum(amount_minor) filter (where reason = 'outside'), 0)::bigint as waived_minor
    from refunds
    where refunds.preorder_id = p.preorder_id and status <> 'failed'
) as returned
cross join lateral (
    select coalesce(sum(amount_minor) filter (where status = 'lost'), 0)::bigint as lost_minor,
        coalesce(bool_or(closed_at is null), false) as disputed
    from disputes
    where disputes.preorder_id = p.preorder_id
) as disputed
where p.preorder_id = $1
"""

_TO_CHARGE = f"""
select p.preorder_id
from preorders p
join campaigns c using (tenant_id, campaign_id)
left join preorder_payments s using (tenant_id, preorder_id)
where c.state = any($3::text[]) and p.fulfilment in ('confirmed', 'in_production')
    and p.payment in ('card_saved', 'deposit_paid', 'failed', 'action_required')
    and (p.charge_on is null or (p.charge_on + make_interval(hours => $4)) at time zone {SHOPS_ZONE} <= $1)
    and (s.next_try_at is null or s.next_try_at <= $1)
    and not exists (select from charges where charges.preorder_id = p.preorder_id and charges.status = 'pending')
order by coalesce(s.next_try_at, p.updated_at), p.preorder_id
limit $2
"""

_TO_GIVE_BACK = """
select p.preorder_id
from preorders p
where p.fulfilment in ('expired', 'cancelled') and p.owed_back_minor > p.returned_minor
    and not exists (select from charges where charges.preorder_id = p.preorder_id and charges.status = 'pending')
    and not exists (select from disputes where disputes.preorder_id = p.preorder_id and closed_at is null)
    and p.owed_back_minor > (
        select coalesce(sum(amount_minor), 0)
        from refunds
        where refunds.preorder_id = p.preorder_id and refunds.status <> 'failed'
    )
    and not exists (
        select
        from refunds
        where refunds.preorder_id = p.preorder_id and refunds.status = 'failed' and refunds.settled_at > $2
    )
    and exists (
        select
        from charges
        where charges.preorder_id = p.preorder_id and charges.status = 'succeeded' and $3 > (
            select count(*) from refunds where refunds.charge_key = charges.charge_key and refunds.status = 'failed'
        )
    )
order by p.updated_at, p.preorder_id
limit $1
"""

_OVER = """
select c.charge_key
from charges c
join preorders p using (tenant_id, preorder_id)
where c.status = 'pending' and c.road = 'checkout'
    and (p.fulfilment in ('expired', 'cancelled') or p.fulfilment = 'reserved' and p.reserved_until <= $1)
order by c.created_at
limit $2
"""
