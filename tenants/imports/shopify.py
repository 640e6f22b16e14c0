"""Shopify: its product CSV (one row a variant or image, by Handle) and its order CSV (one row a line, by Name)."""

from collections.abc import Sequence
from typing import Any

from tenants.imports.catalogue import prices_of
from tenants.imports.cells import Context, Fields, amount_of, attributes_of, list_of, moment_of, text_of, whole_of
from tenants.imports.records import CellError

PRODUCT_COLUMNS = {
    "Handle": "handle", "Title": "title", "Body (HTML)": "description", "Vendor": "brand",
    "Product Category": "attributes.product_category", "Type": "categories", "Tags": "attributes.tags",
    "Published": "published", "Status": "status", "Image Src": "image_url", "Variant SKU": "variant.id",
    "Variant Price": "price", "Variant Compare At Price": "compare_at_price", "Variant Inventory Qty": "stock_quantity",
    "Variant Inventory Tracker": "variant.tracker", "Variant Inventory Policy": "variant.policy",
    "Variant Image": "variant.image", "Variant Tax Code": "tax_class", "Option1 Name": "option1.name",
    "Option1 Value": "option1.value", "Option2 Name": "option2.name", "Option2 Value": "option2.value",
    "Option3 Name": "option3.name", "Option3 Value": "option3.value",
    # since 2024 the export has these names
    "URL handle": "handle", "Description": "description", "Price": "price", "Compare-at price": "compare_at_price",
    "SKU": "variant.id", "Inventory quantity": "stock_quantity", "Product image URL": "image_url",
    "Published on online store": "published", "Inventory tracker": "variant.tracker",
    "Continue selling when out of stock": "variant.policy", "Variant image URL": "variant.image",
    "Option1 name": "option1.name", "Option1 value": "option1.value", "Option2 name": "option2.name",
    "Option2 value": "option2.value", "Option3 name": "option3.name", "Option3 value": "option3.value",
}  # fmt: skip
ORDER_COLUMNS = {
    "Name": "id", "Email": "email", "Created at": "ordered_at", "Currency": "currency", "Total": "total",
    "Financial Status": "paid", "Fulfillment Status": "fulfilled", "Cancelled at": "cancelled_at",
    "Lineitem quantity": "line.quantity", "Lineitem name": "line.title", "Lineitem price": "line.unit_price",
    "Lineitem sku": "line.variant_id", "Lineitem discount": "line.discount",
}  # fmt: skip
_STATUS = {"active": "active", "draft": "hidden", "unlisted": "hidden", "archived": "archived"}


def shopify_product(rows: Sequence[Fields], context: Context) -> dict[str, Any]:
    """The product of one Handle. Raises CellError.

    Its price is that of its first variant, its stock the sum over variants that are counted.
    """
    first = rows[0]
    handle = text_of(first, "handle")
    images = [text_of(row, "image_url") for row in rows]
    variants = [_variant(row, rows, context) for row in rows if text_of(row, "price")]
    if not variants:
        raise CellError("price", "is missing in every row of the handle")
    document: dict[str, Any] = {
        "id": handle,
        "title": text_of(first, "title"),
        "url": f"{context.site}/products/{handle}",
        "description": text_of(first, "description"),
        "brand": text_of(first, "brand"),
        "tax_class": text_of(first, "tax_class"),
        "categories": list_of(first, "categories", separators=">"),
        "image_urls": list(dict.fromkeys(image for image in images if image)),
        "attributes": attributes_of(first),
        "status": _status(first),
        "stock_quantity": _total([variant.get("stock_quantity") for variant in variants]),
        "variants": _distinct(variants) if len(variants) > 1 or text_of(first, "variant.id") else [],
    }
    return document | _prices(first, context)


def shopify_order(rows: Sequence[Fields], context: Context) -> dict[str, Any]:
    """The order of one Name; what stands once stands in its first row. Raises CellError.

    Shopify's orders name no product's id: it is found by SKU, then by title, in what is in the catalogue already.
    """
    first = rows[0]
    currency = text_of(first, "currency").upper() or context.currency
    total = amount_of(first, "total", currency)
    return {
        "id": text_of(first, "id"),
        "ordered_at": moment_of(first, "ordered_at", context),
        "currency": currency,
        "shopper_id": text_of(first, "email").lower() or None,
        "status": _order_status(first),
        "total_minor": total.minor if total else None,
        "lines": [_line(row, currency, context) for row in rows],
    }


def _variant(row: Fields, rows: Sequence[Fields], context: Context) -> dict[str, Any]:
    # Option names stand in the first row only.
    options = {
        text_of(rows[0], f"option{n}.name") or f"Option {n}": text_of(row, f"option{n}.value")
        for n in (1, 2, 3)
        if text_of(row, f"option{n}.value") not in ("", "Default Title")
    }
    image = text_of(row, "variant.image")
    variant = {
        "id": text_of(row, "variant.id") or " / ".join(options.values()) or "default",
        "title": " / ".join(options.values()),
        "attributes": options,
        "stock_quantity": _stock(row),
        "image_url": image or None,
    }
    return variant | {name: value for name, value in _prices(row, context).items() if name != "currency"}


def _prices(row: Fields, context: Context) -> dict[str, Any]:
    """With a higher compare-at price, that is the price and the other one a sale price."""
    prices = prices_of(row, context)
    before = amount_of(row, "compare_at_price", context.currency)
    if before is not None and before.minor > prices.get("price_minor", 0):
        prices |= {"price_minor": before.minor, "sale_price_minor": prices["price_minor"]}
    return prices


def _stock(row: Fields) -> int | None:
    """None when it is not counted, or sold on without stock. A negative count is an oversold variant."""
    if text_of(row, "variant.policy").lower() in ("continue", "true"):
        return None
    counted = whole_of(row, "stock_quantity")
    return None if counted is None or not text_of(row, "variant.tracker") else max(0, counted)


def _total(stocks: Sequence[int | None]) -> int | None:
    return None if None in stocks else sum(stock or 0 for stock in stocks)


def _status(row: Fields) -> str:
    status = text_of(row, "status").lower() or "active"
    if status not in _STATUS:
        raise CellError("status", "is not active, draft, unlisted or archived")
    return "hidden" if text_of(row, "published").lower() == "false" and status == "active" else _STATUS[status]


def _distinct(variants: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Shopify allows one SKU for several variants; the options tell those apart."""
    ids = [variant["id"] for variant in variants]
    return [
        variant if ids.count(variant["id"]) == 1 else variant | {"id": f"{variant['id']} ({variant['title']})"}
        for variant in variants
    ]


def _order_status(row: Fields) -> str:
    paid, fulfilled = text_of(row, "paid").lower(), text_of(row, "fulfilled").lower()
    if text_of(row, "cancelled_at") or paid == "voided":
        return "cancelled"
    if paid == "refunded":
        return "returned"
    return "shipped" if fulfilled == "fulfilled" else "paid" if paid.startswith("paid") else "placed"


def _line(row: Fields, currency: str, context: Context) -> dict[str, Any]:
    sku, title = text_of(row, "line.variant_id"), text_of(row, "line.title")
    price = amount_of(row, "line.unit_price", currency)
    discount = amount_of(row, "line.discount", currency)
    product_id = context.known.get(f"variant {sku}") or context.known.get(f"title {title}")
    return {
        "product_id": product_id or context.known.get(f"title {title.rpartition(' - ')[0]}") or sku or title,
        "variant_id": sku or None,
        "quantity": whole_of(row, "line.quantity"),
        "unit_price_minor": price.minor if price else None,
        "discount_minor": discount.minor if discount else 0,
    }
