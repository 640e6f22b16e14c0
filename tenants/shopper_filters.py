"""Shopper filters: comparisons of shoppers' attributes that a merchant gives, all of which must hold: a segment."""

from collections.abc import Collection, Mapping, Sequence
from typing import Annotated

from msgspec import Meta, Struct

from infra.database import Connection
from infra.errors import FieldError, Invalid
from tenants.attribute_filters import Condition, Operator, filter_attribute
from tenants.attributes import AttributeDefinition, find_definitions
from tenants.fields import Scalar

ALLOWED_PURPOSES = ("personalisation", "none")
"""Of the attributes that an audience may go by: others need a consent of their own."""


class AttributeFilter(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A comparison of one attribute of a shopper."""

    attribute: Annotated[str, Meta(min_length=1, max_length=100, description="One that is defined for shoppers.")]
    operator: Annotated[Operator, Meta(description="`known` takes no value, `in` a list, `within` a place.")]
    value: Scalar | Annotated[tuple[Scalar, ...], Meta(max_length=500)] = None


def all_hold(
    filters: Sequence[AttributeFilter], definitions: Mapping[str, AttributeDefinition], *, first: int
) -> Condition:
    """SQL over `shoppers` of filters that are right; placeholders are numbered from `first`."""
    tests, values = list[str](), list[object]()
    for one in filters:
        definition = definitions[one.attribute]
        condition = filter_attribute(definition, one.operator, one.value, first=first + len(values))
        tests.append(condition.sql)
        values += condition.values
    return Condition(" and ".join(tests) or "true", tuple(values))


def find_wrong_filter(one: AttributeFilter, definitions: Mapping[str, AttributeDefinition]) -> FieldError | None:
    """What cannot be compared so, or may not be."""
    definition = definitions.get(one.attribute)
    if definition is None:
        return FieldError("attribute", "is not defined for shoppers")
    if definition.purpose not in ALLOWED_PURPOSES:
        return FieldError("attribute", f"is for {definition.purpose} only, which needs a consent of its own")
    try:
        filter_attribute(definition, one.operator, one.value)
    except Invalid as wrong:
        return wrong.errors[0]
    return None


async def refuse_wrong_filters(conn: Connection, filters: Sequence[AttributeFilter], *, field: str) -> None:
    """Raises Invalid, naming the first that is wrong."""
    definitions = await find_definitions(conn, "shopper")
    for at, one in enumerate(filters):
        wrong = find_wrong_filter(one, definitions)
        if wrong is not None:
            error = FieldError(f"{field}[{at}].{wrong.field}", wrong.reason)
            raise Invalid(f"The field {error.field!r} is not valid: it {error.reason}.", errors=(error,))


async def list_segment(conn: Connection, filters: Sequence[AttributeFilter]) -> Sequence[str]:
    """External ids of all for whom the filters hold, in order. The filters must be right."""
    condition = all_hold(filters, await find_definitions(conn, "shopper"), first=1)
    sql = f"select external_id from shoppers where {condition.sql} order by external_id"
    return [row["external_id"] for row in await conn.fetch(sql, *condition.values)]


async def keep_segment(
    conn: Connection, filters: Sequence[AttributeFilter], shoppers: Collection[str]
) -> Collection[str]:
    """Those of these external ids for whom the filters hold. The filters must be right."""
    if not filters:
        return shoppers
    condition = all_hold(filters, await find_definitions(conn, "shopper"), first=2)
    sql = f"select external_id from shoppers where external_id = any($1::text[]) and {condition.sql}"
    return {row["external_id"] for row in await conn.fetch(sql, list(shoppers), *condition.values)}
