"""Products: a merchant's catalogue. A deleted product stays as a tombstone, so that every process hears of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta, Struct

from infra.database import Connection
from infra.errors import NotFound
from tenants.attribute_values import refuse_wrong_attributes
from tenants.fields import (
    Attributes,
    Currency,
    ExternalId,
    LongText,
    MinorUnits,
    Moment,
    Quantity,
    ShortText,
    Url,
    check_moments,
    check_period,
)
from tenants.upserts import Upserted, make_document, outcomes


class Variant(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One size or colour of a product; what is unset is as the product's."""

    id: ExternalId
    title: ShortText = ""
    attributes: Attributes = {}
    price_minor: MinorUnits | None = None
    sale_price_minor: MinorUnits | None = None
    stock_quantity: Annotated[int, Meta(ge=0, le=10**12)] | None = None
    image_url: Url | None = None

    def __post_init__(self) -> None:
        _check_sale(self.price_minor, self.sale_price_minor)


class Product(Struct, frozen=True, gc=False, forbid_unknown_fields=True, kw_only=True):
    """What a merchant sells. Prices in minor units; unset stock means that it is not counted."""

    id: ExternalId
    title: Annotated[str, Meta(min_length=1, max_length=500)]
    url: Url
    price_minor: MinorUnits
    currency: Currency
    description: LongText = ""
    image_urls: Annotated[tuple[Url, ...], Meta(max_length=50)] = ()
    sale_price_minor: MinorUnits | None = None
    sale_from: Moment | None = None
    sale_until: Moment | None = None
    brand: ShortText = ""
    categories: Annotated[tuple[ShortText, ...], Meta(max_length=50)] = ()
    attributes: Attributes = {}
    variants: Annotated[tuple[Variant, ...], Meta(max_length=500)] = ()
    status: Literal["active", "hidden", "archived"] = "active"
    stock_quantity: Annotated[int, Meta(ge=0, le=10**12)] | None = None
    available_from: Moment | None = None
    available_until: Moment | None = None
    pack_size: Quantity = 1
    minimum_order_quantity: Quantity = 1
    restricted_to_segments: Annotated[tuple[ShortText, ...], Meta(max_length=100)] = ()
    tax_class: ShortText = ""

    def __post_init__(self) -> None:
        if self.sale_from or self.sale_until or self.available_from or self.available_until:
            self._check_periods()
        _check_sale(self.price_minor, self.sale_price_minor)
        if self.variants and len({variant.id for variant in self.variants}) < len(self.variants):
            raise ValueError("variants must have different ids")

    def _check_periods(self) -> None:
        check_moments(
            sale_from=self.sale_from,
            sale_until=self.sale_until,
            available_from=self.available_from,
            available_until=self.available_until,
        )
        check_period(start=self.sale_from, end=self.sale_until, name="the sale (sale_from, sale_until)")
        check_period(
            start=self.available_from, end=self.available_until, name="availability (available_from, available_until)"
        )


DEFAULTS: Mapping[str, Any] = {
    field.name: field.default if field.default is not msgspec.NODEFAULT else field.default_factory()
    for field in msgspec.structs.fields(Product)
    if not field.required
}
"""Of a product's fields; those of the table are the same."""


class StoredProduct(Product, frozen=True, kw_only=True):
    """A product as we hold it."""

    created_at: Moment
    updated_at: Moment


async def upsert_products(conn: Connection, products: Sequence[Product]) -> Upserted:
    """Store each product as given, in full; a product that is the same already is left alone. Ids must differ.

    One with an attribute against its definition is refused. API processes hear of the change when the transaction
    commits.
    """
    refused = await refuse_wrong_attributes(conn, "product", {one.id: one.attributes for one in products})
    products = [product for product in products if product.id not in refused]
    documents = [make_document(product) for product in sorted(products, key=lambda product: product.id)]
    rows = await conn.fetch(
        _UPSERT, [document.text for document in documents], [document.digest for document in documents]
    )
    if rows:
        await announce_products(conn)
    stored = outcomes(
        (product.id for product in products),
        created=(row["product_id"] for row in rows if row["created"]),
        updated=(row["product_id"] for row in rows if not row["created"]),
    )
    return replace(stored, refused=refused)


async def get_product(conn: Connection, product_id: str) -> StoredProduct:
    """Raises NotFound."""
    row = await conn.fetchrow(_SELECT + "where product_id = $1 and deleted_at is null", product_id)
    if row is None:
        raise NotFound(f"There is no product {product_id!r}.")
    return msgspec.convert(dict(row), StoredProduct)


async def list_products(conn: Connection, *, after: str, limit: int) -> Sequence[StoredProduct]:
    """By id, starting behind `after` ('' from the start)."""
    rows = await conn.fetch(
        _SELECT + "where product_id > $1 and deleted_at is null order by product_id limit $2", after, limit
    )
    return [msgspec.convert(dict(row), StoredProduct) for row in rows]


