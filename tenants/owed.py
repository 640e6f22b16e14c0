"""Owed: what of a preorder's price should be with the merchant now. Money is moved by the difference, never otherwise.

At every rest: money taken − money returned = money owed. All amounts are in the currency's minor units.
"""

from dataclasses import dataclass
from typing import Literal

Mode = Literal["card_saved", "deposit", "upfront"]
Purpose = Literal["setup", "deposit", "upfront", "balance", "full"]


@dataclass(frozen=True, slots=True)
class Price:
    """What was agreed on joining."""

    mode: Mode
    total_minor: int
    deposit_minor: int


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a preorder stands."""

    price: Price
    joined: bool
    ended: bool
    """Expired, cancelled, dropped: there will be no goods."""
    charge_due: bool
    """The campaign is confirmed, and the day that the shopper chose has come."""
    taken_minor: int
    returned_minor: int
    """With refunds that are on their way, and disputes that were lost."""
    waived_minor: int = 0
    """Of the price: what the merchant gave back by hand, or lost in a dispute, and does not get any more."""
    kept_minor: int = 0
    """After the end: the fee for cancelling, as it was when it was cancelled."""


def owed_minor(standing: Standing) -> int:
    """What the merchant should hold, once everything that is under way has ended."""
    if standing.ended:
        return standing.kept_minor
    # Nobody is charged who has not joined: a reservation is only a place kept.
    if not standing.joined:
        return 0
    return max(_by_mode(standing) - standing.waived_minor, 0)


def owed_now(standing: Standing) -> int:
    """What is still to be charged."""
    return max(owed_minor(standing) - _held(standing), 0)


def owed_back(standing: Standing) -> int:
    """What is to be returned."""
    return max(_held(standing) - owed_minor(standing), 0)


def joining(price: Price) -> tuple[Purpose, int]:
    """What joining takes: the purpose of its charge, and the amount; 0 only saves the card."""
    amount = {"card_saved": 0, "deposit": price.deposit_minor, "upfront": price.total_minor}[price.mode]
    if amount == 0 or price.mode == "card_saved":
        return "setup", 0
    return price.mode, amount


def _held(standing: Standing) -> int:
    return standing.taken_minor - standing.returned_minor


def _by_mode(standing: Standing) -> int:
    price = standing.price
    if price.mode == "upfront" or standing.charge_due:
        return price.total_minor
    return joining(price)[1]
