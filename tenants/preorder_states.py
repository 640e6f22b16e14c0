"""Preorder states: where the goods are and where the money is, two columns that move apart from one another."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID

from infra.database import Connection
from infra.errors import Conflict, NotFound
from infra.ids import new_id
from tenants.notices import Told, find_kind, write_notices

Fulfilment = Literal["reserved", "joined", "confirmed", "in_production", "shipped", "completed", "expired", "cancelled"]
Payment = Literal[
    "none",
    "pending",
    "card_saved",
    "deposit_paid",
    "charging",
    "action_required",
    "failed",
    "dropped",
    "paid",
    "refund_pending",
    "refunded",
    "partly_refunded",
    "disputed",
]
Side = Literal["fulfilment", "payment", "units"]
"""Where the goods are, where the money is; and how many of what was wanted, which the shopper may change."""

FULFILMENT: Mapping[Fulfilment, frozenset[Fulfilment]] = {
    "reserved": frozenset({"joined", "expired", "cancelled"}),
    "joined": frozenset({"confirmed", "cancelled"}),
    "confirmed": frozenset({"in_production", "cancelled"}),
    # Cancelled from here only with the whole campaign: nobody is left with money paid and nothing to come.
    "in_production": frozenset({"shipped", "cancelled"}),
    "shipped": frozenset({"completed"}),
    "completed": frozenset(),
    "expired": frozenset(),
    "cancelled": frozenset(),
}

PAYMENT: Mapping[Payment, frozenset[Payment]] = {
    "none": frozenset({"pending"}),
    "pending": frozenset({"card_saved", "deposit_paid", "paid"}),
    "card_saved": frozenset({"charging"}),
    "deposit_paid": frozenset({"charging", "refund_pending", "disputed"}),
    "charging": frozenset({"paid", "action_required", "failed"}),
    "action_required": frozenset({"charging", "failed", "refund_pending"}),
    "failed": frozenset({"charging", "dropped", "refund_pending"}),
    # With a deposit that was taken before the balance failed.
    "dropped": frozenset({"refund_pending"}),
    "paid": frozenset({"refund_pending", "disputed"}),
    "refund_pending": frozenset({"refunded", "partly_refunded"}),
    # A bank may send back what had been refunded.
    "refunded": frozenset({"refund_pending"}),
    "partly_refunded": frozenset({"refund_pending", "disputed"}),
    # Back to where it was when the merchant wins; when they lose, that much is gone.
    "disputed": frozenset({"paid", "deposit_paid", "refund_pending", "partly_refunded", "refunded"}),
}

LIVE: tuple[Fulfilment, ...] = ("reserved", "joined", "confirmed", "in_production", "shipped", "completed")
"""In these a preorder holds units of its campaign."""
MONEY_TAKEN: tuple[Payment, ...] = ("deposit_paid", "paid")
"""In these, what was due on joining has been paid."""


class PreorderStep(Conflict):
    """A preorder's state does not allow that."""

    code = "preorder_step"
    hint = "Its two states, fulfilment and payment, are told by its page and by GET /v1/preorders/{id}."


class NotPaid(PreorderStep):
    """What is not paid does not ship."""

    code = "preorder_not_paid"
    hint = "Charge the balance, or cancel the preorder; it ships when its payment is 'paid'."


@dataclass(frozen=True, slots=True)
class PreorderTransition:
    """One step, for good."""

    side: Side
    from_state: str
    to_state: str
    at: datetime
    reason: str


@dataclass(frozen=True, slots=True)
class Held:
    """A preorder that is locked: both its states, what it holds and what was paid."""

    preorder_id: UUID
    campaign_id: str
    shopper_id: UUID | None
    guest_email: str | None
    product_id: str
    variant_id: str | None
    quantity: int
    fulfilment: Fulfilment
    payment: Payment
    paid_minor: int
    owed_back_minor: int
    returned_minor: int


async def hold_preorder(conn: Connection, preorder_id: UUID) -> Held:
    """Lock it: nobody else moves it until the transaction ends. Raises NotFound."""
    row = await conn.fetchrow(_HOLD, preorder_id)
    if row is None:
        raise no_preorder()
    return Held(**row)


async def hold_preorders(conn: Connection, campaign_id: str, *states: Fulfilment) -> list[Held]:
    """Lock all of a campaign that are in these states."""
    return [Held(**row) for row in await conn.fetch(_HOLD_ALL, campaign_id, states)]


