"""Rules: what a merchant decides about which products are shown, whatever a model thinks.

In this order, the stronger first: hide; only, with its price bounds; pin; boost and bury. So a hidden product is hidden
although it is pinned, and a pinned one stands at its place although it is buried. Of several `only` rules in force
a product must keep to all.

What cannot be decided for a product takes the safe side: `hide` hides it, `only` leaves it out, the others leave it as
it is. An attribute that a product lacks is null, which is decidable (`!= "red"` holds), see `tenants.expressions`.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from typing import Annotated, Literal

from msgspec import Meta, Struct

from infra.database import Connection
from infra.errors import FieldError, NotFound
from tenants.expressions import Condition, WrongExpression, compile_expression
from tenants.fields import ExternalId, MinorUnits, Moment, ShortText, check_moments, check_period
from tenants.placements import PlacementName
from tenants.shop_documents import delete_document, find_document, list_documents, refuse_too_many, upsert_documents
from tenants.upserts import Upserted

Action = Literal["hide", "only", "pin", "boost", "bury"]
STRENGTH = 5
"""Of a boost or bury that names none."""


class Rule(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One decision. It applies to the products for which all hold that is given: products, when, price bounds."""

    id: ExternalId
    action: Annotated[
        Action,
        Meta(
            description="hide: never show. only: show nothing else. pin: at `position`. boost, bury: further up, down."
            " Of several the stronger wins: hide, only, pin, boost and bury. Where a condition cannot be decided (it"
            " compares an attribute that the product lacks or has with another type) hide hides, only leaves out,"
            " and the others do nothing."
        ),
    ]
    products: Annotated[tuple[ExternalId, ...], Meta(max_length=1000)] = ()
    when: Condition | None = None
    price_from_minor: Annotated[MinorUnits | None, Meta(description="At least, of what a shopper pays now.")] = None
    price_until_minor: Annotated[MinorUnits | None, Meta(description="At most, of what a shopper pays now.")] = None
    placements: Annotated[
        tuple[PlacementName, ...], Meta(max_length=50, description="Where it applies; everywhere if empty.")
    ] = ()
    valid_from: Moment | None = None
    valid_until: Annotated[Moment | None, Meta(description="The first moment at which it no longer applies.")] = None
    position: Annotated[
        Annotated[int, Meta(ge=1, le=50)] | None,
        Meta(description="Of the first pinned product, from 1; the others follow it. 1 if unset."),
    ] = None
    strength: Annotated[
        Annotated[int, Meta(ge=1, le=10)] | None,
        Meta(
            description=f"Of a boost or bury: its place is divided or multiplied by 1 + strength. {STRENGTH} if unset."
        ),
    ] = None
    enabled: bool = True
    note: ShortText = ""

    def __post_init__(self) -> None:
        self._check_scope()
        if self.position is not None and self.action != "pin":
            raise ValueError("a position belongs to a pin")
        if self.strength is not None and self.action not in ("boost", "bury"):
            raise ValueError("a strength belongs to a boost or bury")
        check_moments(valid_from=self.valid_from, valid_until=self.valid_until)
        check_period(start=self.valid_from, end=self.valid_until, name="validity (valid_from, valid_until)")

    def _check_scope(self) -> None:
        low, high = self.price_from_minor, self.price_until_minor
        if not self.products and self.when is None and low is None and high is None:
            raise ValueError("say to what it applies: products, when, price_from_minor or price_until_minor")
        if self.action == "pin" and not self.products:
            raise ValueError("a pin names its products")
        if len({*self.products}) < len(self.products) or len({*self.placements}) < len(self.placements):
            raise ValueError("products and placements must each differ from one another")
        if low is not None and high is not None and low > high:
            raise ValueError("price_from_minor must not be above price_until_minor")


class StoredRule(Rule, frozen=True, kw_only=True):
    """A rule as we hold it."""

    created_at: Moment
    updated_at: Moment


async def upsert_rules(conn: Connection, rules: Sequence[Rule]) -> Upserted:
    """Store each rule as given, in full; ids must differ. One whose expression cannot be used is refused.

    Raises TooManyDocuments.
    """
    refuse_too_many("rules", len(rules))
    refused = await asyncio.to_thread(find_wrong_rules, rules)
    stored = await upsert_documents(conn, "rules", [rule for rule in rules if rule.id not in refused])
    return replace(stored, refused=refused)


async def get_rule(conn: Connection, name: str) -> StoredRule:
    """Raises NotFound."""
    found = await find_document(conn, "rules", name, StoredRule)
    if found is None:
        raise _no_rule(name)
    return found


async def list_rules(conn: Connection, *, after: str = "", limit: int | None = None) -> Sequence[StoredRule]:
    """By id, starting behind `after` ('' from the start); all of them without a limit."""
    return await list_documents(conn, "rules", StoredRule, after=after, limit=limit)


async def delete_rule(conn: Connection, name: str) -> None:
    """Raises NotFound."""
    if not await delete_document(conn, "rules", name):
        raise _no_rule(name)


def find_wrong_rules(rules: Sequence[Rule]) -> dict[str, FieldError]:
    """By id, what is wrong with the conditions that cannot be used. A thousand of the worst take seconds."""
    refused = {}
    for rule in rules:
        try:
            if rule.when is not None:
                compile_expression(rule.when)
        except WrongExpression as wrong:
            refused[rule.id] = FieldError("when", str(wrong))
    return refused


def _no_rule(name: str) -> NotFound:
    return NotFound(f"There is no rule {name!r}.", hint="GET /v1/rules lists them.")
