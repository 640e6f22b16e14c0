"""Reading feedback: out of the record in one go for a training."""

import io
from collections.abc import Mapping, Sequence

import numpy as np
import pyarrow as pa
import pyarrow.csv
from numpy.typing import NDArray

from infra.database import Connection
from recommender.feedback import Counted, Feedback
from recommender.id_map import IdMap
from recommender.interest import Interest
from recommender.product_facts import ProductFacts, make_facts
from recommender.purchases import Purchases, from_codes
from recommender.segments import Segments, make_segments, no_segments

Coded = tuple[Sequence[str], NDArray[np.int32]]
"""A column of texts: its different values, and which of them each row holds."""


async def read_feedback(conn: Connection) -> Feedback:
    """What counts of the transaction's tenant.

    Purchases leave out cancelled and returned orders, orders without a shopper or of one who does not want to be
    recognised, products that are deleted or unknown. Interest holds views, clicks, carts and wishes of shoppers who
    were proven by a token or named by the merchant's server, one a shopper, product and day, whatever a page sends.
    Segments come from attributes of shoppers that are there to personalise, as their definitions say.
    Copied out as CSV, which is several times faster than fetching rows; row-level security holds for it too.
    """
    await conn.execute(_READ_ALL)
    purchases = parse_purchases(await _copy(conn, _LINES))
    facts = parse_facts(await _copy(conn, _PRODUCTS), await _copy(conn, _FEATURES))
    interest = parse_interest(await _copy(conn, _INTEREST), purchases)
    return Feedback(purchases, facts, interest, await _count(conn), await _read_segments(conn))


async def _copy(conn: Connection, query: str) -> memoryview:
    csv = io.BytesIO()
    await conn.copy_from_query(query, output=csv, format="csv")
    return csv.getbuffer()


async def _read_segments(conn: Connection) -> Segments:
    """No reading of shoppers where no attribute is of use."""
    if not await conn.fetchval(f"select exists ({_USED})"):
        return no_segments()
    return parse_segments(await _copy(conn, _SEGMENTS))


async def _count(conn: Connection) -> Counted:
    row = await conn.fetchrow(_COUNTED)
    return Counted() if row is None else Counted(**row)


def parse_purchases(csv: memoryview) -> Purchases:
    """From CSV lines of shopper, product and seconds."""
    table = _read(csv, {"shopper": _TEXT, "product": _TEXT, "ordered_at_s": pa.int64()})
    (shoppers, by), (products, of) = _coded(table, "shopper"), _coded(table, "product")
    return from_codes(shoppers, products, by, of, _numbers(table, "ordered_at_s"))


def parse_facts(products_csv: memoryview, features_csv: memoryview) -> ProductFacts:
    """From CSV lines of product and price, products ascending, and of product and feature."""
    table = _read(products_csv, {"product": pa.string(), "price_minor": pa.int64()})
    products = IdMap.of(table.column("product").to_pylist())
    features = _read(features_csv, {"product": _TEXT, "feature": _TEXT})
    (owners, of), (names, which) = _coded(features, "product"), _coded(features, "feature")
    places = products.places(owners)
    return make_facts(products, _numbers(table, "price_minor"), names, places[of], which)


def parse_interest(csv: memoryview, purchases: Purchases) -> Interest:
    """From CSV lines of shopper, product, seconds and weight; only what the purchases know."""
    table = _read(csv, {"shopper": _TEXT, "product": _TEXT, "seen_at_s": pa.int64(), "weight": pa.float32()})
    (shoppers, by), (products, of) = _coded(table, "shopper"), _coded(table, "product")
    seen = Interest(by, of, _numbers(table, "seen_at_s"), table.column("weight").to_numpy().astype(np.float32))
    return seen.renumbered(
        purchases.shoppers.places(shoppers).astype(np.int32),
        purchases.products.places(products).astype(np.int32),
    )


def parse_segments(csv: memoryview) -> Segments:
    """From CSV lines of shopper and segment."""
    table = _read(csv, {"shopper": _TEXT, "segment": _TEXT})
    (shoppers, by), (names, of) = _coded(table, "shopper"), _coded(table, "segment")
    return make_segments(shoppers, names, by, of)


_TEXT = pa.dictionary(pa.int32(), pa.string())


def _read(csv: memoryview, columns: Mapping[str, pa.DataType]) -> pa.Table:
    """A table in one chunk, whatever the merchant's ids look like; with no rows from no lines."""
    if not csv.nbytes:
        return pa.table({name: pa.array([], kind) for name, kind in columns.items()})
    table = pa.csv.read_csv(
        pa.py_buffer(csv),
        read_options=pa.csv.ReadOptions(column_names=list(columns)),
        parse_options=pa.csv.ParseOptions(newlines_in_values=True, ignore_empty_lines=False),
        convert_options=pa.csv.ConvertOptions(column_types=columns, strings_can_be_null=False),
    )
    return table.unify_dictionaries().combine_chunks()


