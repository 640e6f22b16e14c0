"""Words: what the slot's own parts are called, in the languages that we speak; the same as in lastbook.js."""

from collections.abc import Mapping
from typing import Final, NamedTuple


class Words(NamedTuple):
    """Of one language."""

    previous: str
    next: str
    before: str
    """Before a price that is not asked at the moment."""
    now: str


WORDS: Final[Mapping[str, Words]] = {
    "en": Words("Previous products", "Next products", "Regular price", "Sale price"),
    "zh": Words("上一组商品", "下一组商品", "原价", "优惠价"),
}


def words_in(locale: str) -> Words:
    """Of a BCP 47 tag; English where we do not speak it."""
    return WORDS.get(locale.partition("-")[0].lower(), WORDS["en"])
