"""Catalogue: products from a file that has one row each; Google's feeds and plain tables."""

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

from tenants.imports.cells import (
    Context,
    Fields,
    amount_of,
    attributes_of,
    list_of,
    moment_of,
    text_of,
    whole_of,
)
from tenants.imports.dates import read_moment
from tenants.imports.money import read_minor
from tenants.imports.records import CellError

Document = dict[str, Any]  # in API form

# Google's words, and those of shop systems: whether it can be bought, and whether that is because of stock.
_AVAILABLE = frozenset(
    ["in_stock", "instock", "available", "yes", "true", "1", "ja", "preorder", "pre_order", "backorder", "onbackorder"]
)
_SOLD_OUT = frozenset(
    ["out_of_stock", "outofstock", "soldout", "sold_out", "unavailable", "no", "false", "0", "nein", "discontinued"]
)
_BETWEEN_URLS = re.compile(r",\s*(?=https?:)")
_NOTHING: tuple[Any, ...] = (None, "", [])


def _text(fields: Fields, name: str, context: Context) -> str:
    return text_of(fields, name)


def _word(fields: Fields, name: str, context: Context) -> str:
    return text_of(fields, name).lower()


def _count(fields: Fields, name: str, context: Context) -> int | None:
    return whole_of(fields, name)


def _categories(fields: Fields, name: str, context: Context) -> list[str]:
    return list_of(fields, name, separators="|>")


def _segments(fields: Fields, name: str, context: Context) -> list[str]:
    return list_of(fields, name, separators="|,")


READERS: Mapping[str, Callable[[Fields, str, Context], Any]] = {
    **dict.fromkeys(("title", "url", "description", "brand", "tax_class"), _text),
    **dict.fromkeys(("pack_size", "minimum_order_quantity", "stock_quantity"), _count),
    **dict.fromkeys(("sale_from", "sale_until", "available_from", "available_until"), moment_of),
    "status": _word,
    "categories": _categories,
    "restricted_to_segments": _segments,
}


def product_of(rows: Sequence[Fields], context: Context) -> Document:
    """The product of one row. Raises CellError."""
    (fields,) = rows
    document: Document = {"id": text_of(fields, "id")}
    # By the cells that there are: looking for each field that a product may have took three times as long.
    for name in fields:
        read = READERS.get(name)
        if read is not None and (value := read(fields, name, context)) not in _NOTHING:
            document[name] = value
    document |= prices_of(fields, context)
    if "image_url" in fields or "image_urls" in fields:
        document["image_urls"] = images_of(fields)
    if attributes := attributes_of(fields):
        document["attributes"] = attributes
    if "availability" in fields:
        document |= availability_of(fields)
    return document


def prices_of(fields: Fields, context: Context) -> Document:
    """Price and sale price with their currency: in the price itself, in a column, or the shop's. Raises CellError."""
    stated = text_of(fields, "currency").upper()
    price = amount_of(fields, "price", stated or context.currency)
    sale = amount_of(fields, "sale_price", stated or context.currency)
    named = {amount.currency for amount in (price, sale) if amount is not None and amount.currency}
    if stated:
        named.add(stated)
    if len(named) > 1:
        raise CellError("currency", "differs between the columns of the row")
    prices: Document = {"currency": named.pop() if named else context.currency}
    minor = price.minor if price else _minor(fields, "price_minor")
    if minor is not None:
        prices["price_minor"] = minor
    lowered = sale.minor if sale else _minor(fields, "sale_price_minor")
    # A sale price that is the price is a shop system's way of saying that there is no sale.
    if lowered is not None and lowered != prices.get("price_minor"):
        prices["sale_price_minor"] = lowered
    return prices | _sale_period(fields, context) if "sale_period" in fields else prices


def images_of(fields: Fields) -> list[str]:
    """The main image first. A comma ends an address only before the next one."""
    images = list_of(fields, "image_url", separators="|\n")
    for text in list_of(fields, "image_urls", separators="|\n"):
        images += [part.strip() for part in _BETWEEN_URLS.split(text)]
    return list(dict.fromkeys(image for image in images if image))


def availability_of(fields: Fields) -> Document:
    """What cannot be bought has a stock of 0; what can be and is counted keeps its count."""
    word = text_of(fields, "availability").lower().replace(" ", "_").replace("-", "_")
    if not word or word in _AVAILABLE:
        return {}
    if word in _SOLD_OUT:
        return {"stock_quantity": 0}
    raise CellError("availability", "is not in_stock, out_of_stock, preorder or backorder")


def _sale_period(fields: Fields, context: Context) -> Document:
    """Google's `from/until` in one cell."""
    text = text_of(fields, "sale_period")
    if not text:
        return {}
    start, slash, end = text.partition("/")
    if not slash:
        raise CellError("sale_period", "is not two dates with a slash between them")

    def moment(part: str) -> datetime:
        return read_moment(part.strip(), zone=context.zone, order=context.order, field="sale_period")

    return {"sale_from": moment(start), "sale_until": moment(end)}


def _minor(fields: Fields, name: str) -> int | None:
    text = text_of(fields, name)
    return read_minor(text, field=name) if text else None
