"""Kinds: what each kind of document is made of, checked by and stored with. The API checks and stores alike."""

from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any, Literal, TypeAlias

import msgspec

from infra.database import Connection
from infra.errors import FieldError
from tenants.attribute_values import Rules
from tenants.attributes import AttributeClass
from tenants.events import Event, check_event, record_events
from tenants.orders import Order, check_order, upsert_orders
from tenants.products import Product
from tenants.shoppers import Shopper, upsert_shoppers
from tenants.staged_products import merge_products, stage_products
from tenants.upserts import Tally, Upserted, tally

KindName = Literal["products", "orders", "events", "shoppers"]
Documents: TypeAlias = Sequence[Any]  # of the kind's own document
Ready: TypeAlias = Any  # what a kind's `prepare` makes and its `store` takes


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of document."""

    name: KindName
    document: type[msgspec.Struct]
    prepare: Callable[[Documents, Rules], Ready]
    """Does what needs no database, by the rules for its attributes; called off the event loop."""
    store: Callable[[Connection, Ready, Collection[str]], Awaitable[Tally]]
    """Stores them, but those with the ids that are given."""
    check: Callable[[Any, datetime, str], FieldError | None]
    """Takes a document, now, and the shop's currency."""
    attributes: tuple[AttributeClass, str] | None = None
    """What its attributes' definitions are for, and the field that holds them."""


def _as_they_are(documents: Documents, rules: Rules) -> Ready:
    return documents


async def _store(
    conn: Connection,
    documents: Documents,
    without: Collection[str],
    *,
    upsert: Callable[[Connection, Documents], Awaitable[Upserted]],
) -> Tally:
    return tally(await upsert(conn, [document for document in documents if document.id not in without]))


async def _merge(conn: Connection, staged: Ready, without: Collection[str]) -> Tally:
    return await merge_products(conn, staged, without=without)


def _check_product(product: Product, now: datetime, currency: str) -> FieldError | None:
    """A price in another currency than the shop's would stand in its pages as it is."""
    if product.currency != currency:
        return FieldError("currency", f"is not the shop's, which is {currency}")
    return None


def _check_order(order: Order, now: datetime, currency: str) -> FieldError | None:
    return check_order(order, now)


def _check_event(event: Event, now: datetime, currency: str) -> FieldError | None:
    return check_event(event, now)


def _nothing_to_check(document: object, now: datetime, currency: str) -> FieldError | None:
    return None


_store_orders = partial(_store, upsert=upsert_orders)
_store_shoppers = partial(_store, upsert=upsert_shoppers)
_store_events = partial(_store, upsert=partial(record_events, source="server"))
KINDS: Mapping[str, Kind] = {
    "products": Kind("products", Product, stage_products, _merge, _check_product, ("product", "attributes")),
    "orders": Kind("orders", Order, _as_they_are, _store_orders, _check_order),
    "shoppers": Kind("shoppers", Shopper, _as_they_are, _store_shoppers, _nothing_to_check, ("shopper", "attributes")),
    "events": Kind("events", Event, _as_they_are, _store_events, _check_event, ("event", "properties")),
}
