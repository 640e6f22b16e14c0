"""Kinds: what each kind of document is made of, checked by and stored with. The API uses the same functions."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any, Literal

import msgspec

from infra.database import Connection
from infra.errors import FieldError
from tenants.attributes import AttributeClass
from tenants.events import Event, check_event, record_events
from tenants.orders import Order, check_order, upsert_orders
from tenants.products import Product, upsert_products
from tenants.shoppers import Shopper, upsert_shoppers
from tenants.upserts import Upserted

KindName = Literal["products", "orders", "events", "shoppers"]
Store = Callable[[Connection, Sequence[Any]], Awaitable[Upserted]]  # of the kind's own document


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of document."""

    name: KindName
    document: type[msgspec.Struct]
    store: Store
    check: Callable[[Any, datetime, str], FieldError | None]
    """Takes a document, now, and the shop's currency."""
    attributes: tuple[AttributeClass, str] | None = None
    """What its attributes' definitions are for, and the field that holds them."""


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


KINDS: Mapping[str, Kind] = {
    "products": Kind("products", Product, upsert_products, _check_product, ("product", "attributes")),
    "orders": Kind("orders", Order, upsert_orders, _check_order),
    "shoppers": Kind("shoppers", Shopper, upsert_shoppers, _nothing_to_check, ("shopper", "attributes")),
    "events": Kind("events", Event, partial(record_events, source="server"), _check_event, ("event", "properties")),
}
