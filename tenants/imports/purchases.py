"""Purchases: orders from a table with one row a line; rows of one order stand together."""

from collections.abc import Sequence
from typing import Any

from tenants.imports.cells import Context, Fields, amount_of, moment_of, text_of, whole_of
from tenants.imports.money import read_minor
from tenants.imports.records import CellError


def order_of(rows: Sequence[Fields], context: Context) -> dict[str, Any]:
    """The order of these rows; what an order has once is read from the first. Raises CellError."""
    first = rows[0]
    currency = _currency(rows, context)
    document: dict[str, Any] = {
        "id": text_of(first, "id"),
        "ordered_at": moment_of(first, "ordered_at", context),
        "currency": currency,
        "lines": [_line(row, currency) for row in rows],
        "total_minor": _money(first, "total", currency),
        "shopper_id": text_of(first, "shopper_id") or text_of(first, "email").lower() or None,
    }
    if status := text_of(first, "status").lower():
        document["status"] = status
    return document


def _line(row: Fields, currency: str) -> dict[str, Any]:
    line: dict[str, Any] = {
        "product_id": text_of(row, "line.product_id"),
        "quantity": 1 if (quantity := whole_of(row, "line.quantity")) is None else quantity,
        "unit_price_minor": _money(row, "line.unit_price", currency),
        "discount_minor": _money(row, "line.discount", currency) or 0,
        "variant_id": text_of(row, "line.variant_id") or None,
    }
    if line_id := text_of(row, "line.id"):
        line["id"] = line_id
    return line


def _currency(rows: Sequence[Fields], context: Context) -> str:
    """Stated in a column or in a price, else the shop's."""
    stated = text_of(rows[0], "currency").upper()
    if stated:
        return stated
    named = amount_of(rows[0], "line.unit_price", context.currency)
    return named.currency if named is not None and named.currency else context.currency


def _money(row: Fields, name: str, currency: str) -> int | None:
    amount = amount_of(row, name, currency)
    if amount is None:
        text = text_of(row, f"{name}_minor")
        return read_minor(text, field=f"{name}_minor") if text else None
    if amount.currency not in (None, currency):
        raise CellError(name, "is in another currency than the order")
    return amount.minor
