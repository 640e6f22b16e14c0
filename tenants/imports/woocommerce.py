"""WooCommerce: its product CSV, where a variation's row follows the row of its parent."""

from collections.abc import Sequence
from typing import Any

from tenants.imports.catalogue import images_of, prices_of
from tenants.imports.cells import Context, Fields, attributes_of, list_of, moment_of, text_of, whole_of, yes_of
from tenants.imports.records import CellError

COLUMNS = {
    "ID": "post_id", "Type": "type", "SKU": "id", "Name": "title", "Published": "published",
    "Visibility in catalog": "visibility", "Short description": "short_description", "Description": "description",
    "Date sale price starts": "sale_from", "Date sale price ends": "sale_until", "Tax class": "tax_class",
    "In stock?": "in_stock", "Stock": "stock_quantity", "Sale price": "sale_price", "Regular price": "price",
    "Categories": "categories", "Tags": "attributes.tags", "Images": "image_urls", "Parent": "parent",
    "Brands": "brand", "External URL": "external_url", "GTIN, UPC, EAN, or ISBN": "attributes.gtin",
    "Attribute 1 name": "option1.name", "Attribute 1 value(s)": "option1.value",
    "Attribute 2 name": "option2.name", "Attribute 2 value(s)": "option2.value",
    "Attribute 3 name": "option3.name", "Attribute 3 value(s)": "option3.value",
}  # fmt: skip


def joins(first: Fields, fields: Fields) -> bool:
    """Whether the row is a variation of the product: it names its parent by SKU or as `id:<number>`."""
    return text_of(fields, "type") == "variation" and text_of(fields, "parent") in names_of(first)


def names_of(fields: Fields) -> tuple[str, str]:
    """The product's own id (its SKU, else its number), and what variations may call it otherwise."""
    number = f"id:{text_of(fields, 'post_id')}"
    return text_of(fields, "id") or number, number


def woocommerce_product(rows: Sequence[Fields], context: Context) -> dict[str, Any]:
    """The product with its variations. Raises CellError."""
    first = rows[0]
    if text_of(first, "type") == "variation":
        raise CellError("parent", "names a product that does not stand right before this variation")
    variants = [_variant(row, context) for row in rows[1:]]
    priced = first if text_of(first, "price") or not variants else rows[1]
    document: dict[str, Any] = {
        "id": text_of(first, "id") or text_of(first, "post_id"),
        "title": text_of(first, "title"),
        "url": f"{context.site}/?p={text_of(first, 'post_id')}",
        "description": text_of(first, "description") or text_of(first, "short_description"),
        "brand": text_of(first, "brand"),
        "tax_class": text_of(first, "tax_class"),
        "categories": list_of(first, "categories", separators=">,"),
        "image_urls": images_of(first),
        "attributes": attributes_of(first) | ({} if variants else _options(first)),
        "status": _status(first),
        "stock_quantity": _stock(first),
        "sale_from": moment_of(priced, "sale_from", context),
        "sale_until": moment_of(priced, "sale_until", context),
        "variants": variants,
    }
    return document | prices_of(priced, context)


def _variant(row: Fields, context: Context) -> dict[str, Any]:
    prices = prices_of(row, context)
    return {
        "id": text_of(row, "id") or text_of(row, "post_id"),
        "title": text_of(row, "title"),
        "attributes": _options(row),
        "price_minor": prices.get("price_minor"),
        "sale_price_minor": prices.get("sale_price_minor"),
        "stock_quantity": _stock(row),
        "image_url": next(iter(images_of(row)), None),
    }


def _options(row: Fields) -> dict[str, str]:
    return {
        text_of(row, f"option{n}.name"): text_of(row, f"option{n}.value")
        for n in (1, 2, 3)
        if text_of(row, f"option{n}.name") and text_of(row, f"option{n}.value")
    }


def _stock(row: Fields) -> int | None:
    """`In stock?` is 0, 1 or backorder; a count beside it is kept."""
    word = text_of(row, "in_stock").lower()
    if word == "backorder":
        return None
    if word and yes_of(row, "in_stock") is False:
        return 0
    counted = whole_of(row, "stock_quantity")
    return None if counted is None else max(0, counted)


def _status(row: Fields) -> str:
    """Published is 1, 0 (private) or -1 (draft); hidden products are in no list of the shop."""
    if text_of(row, "published") not in ("", "1"):
        return "hidden"
    return "hidden" if text_of(row, "visibility").lower() == "hidden" else "active"
