"""Small tenants: made-up shops of 2,000 shoppers, 5,000 products and 91,000 order lines, the same for the same seed.

A few products of a type sell much and most little (a power law), each shopper keeps to a few types, and comes back for
what was bought before, in some types more than in others.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import numpy as np
from numpy.typing import NDArray

from infra.database import Connection

SHOPPERS, PRODUCTS, LINES, TYPES, BRANDS = 2_000, 5_000, 91_000, 60, 200
DAYS = 364
LINES_AN_ORDER = 4.0
END = datetime(2026, 3, 2, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class SmallTenant:
    """Columns, one row an order line, in order of shopper and time."""

    types: NDArray[np.int64]
    """Of each product."""
    brands: NDArray[np.int64]
    shoppers: NDArray[np.int64]
    products: NDArray[np.int64]
    orders: NDArray[np.int64]
    minutes: NDArray[np.int64]
    """Before the end, at which the line's order was placed."""


def make_tenant(seed: int) -> SmallTenant:
    """Takes a quarter of a second."""
    random = np.random.default_rng(seed)
    types = np.sort(random.integers(TYPES, size=PRODUCTS))
    shoppers = np.sort(_with_each(SHOPPERS, random.lognormal(sigma=0.9, size=SHOPPERS), random))
    tastes = random.dirichlet(np.full(TYPES, 0.08), size=SHOPPERS)
    products = _first_choices(shoppers, tastes, types, random)
    repeat_rates = random.beta(1.0, 3.5, size=TYPES)
    orders, minutes = _orders(shoppers, random)
    return SmallTenant(
        types=types,
        brands=random.integers(BRANDS, size=PRODUCTS),
        shoppers=shoppers,
        products=_with_repeats(shoppers, products, repeat_rates[types], random),
        orders=orders,
        minutes=minutes,
    )


async def store_tenant(conn: Connection, made: SmallTenant) -> None:
    """Write the record of the connection's tenant."""
    products = [f"p{number}" for number in range(PRODUCTS)]
    await conn.execute(_PRODUCTS, products, made.types.tolist(), made.brands.tolist())
    await conn.execute(_SHOPPERS, [f"s{number}" for number in range(SHOPPERS)])
    first = np.flatnonzero(np.diff(made.orders, prepend=-1))
    at = [END - timedelta(minutes=int(minutes)) for minutes in made.minutes[first]]
    await conn.execute(_ORDERS, made.orders[first].tolist(), [f"s{one}" for one in made.shoppers[first]], at)
    await conn.execute(_ORDER_LINES, made.orders.tolist(), [f"p{one}" for one in made.products])


def _with_each(count: int, weights: NDArray[np.float64], random: np.random.Generator) -> NDArray[np.int64]:
    """A draw a line by weight, in which everybody occurs."""
    drawn = random.choice(count, size=LINES - count, p=weights / weights.sum())
    return np.concatenate([np.arange(count), drawn])


def _first_choices(
    shoppers: NDArray[np.int64], tastes: NDArray[np.float64], types: NDArray[np.int64], random: np.random.Generator
) -> NDArray[np.int64]:
    """Each line's product: a type by the shopper's taste, then one of the type by its place in the power law."""
    limits = np.cumsum(tastes, axis=1)
    chosen = np.array([np.searchsorted(limits[one], random.random()) for one in shoppers]).clip(max=TYPES - 1)
    starts, ends = np.searchsorted(types, chosen), np.searchsorted(types, chosen, side="right")
    places = (ends - starts) ** random.random(len(shoppers)) - 1
    return np.minimum(starts + places.astype(np.int64), PRODUCTS - 1)


def _with_repeats(
    shoppers: NDArray[np.int64],
    products: NDArray[np.int64],
    repeat_rates: NDArray[np.float64],
    random: np.random.Generator,
) -> NDArray[np.int64]:
    """Some lines made one of the shopper's earlier lines again, by the repeat rate of what is bought again."""
    bought, first = products.copy(), np.searchsorted(shoppers, shoppers)
    earlier = first + (random.random(LINES) * (np.arange(LINES) - first)).astype(np.int64)
    dice = random.random(LINES)
    for line in range(LINES):
        again = bought[earlier[line]]
        if earlier[line] < line and dice[line] < repeat_rates[again]:
            bought[line] = again
    return bought


def _orders(shoppers: NDArray[np.int64], random: np.random.Generator) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The order of each line, numbered upwards, and how many minutes before the end it was placed."""
    begins = (random.random(LINES) < 1 / LINES_AN_ORDER) | (np.diff(shoppers, prepend=-1) > 0)
    orders = np.cumsum(begins) - 1
    minutes = random.integers(DAYS * 24 * 60, size=orders[-1] + 1)
    latest_first = np.lexsort((-minutes, shoppers[begins]))
    return orders, minutes[latest_first][orders]


_PRODUCTS = """
insert into products (product_id, title, url, price_minor, currency, categories, brand, digest)
select id, 'Product ' || id, 'https://shop.example/' || id, 1000, 'EUR', array['Shop', 'Type ' || type],
    'Brand ' || brand, ''
from unnest($1::text[], $2::integer[], $3::integer[]) as p (id, type, brand)
"""

_SHOPPERS = """
insert into shoppers (shopper_id, external_id, digest)
select gen_random_uuid(), id, ''
from unnest($1::text[]) as s (id)
"""

_ORDERS = """
insert into orders (order_id, shopper_id, ordered_at, currency, digest)
select o.id::text, s.shopper_id, o.at, 'EUR', ''
from unnest($1::integer[], $2::text[], $3::timestamptz[]) as o (id, shopper, at)
join shoppers s on s.external_id = o.shopper
"""

_ORDER_LINES = """
insert into order_lines (order_id, line_id, product_id, quantity, unit_price_minor)
select order_id::text, number::text, product, 1, 1000
from unnest($1::integer[], $2::text[]) with ordinality as l (order_id, product, number)
"""
