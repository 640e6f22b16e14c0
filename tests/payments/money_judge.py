"""Money judge: whether one preorder's money is what is owed, by Stripe's own books and by what was agreed to."""

from dataclasses import dataclass

from tenants.campaign_prices import share_of
from tests.payments.money_books import Books, read_books
from tests.payments.till import Till
from tests.support.shop import Document

FEE = 1000
"""Basis points: what of the money paid stays behind when a shopper cancels."""


@dataclass
class Known:
    """What the machine knows of a preorder beside what it can read: how it was ended, and what was paid then."""

    preorder: Document
    fee_of: int | None = None
    """Cancelled by its shopper: of how much a fee is kept."""
    dropped: bool = False
    """Given up after the last try: of the deposit the same fee is kept."""


async def judge(till: Till, one: Known, campaign: Document, mode: str) -> tuple[str, str]:
    """Hold Stripe's books against what was agreed to, and our rows against the books; returns both states."""
    now, books = await till.read(one.preorder), read_books(till.books, one.preorder["preorder_id"])
    fulfilment, payment = now["fulfilment"], now["payment"]
    steps = (await till.shop.api.get(f"/v1/preorder-transitions/{now['preorder_id']}")).json()["items"]
    one.dropped = any(step["to_state"] == "dropped" for step in steps)
    said = {"paid": now["paid_minor"], "returned": now["returned_minor"]}
    ledger = await till.ledger(one.preorder)
    told = (fulfilment, payment, campaign["state"], said, books, [one["status"] for one in ledger["refunds"]])
    assert said == {"paid": books.taken, "returned": books.returned + books.lost}, told
    if not books.disputed:
        assert payment != "refund_pending", told
        assert books.held == _owed(one, now, books, mode), told
    if campaign["state"] in ("failed", "cancelled") and one.fee_of is None and not one.dropped:
        assert books.held == 0 or fulfilment in ("shipped", "completed") or books.disputed, told
    if fulfilment in ("shipped", "completed") and not books.lost and not books.disputed:
        assert books.held == now["total_minor"], told
    return fulfilment, payment


def _owed(one: Known, now: Document, books: Books, mode: str) -> int:
    """By what was agreed to, from the outside."""
    fulfilment, payment = now["fulfilment"], now["payment"]
    if books.lost:
        # That much is gone. Nothing else is given back of it, and nothing charged anew.
        return books.held
    if fulfilment in ("reserved", "expired"):
        return 0
    if fulfilment == "cancelled":
        if one.fee_of is None and one.dropped:
            one.fee_of = now["deposit_minor"] if mode == "deposit" else 0
        return share_of(one.fee_of or 0, FEE)
    if payment == "paid":
        total: int = now["total_minor"]
        return total
    if mode == "deposit":
        deposit: int = now["deposit_minor"]
        return deposit
    assert payment in ("card_saved", "failed", "action_required", "disputed"), now
    return 0