async def delete_product(conn: Connection, product_id: str) -> None:
    """Take it out of the shop; its orders stay. Raises NotFound."""
    done = await conn.fetchval(
        """
        update products
        set deleted_at = now(), updated_at = now(), changed_in = pg_current_xact_id()
        where product_id = $1 and deleted_at is null
        returning product_id
        """,
        product_id,
    )
    if done is None:
        raise NotFound(f"There is no product {product_id!r}.")
    await announce_products(conn)


@dataclass(frozen=True, slots=True)
class CatalogueRow:
    """What serving needs of a product. Dates are compared when a slot is filled, not here."""

    product_id: str
    title: str
    url: str
    image_url: str | None
    brand: str
    price_minor: int
    sale_price_minor: int | None
    sale_from: datetime | None
    sale_until: datetime | None
    currency: str
    offered: bool
    """Active, in stock (one variant at least, where there are any), open to everybody and not deleted."""
    in_stock: bool
    available_from: datetime | None
    available_until: datetime | None
    created_at: datetime
    categories: Sequence[str]
    attributes: str
    """JSON: an object of what the merchant tells about it."""
    published: bool
    """Active, open to everybody and not deleted, sold out or not: it may be named from `available_from` on."""


async def read_change_mark(conn: Connection) -> int:
    """A mark to pass to `list_changed_products` later: it misses no transaction that commits after this one began."""
    mark: int = await conn.fetchval("select pg_snapshot_xmin(pg_current_snapshot())")
    return mark


async def list_changed_products(
    conn: Connection, *, since: int, after: tuple[int, str] = (0, ""), limit: int = 5000
) -> tuple[Sequence[CatalogueRow], tuple[int, str] | None]:
    """A page of what changed since the mark (0 for all), deleted ones included, and where the next page starts."""
    rows = await conn.fetch(_CHANGED, since, *after, limit)
    found = [CatalogueRow(*list(row.values())[1:]) for row in rows]
    return found, (rows[-1]["changed_in"], rows[-1]["product_id"]) if len(rows) == limit else None


async def announce_products(conn: Connection) -> None:
    """API processes hear that the catalogue has changed, when the transaction commits."""
    await conn.execute("select pg_notify('lastbook_changes', current_tenant()::text)")


def _check_sale(price_minor: int | None, sale_price_minor: int | None) -> None:
    if price_minor is not None and sale_price_minor is not None and sale_price_minor > price_minor:
        raise ValueError("sale_price_minor must not be above price_minor")


COLUMNS = """
    title, description, url, image_urls, price_minor, sale_price_minor, sale_from, sale_until, currency, brand,
    categories, attributes, variants, status, stock_quantity, available_from, available_until, pack_size,
    minimum_order_quantity, restricted_to_segments, tax_class
"""

ON_CONFLICT = f"""
on conflict (tenant_id, product_id) do update
set (
    {COLUMNS}, digest, updated_at, deleted_at, changed_in
) = (
    select {", ".join("excluded." + column.strip() for column in COLUMNS.split(","))},
        excluded.digest, now(), null::timestamptz, pg_current_xact_id()
)
where products.digest <> excluded.digest or products.deleted_at is not null
"""
"""A product comes as a whole: what is not said has its default. One that is the same already is left alone."""

_UPSERT = f"""
insert into products (product_id, {COLUMNS}, digest)
select id, {COLUMNS}, digest
from unnest($1::text[], $2::bytea[]) as sent (document, digest),
    json_to_record(sent.document::json) as product (
        id text, title text, description text, url text, image_urls text[], price_minor bigint,
        sale_price_minor bigint, sale_from timestamptz, sale_until timestamptz, currency text, brand text,
        categories text[], attributes jsonb, variants jsonb, status text, stock_quantity bigint,
        available_from timestamptz, available_until timestamptz, pack_size integer,
        minimum_order_quantity integer, restricted_to_segments text[], tax_class text
    )
{ON_CONFLICT}
returning product_id, xmax = 0 as created
"""

_CHANGED = """
select changed_in, product_id, title, url, image_urls[1], brand, price_minor, sale_price_minor, sale_from, sale_until,
    currency,
    status = 'active' and deleted_at is null and in_stock and restricted_to_segments = '{}' as offered,
    in_stock, available_from, available_until, created_at, categories, attributes::text,
    status = 'active' and deleted_at is null and restricted_to_segments = '{}' as published
from products,
    lateral (
        select stock_quantity is distinct from 0
            and (
                variants = '[]'
                or exists (
                    select from jsonb_array_elements(variants) as variant where variant -> 'stock_quantity' <> '0'
                )
            ) as in_stock
    ) as stock
where changed_in >= $1 and (changed_in, product_id) > ($2, $3)
order by changed_in, product_id
limit $4
"""

_SELECT = f"""
select product_id as id, {COLUMNS}, created_at, updated_at
from products
"""