def _coded(table: pa.Table, name: str) -> Coded:
    column = table.column(name)
    if not len(column):
        return [], np.empty(0, np.int32)
    chunk = column.chunk(0)
    return chunk.dictionary.to_pylist(), chunk.indices.to_numpy(zero_copy_only=False)


def _numbers(table: pa.Table, name: str) -> NDArray[np.int64]:
    return np.asarray(table.column(name).to_numpy(), np.int64)


# A million lines take longer than the app role allows a request's statement. All rows are wanted, so hash joins are
# right; before the tables' first analyze the planner expects a handful and would look up each line by itself.
_READ_ALL = "set local statement_timeout = '30min'; set local enable_nestloop = off"

_DECIDED = """
with decided as (
    select distinct on (shopper_id) shopper_id, granted
    from consents
    where purpose = 'personalisation'
    order by shopper_id, at desc, consent_id desc
)
"""

_MAY = "coalesce(d.granted, (select personalised_by_default from privacy_settings), true)"

_LINES = f"""
{_DECIDED}
select s.external_id, l.product_id, floor(extract(epoch from o.ordered_at))::bigint
from order_lines l
join orders o on o.tenant_id = l.tenant_id and o.order_id = l.order_id
join shoppers s on s.tenant_id = o.tenant_id and s.shopper_id = o.shopper_id
join products p on p.tenant_id = l.tenant_id and p.product_id = l.product_id
left join decided d on d.shopper_id = s.shopper_id
where o.status not in ('cancelled', 'returned')
    and p.deleted_at is null
    and {_MAY}
"""

_PRODUCTS = """
select product_id, price_minor
from products
where deleted_at is null
order by product_id collate "C"
"""

# The path of categories ends in the finest one, which is the product's type.
_FEATURES = """
select product_id, 'brand:' || brand
from products
where deleted_at is null and brand <> ''
union all
select product_id, 'category:' || category
from products, unnest(categories) as category
where deleted_at is null and category <> ''
union all
select product_id, 'type:' || categories[cardinality(categories)]
from products
where deleted_at is null and categories[cardinality(categories)] <> ''
"""

# A day's acts count as the strongest of them, at the end of the day: what a page sends more often counts no more.
_INTEREST = f"""
{_DECIDED}
select s.external_id, e.product_id, e.day_s, max(e.weight)
from (
    select shopper_id, product_id, tenant_id,
        floor(extract(epoch from occurred_at) / 86400)::bigint * 86400 + 86399 as day_s,
        case type when 'cart' then 0.3 when 'wishlist' then 0.3 else 0.1 end as weight
    from events
    where type in ('view', 'click', 'cart', 'wishlist') and shopper_id is not null and product_id is not null
) e
join shoppers s on s.tenant_id = e.tenant_id and s.shopper_id = e.shopper_id
left join decided d on d.shopper_id = s.shopper_id
where {_MAY}
group by 1, 2, 3
"""

# By name, so that it is the same ones every day. What was asked for another purpose is not used for this one.
_USED = """
select name, type, choices
from attribute_definitions
where 'shopper' = any(classes) and purpose = 'personalisation' and type in ('text', 'boolean', 'choice')
order by name collate "C"
limit 20
"""

# A merged shopper's attributes stand in the row of who stands for them. A value that its definition does not allow (any
# more) counts as unknown.
_SEGMENTS = f"""
{_DECIDED}
select s.external_id, used.name || '=' || (s.attributes ->> used.name)
from shoppers s
cross join ({_USED}) used
left join decided d on d.shopper_id = s.shopper_id
where s.merged_into is null
    and jsonb_typeof(s.attributes -> used.name) = case used.type when 'boolean' then 'boolean' else 'string' end
    and length(s.attributes ->> used.name) between 1 and 500
    and (used.type <> 'choice' or s.attributes ->> used.name = any(used.choices))
    and {_MAY}
"""

_COUNTED = """
select count(*) as lines,
    count(*) filter (where o.shopper_id is null) as guest_lines,
    count(*) filter (where p.product_id is null) as unknown_product_lines,
    (select count(distinct currency) from products where deleted_at is null) as currencies
from order_lines l
join orders o on o.tenant_id = l.tenant_id and o.order_id = l.order_id
left join products p on p.tenant_id = l.tenant_id and p.product_id = l.product_id and p.deleted_at is null
where o.status not in ('cancelled', 'returned')
"""
