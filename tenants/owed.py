"""Owed: what of a preorder's price should be with the merchant now. Money is moved by the difference, never otherwise.

At every rest: money taken − money returned = money owed. All amounts are in the currency's minor units.
"""

from dataclasses import dataclass
from typing import Literal

Mode = Literal["card_saved", "deposit", "upfront"]
Purpose = Literal["setup", "deposit", "upfront", "balance", "full"]
Ending = Literal["none", "expired", "by_shopper", "by_merchant", "dropped"]
"""How a preorder came to its end without goods: its reservation ran out, its shopper or its merchant (a failed or
cancelled campaign, a delay not agreed to) called it off, or its charges failed to the last."""

BASIS = 10_000


@dataclass(frozen=True, slots=True)
class Terms:
    """What was agreed at joining."""

    mode: Mode
    total_minor: int
    deposit_minor: int
    fee_basis_points: int
    """Of the total: what a shopper who cancels, or whose card never pays, leaves behind; at most what was taken."""


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a preorder stands. `returned_minor` counts refunds that are on their way."""

    terms: Terms
    joined: bool
    ending: Ending
    charge_due: bool
    """The campaign is confirmed and the charge day has come."""
    taken_minor: int
    returned_minor: int

    @property
    def held_minor(self) -> int:
        return self.taken_minor - self.returned_minor


def owed_minor(standing: Standing) -> int:
    """What the merchant should hold, once everything that is under way has ended."""
    if standing.ending in ("by_shopper", "dropped"):
        return min(cancellation_fee(standing.terms), standing.taken_minor)
    if standing.ending != "none":
        return 0
    # Nobody is charged who has not joined: a reservation is only a place kept.
    if not standing.joined:
        return 0
    return _by_mode(standing)


def owed_now(standing: Standing) -> int:
    """What is still to be charged."""
    return max(owed_minor(standing) - standing.held_minor, 0)


def owed_back(standing: Standing) -> int:
    """What is to be returned."""
    return max(standing.held_minor - owed_minor(standing), 0)


def cancellation_fee(terms: Terms) -> int:
    """Rounded down, in the shopper's favour."""
    return terms.total_minor * terms.fee_basis_points // BASIS


def joining(terms: Terms) -> tuple[Purpose, int]:
    """What joining takes: the purpose of its charge, and the amount (0 to save the card only)."""
    if terms.mode == "deposit":
        return "deposit", terms.deposit_minor
    if terms.mode == "upfront":
        return "upfront", terms.total_minor
    return "setup", 0


def _by_mode(standing: Standing) -> int:
    terms = standing.terms
    if terms.mode == "upfront" or standing.charge_due:
        return terms.total_minor
    return joining(terms)[1]
