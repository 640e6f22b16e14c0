"""Footwear sizes: what a size of one system is in another, by the length of the foot that it is for. Guidelines only.

Mondopoint (ISO 9407:2019) is the length of the foot in millimetres, and its width where one is marked ("255/98"); China
adopts it (GB/T 43293-2022), both in steps of 5 mm (DIN 66074-2, range 1). A European size is the length of the last in
Paris points of 2/3 cm, a British one that in barleycorns of 1/3 inch, from 25 for adults and from 12 for children; the
American ones count barleycorns too. ISO 19407:2023 lines these systems up by the length of the foot, and says itself
that what comes out is a guideline, because no system says how much longer than the foot a last is. Here it is two sizes
longer, as is commonly reckoned, and for American sizes we go by the scale of the Brannock Device:

    EU = 1.5 × cm + 2            UK = 3 × in − 23, children 3 × in − 10
    US men = 3 × in − 22         US women = US men + 1.5          US children = 3 × in − 9 2/3

What is shown to a shopper is rounded to the nearest size that is made, upwards from the middle.
"""

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Literal, get_args

from infra.errors import FieldError, Invalid

FootwearSystem = Literal["mondopoint", "cn", "eu", "uk", "uk_kids", "us_men", "us_women", "us_kids"]

SYSTEMS: Mapping[str, FootwearSystem] = {one: one for one in get_args(FootwearSystem)}


class NoFootwearSize(Invalid):
    """That is no size of this system."""

    code = "no_footwear_size"
    hint = "Such as 255 or 255/98 in mondopoint and cn, 42 or 42.5 in eu, 8.5 in uk, 10C or 2Y in us_kids."


@dataclass(frozen=True, slots=True)
class _Scale:
    """size = length in tenths of a millimetre × slope + offset, in steps, as far as the system goes."""

    slope: Fraction
    offset: Fraction
    step: Fraction
    least: Fraction
    most: Fraction


_HALF, _INCH = Fraction(1, 2), Fraction(3, 254)


def _by_inches(offset: Fraction, least: int, most: int) -> _Scale:
    return _Scale(_INCH, offset, _HALF, Fraction(least), Fraction(most) + _HALF)


_MILLIMETRES = _Scale(Fraction(1, 10), Fraction(0), Fraction(5), Fraction(75), Fraction(380))
_SCALES: Mapping[FootwearSystem, _Scale] = {
    "mondopoint": _MILLIMETRES,
    "cn": _MILLIMETRES,
    "eu": _Scale(Fraction(3, 200), Fraction(2), _HALF, Fraction(15), Fraction(55)),
    "uk": _by_inches(Fraction(-23), 1, 18),
    "uk_kids": _by_inches(Fraction(-10), 0, 13),
    "us_men": _by_inches(Fraction(-22), 1, 19),
    "us_women": _by_inches(Fraction(-41, 2), 1, 19),
    "us_kids": _by_inches(Fraction(-29, 3), 0, 19),
}
_LAST_CHILD = Fraction(27, 2)
"""Behind a child's 13.5 American sizes for the young begin again at 1, told apart by a letter: 13.5C, 1Y."""


def list_equivalents(length_tenth_mm: int) -> dict[FootwearSystem, str]:
    """The size in each system that goes as far, for a foot of this length."""
    found: dict[FootwearSystem, str] = {}
    for system, scale in _SCALES.items():
        steps = (length_tenth_mm * scale.slope + scale.offset) / scale.step
        size = math.floor(steps + _HALF) * scale.step
        if scale.least <= size <= scale.most:
            found[system] = _label(system, size)
    return found


def foot_length(system: FootwearSystem, size: str) -> int:
    """The length of foot, in tenths of a millimetre, that a marked size is for. Raises NoFootwearSize."""
    scale = _SCALES[system]
    value = _read(system, size.strip())
    if value is None or not scale.least <= value <= scale.most:
        reason = f"is no size of the system {system}"
        raise NoFootwearSize(f"{size[:20]!r} {reason}.", errors=(FieldError("size", reason),))
    return math.floor((value - scale.offset) / scale.slope + _HALF)


def _label(system: FootwearSystem, size: Fraction) -> str:
    if system != "us_kids":
        return _number(size)
    return f"{_number(size)}C" if size <= _LAST_CHILD else f"{_number(size - 13)}Y"


def _number(size: Fraction) -> str:
    return f"{float(size):g}"


def _read(system: FootwearSystem, size: str) -> Fraction | None:
    found = _FORMS.get(system, _SIZE).fullmatch(size)
    if found is None:
        return None
    value = Fraction(found["size"].replace(",", ".").replace("½", ".5"))
    return value + 13 if system == "us_kids" and found["letter"].upper() == "Y" else value


_MILLIMETRES_FORM = re.compile(r"(?P<size>\d{2,3}([.,]5)?)(/\d{2,3}([.,]5)?)?", re.ASCII)
_SIZE = re.compile(r"(?P<size>\d{1,2}([.,]5|½)?)", re.ASCII)
_FORMS: Mapping[FootwearSystem, re.Pattern[str]] = {
    "mondopoint": _MILLIMETRES_FORM,
    "cn": _MILLIMETRES_FORM,
    "us_kids": re.compile(r"(?P<size>\d{1,2}([.,]5|½)?)\s?(?P<letter>[CcYy]?)", re.ASCII),
}
