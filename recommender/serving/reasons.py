"""Reasons: why a product is shown, as a code for programs and a sentence for people."""

from collections.abc import Sequence
from enum import IntEnum
from typing import Annotated, Protocol

import msgspec
from msgspec import Meta, Struct


class Because(IntEnum):
    """The codes, and the sentence of each; `{}` is the title of another product."""

    PICKED = 0
    BOUGHT_BEFORE = 1
    BOUGHT = 2
    VIEWED = 3
    IN_CART = 4
    BESIDE = 5
    TOGETHER = 6
    POPULAR = 7
    TRENDING = 8
    NEW = 9
    NEW_FOR_YOU = 10
    SEEN = 11
    PINNED = 12
    USUAL = 13
    LIKED_BY_SIMILAR = 14
    MADE = 15
    CAN_BE_MADE = 16
    COLLECTION = 17
    CAMPAIGN = 18


CODES: dict[Because, tuple[str, str]] = {
    Because.PICKED: ("picked_for_you", "Picked for you"),
    Because.BOUGHT_BEFORE: ("bought_before", "You bought this before"),
    Because.BOUGHT: ("because_you_bought", "Because you bought {}"),
    Because.VIEWED: ("because_you_viewed", "Because you looked at {}"),
    Because.IN_CART: ("because_in_cart", "Goes with {} in your cart"),
    Because.BESIDE: ("similar", "Like {}"),
    Because.TOGETHER: ("bought_together", "Often bought with {}"),
    Because.POPULAR: ("popular", "Popular now"),
    Because.TRENDING: ("trending", "Bought more than before"),
    Because.NEW: ("new", "New in the shop"),
    Because.NEW_FOR_YOU: ("new_for_you", "New, and like what you buy"),
    Because.SEEN: ("recently_viewed", "You looked at this"),
    Because.USUAL: ("usual", "Liked in shops like this"),
    # What shoppers have in common is not said: it may be nobody else's business.
    Because.LIKED_BY_SIMILAR: ("liked_by_similar_shoppers", "Liked by shoppers like you"),
    Because.MADE: ("made_to_measure", "Ready to be made to your measure"),
    Because.CAN_BE_MADE: ("can_be_made", "Can be made to your measure"),
    Because.COLLECTION: ("collection", "In a limited collection"),
    Because.CAMPAIGN: ("campaign", "Open for preorders"),
    Because.PINNED: ("pinned", "Chosen by the shop"),
}


class Reason(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Why a product is shown."""

    code: Annotated[str, Meta(description="For programs: because_you_bought, popular, …")]
    text: Annotated[str, Meta(description="For people.")]
    product: Annotated[str | None, Meta(description="The id of the product that the reason names.")] = None


Why = int
"""A code and the row of the product that it names, in one number: a remembered order holds thousands."""


def why(code: Because, row: int = 0) -> Why:
    return row << 8 | code


def code_of(reason: Why) -> Because:
    return Because(reason & 0xFF)


def row_of(reason: Why) -> int:
    """The row of the product that the reason names; 0 for none."""
    return reason >> 8


class Titled(Protocol):
    """What reasons need of a catalogue."""

    @property
    def ids(self) -> Sequence[str]: ...

    def title(self, row: int) -> str: ...


def tell_reason(catalogue: Titled, reason: Why) -> Reason:
    """A reason in words."""
    row = row_of(reason)
    code, text = CODES[code_of(reason)]
    if not row:
        return Reason(code=code, text=text)
    return Reason(code=code, text=text.format(catalogue.title(row)), product=catalogue.ids[row])


def close_card(reason: Reason) -> bytes:
    """What comes behind an open card."""
    return b',"reason":%s}' % _encode(reason)


_encode = msgspec.json.Encoder().encode
