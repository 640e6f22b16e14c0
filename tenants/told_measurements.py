"""Told measurements: values as somebody tells them, brought into tenths of a millimetre, and what is wrong with them.

No sentence here repeats a value: refusals and warnings may be logged and kept.
"""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Annotated, NamedTuple

from msgspec import Meta, Struct

from infra.errors import FieldError
from tenants.lengths import Unit, say_length, to_tenth_mm
from tenants.measured import Side
from tenants.measurement_definitions import (
    LONGEST_TENTH_MM,
    Definitions,
    MeasurementDefinition,
    MeasurementKey,
)
from tenants.questions import choose_locale

DecimalText = Annotated[
    str, Meta(pattern=r"\A[0-9]{1,6}(\.[0-9]{1,6})?\Z", description="A decimal number, such as 25.4.")
]
Length = (
    Annotated[int, Meta(ge=1, le=LONGEST_TENTH_MM)] | Annotated[float, Meta(gt=0, le=LONGEST_TENTH_MM)] | DecimalText
)
Margin = (
    Annotated[int, Meta(ge=0, le=LONGEST_TENTH_MM)] | Annotated[float, Meta(ge=0, le=LONGEST_TENTH_MM)] | DecimalText
)


class ToldValue(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One length, as it was read from the tape."""

    key: MeasurementKey
    side: Annotated[Side, Meta(description="left or right of a key that is sided, none of any other.")] = "none"
    value: Length
    unit: Unit
    tolerance: Annotated[Margin | None, Meta(description="How far it may be off, in the same unit.")] = None


class Value(NamedTuple):
    """The same inside. Its place in a version is (key, side)."""

    key: str
    side: Side
    value_tenth_mm: int
    tolerance_tenth_mm: int | None
    unit: Unit


class Unusual(Struct, frozen=True, kw_only=True):
    """A value that was stored although few are like it."""

    key: str
    side: Side
    message: str


def read_value(told: ToldValue) -> Value:
    """To the nearest tenth of a millimetre."""
    tolerance = None if told.tolerance is None else _read_number(told.tolerance, told.unit)
    return Value(told.key, told.side, _read_number(told.value, told.unit), tolerance, told.unit)


def find_wrong_value(told: Sequence[ToldValue], definitions: Definitions) -> FieldError | None:
    """The first value that cannot be stored, and why."""
    seen = set[tuple[str, Side]]()
    for number, one in enumerate(told):
        wrong = _find_wrong(one, definitions.get(one.key))
        if wrong is None and (one.key, one.side) in seen:
            wrong = "key", "is there twice for the same side"
        if wrong is not None:
            field, reason = wrong
            return FieldError(f"values[{number}].{field}", reason)
        seen.add((one.key, one.side))
    return None


def find_unusual(told: Sequence[ToldValue], definitions: Definitions, *, locale: str = "en") -> tuple[Unusual, ...]:
    """A warning for each value outside its usual range. Values must be right."""
    return tuple(
        Unusual(key=one.key, side=one.side, message=_warning(definitions[one.key], one.unit, locale))
        for one in told
        if not _usual(read_value(one).value_tenth_mm, definitions[one.key])
    )


def _read_number(number: float | str, unit: Unit) -> int:
    """By its shortest decimal spelling, as it was told: 25.4 and not the float next to it."""
    return to_tenth_mm(Decimal(number if isinstance(number, int | str) else repr(number)), unit)


def _find_wrong(told: ToldValue, definition: MeasurementDefinition | None) -> tuple[str, str] | None:
    """A field, and what is wrong with it."""
    if definition is None:
        return "key", "is not a measurement of this shop"
    if (told.side == "none") == definition.sided:
        return "side", "must be left or right" if definition.sided else "must be none: this key is not sided"
    value, (low, high) = read_value(told), definition.hard_range
    if not low <= value.value_tenth_mm <= high:
        return "value", f"must be from {say_length(low, told.unit)} to {say_length(high, told.unit)}"
    if (value.tolerance_tenth_mm or 0) > LONGEST_TENTH_MM:
        return "tolerance", f"must be at most {say_length(LONGEST_TENTH_MM, told.unit)}"
    return None


def _usual(value_tenth_mm: int, definition: MeasurementDefinition) -> bool:
    low, high = definition.soft_range
    return low <= value_tenth_mm <= high


def _warning(definition: MeasurementDefinition, unit: Unit, locale: str) -> str:
    said = definition.label[choose_locale(definition.label, locale)]
    words = _UNUSUAL["zh" if locale.lower().startswith("zh") else "en"]
    ends = definition.soft_min_tenth_mm is not None, definition.soft_max_tenth_mm is not None
    low, high = (say_length(one, unit) for one in definition.soft_range)
    return words[ends].format(label=said, low=low, high=high)


# By whether there is a usual minimum, and a usual maximum.
_UNUSUAL: Mapping[str, Mapping[tuple[bool, bool], str]] = {
    "en": {
        (True, True): "{label}: most people have {low} to {high}. Please measure once more.",
        (True, False): "{label}: most people have {low} or more. Please measure once more.",
        (False, True): "{label}: most people have {high} or less. Please measure once more.",
    },
    "zh": {
        (True, True): "{label}：一般为 {low} 至 {high}，请再量一次。",
        (True, False): "{label}：一般不小于 {low}，请再量一次。",
        (False, True): "{label}：一般不大于 {high}，请再量一次。",
    },
}
