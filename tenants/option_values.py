"""Option values: answers as they travel, read into what rules and prices count with, and shown again.

Inside, a choice is its value's id, a text is itself, a number is whole thousandths.
"""

import math
import unicodedata
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import TypeAlias

from tenants.fields import Scalar
from tenants.options import Characters, ChoiceOption, NumberOption, Option, TextOption

Value: TypeAlias = str | int
THOUSAND = 1000


def read_answer(option: Option, answer: Scalar) -> Value | None:
    """The answer as we count with it; None when this option cannot have it."""
    if isinstance(option, ChoiceOption):
        return answer if isinstance(answer, str) and any(answer == value.id for value in option.values) else None
    if isinstance(option, TextOption):
        return _read_text(option, answer) if isinstance(answer, str) else None
    return _read_number(option, answer) if isinstance(option, NumberOption) else None


def show_answer(option: Option, value: Value) -> Scalar:
    """The answer as it travels; reading it again gives the same value."""
    if not isinstance(option, NumberOption) or isinstance(value, str):
        return value
    whole, rest = divmod(value, THOUSAND)
    return whole if rest == 0 else value / THOUSAND


def read_thousandths(number: Scalar) -> int | None:
    """Whole thousandths of a number; None of anything else, or with more decimals."""
    if isinstance(number, bool) or not isinstance(number, int | float) or not math.isfinite(number):
        return None
    if isinstance(number, int):
        return number * THOUSAND
    scaled = Decimal(repr(number)) * THOUSAND
    return int(scaled) if scaled == scaled.to_integral_value() else None


def allows_text(option: TextOption, text: str) -> bool:
    """Whether each character may stand in it. What cannot be printed on one line never may."""
    free = not option.characters and not option.extra_characters
    return all(
        _printable(one)
        and (free or one in option.extra_characters or any(_CHARACTERS[kind](one) for kind in option.characters))
        for one in text
    )


def normalise(text: str) -> str:
    return unicodedata.normalize("NFC", text).strip()


def _read_text(option: TextOption, answer: str) -> str | None:
    # So long that normalising it is work, or that it cannot become short enough.
    if len(answer) > 4 * option.max_length + 100:
        return None
    text = normalise(answer)
    return text if text and len(text) <= option.max_length and allows_text(option, text) else None


def _read_number(option: NumberOption, answer: Scalar) -> int | None:
    value, low = read_thousandths(answer), read_thousandths(option.min)
    high, step = read_thousandths(option.max), read_thousandths(option.step)
    if value is None or low is None or high is None or not step:
        return None
    return value if low <= value <= high and (value - low) % step == 0 else None


def _printable(one: str) -> bool:
    # No controls, no invisible marks that turn the direction, no line breaks, nothing unassigned.
    return unicodedata.category(one) not in ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp")


def _is_latin(one: str) -> bool:
    return one.isalpha() and unicodedata.name(one, "").startswith("LATIN")


_CHARACTERS: Mapping[Characters, Callable[[str], bool]] = {
    "letters": lambda one: one.isalpha() or unicodedata.category(one)[0] == "M",
    "latin": _is_latin,
    "digits": str.isdecimal,
    "space": lambda one: unicodedata.category(one) == "Zs",
    "punctuation": lambda one: unicodedata.category(one)[0] == "P",
    "symbols": lambda one: unicodedata.category(one)[0] == "S",
}
