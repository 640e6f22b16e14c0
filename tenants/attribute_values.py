"""Attribute values: whether what was sent is what its definition says."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

import msgspec

from infra.database import Connection
from infra.errors import FieldError
from tenants.attributes import AttributeClass, AttributeType
from tenants.fields import Attributes, Scalar


@dataclass(frozen=True, slots=True)
class Kind:
    """What a value must be: a type, and one of the choices when that is the type."""

    type: AttributeType
    choices: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Rules:
    """What a class of documents must keep to: its defined attributes by name, and whether it takes no others."""

    kinds: Mapping[str, Kind]
    strict: bool

    @property
    def any(self) -> bool:
        return self.strict or bool(self.kinds)


async def refuse_wrong_attributes(
    conn: Connection, one_of: AttributeClass, sent: Mapping[str, Attributes], *, field: str = "attributes"
) -> dict[str, FieldError]:
    """Why documents are refused, by their ids; `sent` holds their attributes by the same ids.

    One query for any number of documents, none when nothing carries an attribute. An attribute without a definition is
    kept as sent, unless the tenant is strict about the class; null says that nothing is known and fits every type.
    """
    if not any(sent.values()):
        return {}
    return list_wrong(sent, await read_rules(conn, one_of), field=field)


def list_wrong(sent: Mapping[str, Attributes], rules: Rules, *, field: str = "attributes") -> dict[str, FieldError]:
    """The same by rules that were read before."""
    if not rules.any:
        return {}
    wrong = ((name, find_wrong(attributes, rules)) for name, attributes in sent.items())
    return {name: FieldError(f"{field}.{found[0]}", found[1]) for name, found in wrong if found is not None}


async def read_rules(conn: Connection, one_of: AttributeClass) -> Rules:
    """The tenant's rules for a class."""
    row = await conn.fetchrow(_RULES, one_of)
    assert row is not None
    return Rules(msgspec.convert(row["kinds"], dict[str, Kind]), row["strict"])


def find_wrong(attributes: Attributes, rules: Rules) -> tuple[str, str] | None:
    """The first attribute that breaks a rule, and the reason."""
    for name, value in attributes.items():
        kind = rules.kinds.get(name)
        if kind is None and rules.strict:
            return name, "is not a defined attribute, and this shop takes no others here"
        reason = None if kind is None else check_value(kind, value)
        if reason is not None:
            return name, reason
    return None


def check_value(kind: Kind, value: Scalar) -> str | None:
    """Why the value does not fit, None when it does (null always does)."""
    return None if value is None or _FITS[kind.type](kind, value) else _MUST_BE[kind.type]


def _is_integer(kind: Kind, value: Scalar) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _is_number(kind: Kind, value: Scalar) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _is_date(kind: Kind, value: Scalar) -> bool:
    if not isinstance(value, str) or not _DATE.fullmatch(value):
        return False
    try:
        return 1900 <= date.fromisoformat(value).year < 2200
    except ValueError:
        return False


def _is_choice(kind: Kind, value: Scalar) -> bool:
    return isinstance(value, str) and value in kind.choices


def _is_place(kind: Kind, value: Scalar) -> bool:
    return isinstance(value, str) and len(value) <= 200 and _PLACE.fullmatch(value) is not None


_DATE = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
_PLACE = re.compile(r"[A-Z]{2}(/[^/\s]([^/]*[^/\s])?)*")

_FITS: dict[AttributeType, Callable[[Kind, Scalar], bool]] = {
    "text": lambda kind, value: isinstance(value, str),
    "integer": _is_integer,
    "number": _is_number,
    "boolean": lambda kind, value: isinstance(value, bool),
    "date": _is_date,
    "choice": _is_choice,
    "place": _is_place,
}
_MUST_BE: dict[AttributeType, str] = {
    "text": "must be a text",
    "integer": "must be a whole number",
    "number": "must be a number",
    "boolean": "must be true or false",
    "date": "must be a date such as 2026-03-02, between the years 1900 and 2199",
    "choice": "must be one of the attribute's choices",
    "place": "must be a country's two letters, then parts from the largest to the smallest, such as NL/Utrecht/3511",
}

_RULES = """
select
    coalesce((select $1 = any(strict) from attribute_settings), false) as strict,
    coalesce(
        (
            select jsonb_object_agg(name, jsonb_build_object('type', type, 'choices', choices))
            from attribute_definitions
            where $1 = any(classes)
        ),
        '{}'
    ) as kinds
"""
