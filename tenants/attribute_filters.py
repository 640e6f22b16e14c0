"""Attribute filters: a comparison of an attribute, by its type, as SQL with bound values."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal, get_args

from infra.errors import FieldError, Invalid
from tenants.attribute_values import Kind, check_value
from tenants.attributes import AttributeDefinition, AttributeType
from tenants.fields import Scalar

Operator = Literal["known", "=", "<", "<=", ">", ">=", "in", "within"]
Column = Literal[
    "shoppers.attributes", "people.attributes", "products.attributes", "events.properties", "orders.attributes"
]
"""Written by us, never by a merchant: it becomes part of the SQL."""

ORDER: tuple[Operator, ...] = ("<", "<=", ">", ">=")
OPERATORS: Mapping[AttributeType, tuple[Operator, ...]] = {
    "text": ("known", "=", "in"),
    "integer": ("known", "=", "in", *ORDER),
    "number": ("known", "=", "in", *ORDER),
    "boolean": ("known", "="),
    "date": ("known", "=", "in", *ORDER),
    "choice": ("known", "=", "in"),
    "place": ("known", "=", "in", "within"),
}


@dataclass(frozen=True, slots=True)
class Condition:
    """A boolean SQL expression, true or false and never null, and the values of its placeholders in order."""

    sql: str
    values: tuple[object, ...]


def filter_attribute(
    definition: AttributeDefinition,
    operator: str,
    value: Scalar | Sequence[Scalar] = None,
    *,
    column: Column = "shoppers.attributes",
    first: int = 1,
) -> Condition:
    """Compare the attribute with the value; placeholders are numbered from `first`.

    `known` takes no value, `in` takes a list, `within` a place and finds all inside it. A stored value of another JSON
    type, or a text that is no date (both may be older than the definition), is as if it were not there.
    Raises Invalid, naming `operator` or `value`, for what the type does not allow.
    """
    known = _read_operator(definition, operator)
    _check_values(definition, known, value)
    assert column in get_args(Column)
    places = {
        "stored": f"({column} -> ${first}::text)",
        "text": f"({column} ->> ${first}::text)",
        "value": f"${first + 1}",
    }
    typed = _TYPED[definition.type].format(**places)
    if known == "known":
        return Condition(f"coalesce({typed}, false)", (definition.id,))
    test = _TESTS[known] if known in _TESTS else _ORDERS[definition.type].format(operator=known)
    # CASE, because a cast must not be tried on a value of another type, and AND may try it.
    sql = f"case when {typed} then {test.format(**places)} else false end"
    return Condition(sql, (definition.id, _bind(definition, known, value)))


_STRING = "jsonb_typeof({stored}) = 'string'"
_NUMBER = "jsonb_typeof({stored}) = 'number'"
_TYPED: Mapping[AttributeType, str] = {
    "text": _STRING,
    "integer": _NUMBER,
    "number": _NUMBER,
    "boolean": "jsonb_typeof({stored}) = 'boolean'",
    "date": _STRING + r" and {text} ~ '^\d{{4}}-\d\d-\d\d$'",
    "choice": _STRING,
    "place": _STRING,
}

# jsonb compares texts byte by byte and numbers by value; a jsonb array contains its own scalars.
_TESTS: Mapping[Operator, str] = {
    "=": "{stored} = {value}::jsonb",
    "in": "{value}::jsonb @> {stored}",
    "within": "({text} = {value}::text or starts_with({text}, {value}::text || '/'))",
}


# Dates are compared as text, which orders ISO dates alike and cannot fail on one that the calendar lacks.
_ORDERS: Mapping[AttributeType, str] = {
    "integer": "{{text}}::numeric {operator} {{value}}::numeric",
    "number": "{{text}}::numeric {operator} {{value}}::numeric",
    "date": '{{text}} collate "C" {operator} {{value}}::text',
}


def _bind(definition: AttributeDefinition, operator: Operator, value: Scalar | Sequence[Scalar]) -> object:
    is_number = definition.type in ("integer", "number")
    return Decimal(str(value)) if operator in ORDER and is_number else value


def _read_operator(definition: AttributeDefinition, operator: str) -> Operator:
    allowed = OPERATORS[definition.type]
    for one in allowed:
        if one == operator:
            return one
    reason = f"must be one of {', '.join(allowed)} for an attribute of type {definition.type}"
    raise Invalid(f"{definition.id!r} cannot be compared so.", errors=(FieldError("operator", reason),))


def _check_values(definition: AttributeDefinition, operator: Operator, value: Scalar | Sequence[Scalar]) -> None:
    many = isinstance(value, Sequence) and not isinstance(value, str)
    reason = None
    if operator == "known":
        reason = None if value is None else "must be left out"
    elif (operator == "in") != many:
        reason = "must be a list" if operator == "in" else "must be one value"
    else:
        for one in value if isinstance(value, Sequence) and not isinstance(value, str) else [value]:
            reason = reason or _check_one(definition, one)
    if reason is not None:
        raise Invalid(f"{definition.id!r} cannot be compared with that.", errors=(FieldError("value", reason),))


def _check_one(definition: AttributeDefinition, value: Scalar) -> str | None:
    if value is None:
        return "must not be null"
    return check_value(Kind(definition.type, definition.choices), value)