async def move_preorder(
    conn: Connection,
    preorder_id: UUID,
    *,
    now: datetime,
    fulfilment: Fulfilment | None = None,
    payment: Payment | None = None,
    paid_minor: int = 0,
    returned_minor: int = 0,
    reason: str = "",
) -> Held:
    """Take one or both sides to their next state, and count the money that was taken or given back with it.

    Money that arrives when the preorder has ended is owed back at once. Its units stay with it: what ends a preorder
    goes through `preorder_ends`. Returns how it was before. Raises NotFound, PreorderStep, NotPaid.
    """
    held = await hold_preorder(conn, preorder_id)
    check_step(held, fulfilment=fulfilment, payment=payment)
    await conn.execute(_MOVE, preorder_id, fulfilment, payment, paid_minor, returned_minor, now)
    steps: list[tuple[Side, str, str]] = []
    if fulfilment is not None:
        steps.append(("fulfilment", held.fulfilment, fulfilment))
    if payment is not None:
        steps.append(("payment", held.payment, payment))
    await record_steps(conn, [(preorder_id, *step) for step in steps], now=now, reason=reason)
    return held


async def move_goods(conn: Connection, held: Sequence[Held], to: Fulfilment, *, now: datetime, reason: str) -> None:
    """Take the fulfilment of preorders that are held to its next state. Raises PreorderStep, NotPaid."""
    for one in held:
        check_step(one, fulfilment=to)
    if held:
        await conn.execute(_MOVE_GOODS, [one.preorder_id for one in held], to, now)
        steps: list[tuple[UUID, Side, str, str]] = [(one.preorder_id, "fulfilment", one.fulfilment, to) for one in held]
        await record_steps(conn, steps, now=now, reason=reason)


def check_step(held: Held, *, fulfilment: Fulfilment | None = None, payment: Payment | None = None) -> None:
    """Raises PreorderStep when a state does not follow, NotPaid when it would ship unpaid."""
    if fulfilment is not None and fulfilment not in FULFILMENT[held.fulfilment]:
        raise PreorderStep(f"The preorder is {held.fulfilment}; {fulfilment} does not follow on that.")
    if payment is not None and payment not in PAYMENT[held.payment]:
        raise PreorderStep(f"The preorder's payment is {held.payment}; {payment} does not follow on that.")
    if fulfilment == "shipped" and (payment or held.payment) != "paid":
        raise NotPaid(f"The preorder's payment is {payment or held.payment}: it cannot ship yet.")


async def record_steps(
    conn: Connection, steps: Sequence[tuple[UUID, Side, str, str]], *, now: datetime, reason: str
) -> None:
    """Append (preorder, side, from, to) to what happened, with the notices to those who are to hear of it."""
    columns: tuple[Sequence[object], ...] = tuple(zip(*steps, strict=True))
    ids = [new_id() for _ in steps]
    await conn.execute(_RECORD, ids, *columns, now, reason)
    kinds = [find_kind(side, from_state, to_state, reason) for _, side, from_state, to_state in steps]
    told = [Told(step[0], kind, str(step_id)) for step_id, step, kind in zip(ids, steps, kinds, strict=True) if kind]
    await write_notices(conn, told, now=now)


async def list_preorder_transitions(conn: Connection, preorder_id: UUID) -> list[PreorderTransition]:
    """The first one first."""
    return [PreorderTransition(**row) for row in await conn.fetch(_LIST, preorder_id)]


def no_preorder() -> NotFound:
    return NotFound("There is no such preorder.", hint="Check the id or the link; GET /v1/preorders lists them.")


HELD_COLUMNS = """
    preorder_id, campaign_id, shopper_id, guest_email, product_id, variant_id, quantity, fulfilment, payment,
    paid_minor, owed_back_minor, returned_minor
"""

_HOLD = f"""
select {HELD_COLUMNS}
from preorders
where preorder_id = $1
for no key update
"""

_MOVE = """
update preorders
set fulfilment = coalesce($2, fulfilment), payment = coalesce($3, payment), paid_minor = paid_minor + $4,
    owed_back_minor = owed_back_minor + case when fulfilment in ('cancelled', 'expired') then $4 else 0 end,
    returned_minor = returned_minor + $5, updated_at = $6
where preorder_id = $1
"""

_HOLD_ALL = f"""
select {HELD_COLUMNS}
from preorders
where campaign_id = $1 and fulfilment = any($2::text[])
order by preorder_id
for no key update
"""

_MOVE_GOODS = """
update preorders
set fulfilment = $2, updated_at = $3
where preorder_id = any($1::uuid[])
"""

_RECORD = """
insert into preorder_transitions (transition_id, preorder_id, side, from_state, to_state, at, reason)
select transition_id, preorder_id, side, from_state, to_state, $6, $7
from unnest($1::uuid[], $2::uuid[], $3::text[], $4::text[], $5::text[])
    as step (transition_id, preorder_id, side, from_state, to_state)
"""

_LIST = """
select side, from_state, to_state, at, reason
from preorder_transitions
where preorder_id = $1
order by place
"""
