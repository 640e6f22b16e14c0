"""Reasons: why a product is shown, as a code for programs and a sentence for people."""

from collections.abc import Sequence
from enum import IntEnum
from typing import Annotated, Protocol

import msgspec
from msgspec import Meta, Struct

from recommender.serving.words import Words


class Because(IntEnum):
    """Why, as a number."""

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


CODES: dict[Because, str] = {
    Because.PICKED: "picked_for_you",
    Because.BOUGHT_BEFORE: "bought_before",
    Because.BOUGHT: "because_you_bought",
    Because.VIEWED: "because_you_viewed",
    Because.IN_CART: "because_in_cart",
    Because.BESIDE: "similar",
    Because.TOGETHER: "bought_together",
    Because.POPULAR: "popular",
    Because.TRENDING: "trending",
    Because.NEW: "new",
    Because.NEW_FOR_YOU: "new_for_you",
    Because.SEEN: "recently_viewed",
    Because.USUAL: "usual",
    Because.LIKED_BY_SIMILAR: "liked_by_similar_shoppers",
    Because.MADE: "made_to_measure",
    Because.CAN_BE_MADE: "can_be_made",
    Because.COLLECTION: "collection",
    Because.CAMPAIGN: "campaign",
    Because.PINNED: "pinned",
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


def tell_reason(catalogue: Titled, reason: Why, words: Words) -> Reason:
    """A reason in words."""
    row, code = row_of(reason), CODES[code_of(reason)]
    if not row:
        return Reason(code=code, text=words.reasons[code])
    return Reason(code=code, text=words.reasons[code].format(catalogue.title(row)), product=catalogue.ids[row])


def close_card(reason: Reason) -> bytes:
    """What comes behind an open card."""
    return b',"reason":%s}' % _encode(reason)


_encode = msgspec.json.Encoder().encode
