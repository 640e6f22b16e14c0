"""Product documents: the catalogue as rules see it, read from the record page by page."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from infra.database import Connection
from tenants.expressions import Document


@dataclass(frozen=True, slots=True)
class ProductDocument:
    """One product: what expressions see of it (`tenants.expressions.SAMPLE`), and whether it sells at the moment."""

    product_id: str
    document: Document
    sells: bool


async def list_product_documents(
    conn: Connection, *, now: datetime, after: str, limit: int
) -> Sequence[ProductDocument]:
    """By id, starting behind `after` ('' from the start), without deleted ones.

    Besides the fields of SAMPLE each has sale_from_s and sale_until_s, POSIX seconds or null, and sale_price_minor
    whether the sale is on or not.
    """
    rows = await conn.fetch(_DOCUMENTS, now, after, limit)
    return [ProductDocument(row["id"], dict(list(row.items())[1:]), row["sells"]) for row in rows]


_IN_STOCK = """
stock_quantity is distinct from 0
and (
    variants = '[]'
    or exists (select from jsonb_array_elements(variants) as variant where variant -> 'stock_quantity' <> '0')
)
"""

_DOCUMENTS = f"""
select
    status = 'active' and restricted_to_segments = '{{}}' and {_IN_STOCK}
        and coalesce(available_from <= $1, true) and coalesce(available_until > $1, true) as sells,
    product_id as id, title, brand, categories, price_minor, sale_price_minor, currency, {_IN_STOCK} as in_stock,
    attributes, extract(epoch from created_at)::float8 as created_at_s,
    extract(epoch from sale_from)::float8 as sale_from_s, extract(epoch from sale_until)::float8 as sale_until_s
from products
where product_id > $2 and deleted_at is null
order by product_id
limit $3
"""
