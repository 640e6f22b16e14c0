"""Orders: what shoppers bought, with lines. An order is stored as the merchant last told it, whole."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Annotated, Literal
from uuid import UUID

import msgspec
from msgspec import UNSET, Meta, Struct, UnsetType

from infra.database import Connection
from infra.errors import FieldError, NotFound
from tenants.attribute_values import refuse_wrong_attributes
from tenants.fields import Attributes, Currency, ExternalId, MinorUnits, Moment, Quantity, check_moments
from tenants.made_lines import freeze_lines
from tenants.merges import forget_moves
from tenants.named import Named, follow_named, make_shoppers
from tenants.quoted_lines import ToldLine, check_lines, forget_copies
from tenants.suppression import list_suppressed
from tenants.upserts import Upserted, make_document, outcomes

AHEAD = timedelta(days=1)
"""How far a merchant's clock may run before ours."""

Status = Literal["placed", "paid", "shipped", "completed", "cancelled", "returned"]


class OrderLine(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One product in an order. `id` is the line's own; unset, it is the line's place in the order."""

    product_id: ExternalId
    quantity: Quantity
    unit_price_minor: MinorUnits
    id: ExternalId | None = None
    variant_id: ExternalId | None = None
    discount_minor: MinorUnits = 0
    # Unset it is in no digest, as attributes.
    quote_id: Annotated[
        UUID | UnsetType,
        Meta(description="Of a line that is made to order: it pays what the quote says. A line that has it keeps it."),
    ] = UNSET


class Order(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A purchase. Without `shopper_id` it is a guest's: it counts for popularity, not for a person."""

    id: ExternalId
    ordered_at: Moment
    currency: Currency
    lines: Annotated[tuple[OrderLine, ...], Meta(min_length=1, max_length=1000)]
    shopper_id: ExternalId | None = None
    status: Status = "placed"
    total_minor: MinorUnits | None = None
    # Unset it is in no digest: an order that has none is the same as before there were any.
    attributes: Attributes | UnsetType = UNSET

    def __post_init__(self) -> None:
        check_moments(ordered_at=self.ordered_at)
        named = [line.id for line in self.lines if line.id is not None]
        if named and len(set(self.line_ids())) < len(self.lines):
            raise ValueError("lines must have different ids")

    def line_ids(self) -> list[str]:
        return [line.id or str(place) for place, line in enumerate(self.lines, start=1)]


class StoredOrder(Order, frozen=True, kw_only=True):
    """An order as we hold it."""

    attributes: Attributes = {}
    created_at: Moment
    updated_at: Moment


def check_order(order: Order, /, now: datetime) -> FieldError | None:
    """What is wrong with it at this time: an order from the future would make every other one look old to the model."""
    return FieldError("ordered_at", "must not lie in the future") if order.ordered_at > now + AHEAD else None


async def upsert_orders(conn: Connection, orders: Sequence[Order]) -> Upserted:
    """Store each order as given, lines included; lines that it no longer has are dropped. Ids must differ.

    One with an attribute against its definition is refused, and one with a line that may not stand on its quote. One of
    an erased person loses their id, its attributes and its quotes.
    An order that is the same already is left alone, so sending a batch again is cheap and harmless.
    Shoppers that are new to us are made. Rows are locked in the order of their ids: batches cannot deadlock.
    """
    erased = await list_suppressed(conn, "external_id", {order.shopper_id for order in orders if order.shopper_id})
    # Before the digest is made: it would tell who bought.
    orders = [_nameless(order) if order.shopper_id in erased else order for order in orders]
    sent = {order.id: order.attributes for order in orders if order.attributes}
    refused = await refuse_wrong_attributes(conn, "order", sent)
    orders = [order for order in orders if order.id not in refused] if refused else orders
    digests = {order.id: make_document(order).digest for order in orders}
    known = {row[0] for row in await conn.fetch(_UNCHANGED, list(digests), list(digests.values()))}
    ordered = sorted((order for order in orders if order.id not in known), key=lambda order: order.id)
    checked = await check_lines(conn, [line for order in ordered for line in _told_lines(order)])
    refused |= checked.refused
    orders = [order for order in orders if order.id not in checked.refused]
    ordered = [order for order in ordered if order.id not in checked.refused]
    named = await make_shoppers(conn, (order.shopper_id for order in ordered if order.shopper_id is not None))
    rows = await conn.fetch(_UPSERT, *_header_columns(ordered, named, digests)) if ordered else ()
    created = {row["order_id"] for row in rows if row["created"]}
    updated = {row["order_id"] for row in rows if not row["created"]}
    if updated:
        await conn.execute("delete from order_lines where order_id = any($1::text[])", list(updated))
        await forget_moves(conn, "orders", list(updated))
    changed = [order for order in ordered if order.id in created or order.id in updated]
    if changed:
        await _insert_lines(conn, changed)
        await freeze_lines(conn, [one for one in checked.new if one.line.order_id in created | updated])
    await follow_named(conn, "orders", ((order.id, named.get(order.shopper_id or "")) for order in changed))
    return replace(outcomes((order.id for order in orders), created=created, updated=updated), refused=refused)


async def get_order(conn: Connection, order_id: str) -> StoredOrder:
    """Raises NotFound."""
    row = await conn.fetchrow(_SELECT + "where order_id = $1", order_id)
    if row is None:
        raise NotFound(f"There is no order {order_id!r}.")
    return msgspec.convert(dict(row), StoredOrder)


async def list_orders(conn: Connection, *, after: str, limit: int) -> Sequence[StoredOrder]:
    """By id, starting behind `after` ('' from the start)."""
    rows = await conn.fetch(_SELECT + "where order_id > $1 order by order_id limit $2", after, limit)
    return [msgspec.convert(dict(row), StoredOrder) for row in rows]


async def delete_order(conn: Connection, order_id: str) -> None:
    """Delete it with its lines. Raises NotFound."""
    if await conn.fetchval("delete from orders where order_id = $1 returning true", order_id) is None:
        raise NotFound(f"There is no order {order_id!r}.")
    await forget_copies(conn, order_id)
    await forget_moves(conn, "orders", [order_id])


def _nameless(order: Order) -> Order:
    lines = tuple(msgspec.structs.replace(line, quote_id=UNSET) for line in order.lines)
    return msgspec.structs.replace(order, shopper_id=None, attributes=UNSET, lines=lines)


def _told_lines(order: Order) -> Iterator[ToldLine]:
    for place, (line_id, line) in enumerate(zip(order.line_ids(), order.lines, strict=True)):
        yield ToldLine(
            order_id=order.id,
            line_id=line_id,
            place=place,
            quote_id=None if line.quote_id is UNSET else line.quote_id,
            product_id=line.product_id,
            unit_price_minor=line.unit_price_minor,
            currency=order.currency,
            shopper_id=order.shopper_id,
            ordered_at=order.ordered_at,
        )


def _header_columns(
    orders: Sequence[Order], named: Mapping[str, Named], digests: Mapping[str, bytes]
) -> tuple[list[object], ...]:
    ids = {name: one.shopper_id for name, one in named.items()}
    return (
        [order.id for order in orders],
        [ids.get(order.shopper_id or "") for order in orders],
        [order.ordered_at for order in orders],
        [order.status for order in orders],
        [order.currency for order in orders],
        [order.total_minor for order in orders],
        [order.attributes or None for order in orders],
        [digests[order.id] for order in orders],
    )


async def _insert_lines(conn: Connection, orders: Sequence[Order]) -> None:
    lines = [line for order in orders for line in order.lines]
    await conn.execute(
        _INSERT_LINES,
        [order.id for order in orders for _ in order.lines],
        [line_id for order in orders for line_id in order.line_ids()],
        [line.product_id for line in lines],
        [line.variant_id for line in lines],
        [line.quantity for line in lines],
        [line.unit_price_minor for line in lines],
        [line.discount_minor for line in lines],
    )


# Asked first: an upsert would lock rows and shoppers to no end when a batch is sent again.
_UNCHANGED = """
select sent.order_id
from unnest($1::text[], $2::bytea[]) as sent (order_id, digest)
join orders using (order_id)
where orders.digest = sent.digest
"""

_UPSERT = """
insert into orders (order_id, shopper_id, ordered_at, status, currency, total_minor, attributes, digest)
select sent.order_id, sent.shopper_id, sent.ordered_at, sent.status, sent.currency, sent.total_minor, sent.attributes,
    sent.digest
from unnest(
    $1::text[], $2::uuid[], $3::timestamptz[], $4::text[], $5::text[], $6::bigint[], $7::jsonb[], $8::bytea[]
) as sent (order_id, shopper_id, ordered_at, status, currency, total_minor, attributes, digest)
order by sent.order_id collate "C"
on conflict (tenant_id, order_id) do update
set (shopper_id, ordered_at, status, currency, total_minor, attributes, digest, updated_at) = (
    select excluded.shopper_id, excluded.ordered_at, excluded.status, excluded.currency, excluded.total_minor,
        excluded.attributes, excluded.digest, now()
)
where orders.digest <> excluded.digest
returning order_id, xmax = 0 as created
"""

_INSERT_LINES = """
insert into order_lines (order_id, line_id, product_id, variant_id, quantity, unit_price_minor, discount_minor)
select *
from unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::integer[], $6::bigint[], $7::bigint[])
"""

_SELECT = """
select order_id as id, shoppers.external_id as shopper_id, ordered_at, status, currency, total_minor,
    coalesce(orders.attributes, '{}') as attributes, orders.created_at, orders.updated_at,
    (
        select jsonb_agg(
            jsonb_build_object(
                'id', line_id, 'product_id', order_lines.product_id, 'variant_id', variant_id, 'quantity', quantity,
                'unit_price_minor', unit_price_minor, 'discount_minor', discount_minor
            ) || case when quote_id is null then '{}' else jsonb_build_object('quote_id', quote_id) end
            order by length(line_id), line_id
        )
        from order_lines
        left join made_lines using (tenant_id, order_id, line_id)
        where order_lines.order_id = orders.order_id
    ) as lines
from orders
left join shoppers using (tenant_id, shopper_id)
"""
