"""Needs: what a shopper said that a product must be. A product that does not say that it is, is not shown."""

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Annotated, Literal, NamedTuple

from msgspec import Meta, Struct

from tenants.fields import ShortText

Value = str | float | bool
FIELDS = ("id", "title", "brand", "categories", "price_minor", "currency", "in_stock")
"""What a page may ask of: what it shows anyway. A sale that has not begun is the merchant's secret."""
Comparison = Literal["is", "is_not", "at_least", "at_most", "has", "has_not"]


class Need(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One hard constraint."""

    field: Annotated[
        str, Meta(min_length=1, max_length=200, description="brand, categories, price_minor, attributes.width …")
    ]
    value: Annotated[ShortText, Meta(min_length=1)] | float | bool
    compare: Annotated[Comparison, Meta(description="'has' is for fields that hold several values, as categories.")] = (
        "is"
    )

    def __post_init__(self) -> None:
        if self.field not in FIELDS and not re.match(r"attributes\..", self.field, re.DOTALL):
            raise ValueError(f"{self.field!r} is no field of products; there are {', '.join(FIELDS)} and attributes.…")
        if self.compare in ("at_least", "at_most") and isinstance(self.value, str | bool):
            raise ValueError(f"{self.compare} compares with a number")


class Needs(NamedTuple):
    """All of them must be met. Hashable."""

    all: tuple[Need, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.all)

    def met_by(self, document: Mapping[str, object]) -> bool:
        """Whether a product's document meets every one; what it does not say, it does not meet."""
        return not any(True for _ in self.unmet_by(document))

    def unmet_by(self, document: Mapping[str, object]) -> Iterator[Need]:
        return (one for one in self.all if not _COMPARE[one.compare](_find(document, one.field), one.value))


MOST_LOOKS = 4_000
"""Products that are compared with needs in one request: about ten milliseconds. The best ones are looked at first."""


class Looks:
    """How many products a request may still compare with needs, over all its slots."""

    __slots__ = ("left",)

    def __init__(self) -> None:
        self.left = MOST_LOOKS

    def take(self) -> bool:
        """Whether there was one left."""
        self.left -= 1
        return self.left >= 0


def _find(document: Mapping[str, object], field: str) -> object:
    place, _, name = field.partition(".")
    if place != "attributes" or not name:
        return _price(document) if field == "price_minor" else document.get(field)
    attributes = document.get("attributes")
    return attributes.get(name) if isinstance(attributes, dict) else None


def _price(document: Mapping[str, object]) -> object:
    """The regular price: a sale may end before the shopper pays."""
    return document.get("price_minor")


def _is(found: object, value: Value) -> bool:
    return type(found) is type(value) and found == value if isinstance(found, bool | str) else _number(found) == value


def _at_least(found: object, value: Value) -> bool:
    number = _number(found)
    return number is not None and not isinstance(value, str) and number >= value


def _at_most(found: object, value: Value) -> bool:
    number = _number(found)
    return number is not None and not isinstance(value, str) and number <= value


def _has(found: object, value: Value) -> bool:
    return isinstance(found, list) and value in found


def _number(found: object) -> float | None:
    return float(found) if isinstance(found, int | float) and not isinstance(found, bool) else None


_COMPARE: dict[Comparison, Callable[[object, Value], bool]] = {
    "is": _is,
    "is_not": lambda found, value: found is not None and not _is(found, value),
    "at_least": _at_least,
    "at_most": _at_most,
    "has": _has,
    "has_not": lambda found, value: isinstance(found, list) and value not in found,
}
