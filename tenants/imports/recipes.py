"""Recipes: how records of a format become documents of a kind: which columns, which rows together, which function."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from tenants.imports import shopify, woocommerce
from tenants.imports.acts import event_of
from tenants.imports.catalogue import product_of
from tenants.imports.cells import Context, Fields, text_of
from tenants.imports.columns import GENERIC, Mapped, guess_columns
from tenants.imports.people import shopper_of
from tenants.imports.purchases import order_of

Build = Callable[[Sequence[Fields], Context], dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Recipe:
    """One of them."""

    build: Build
    needs: Sequence[str]
    """Fields without which no document can be made; `a|b` means either."""
    moments: Sequence[str] = ()
    """Fields that hold dates."""
    columns: Mapping[str, str] = field(default_factory=dict)
    """Field by column where the format fixes the header; empty where it is guessed."""
    joins: Callable[[Fields, Fields], bool] | None = None
    """Whether a row belongs to the document that begins with another one; None when each row is its own."""
    names_site: bool = True
    """False when the file names no product's address, so that the shop's must be said."""


def same_id(first: Fields, row: Fields) -> bool:
    return text_of(first, "id") == text_of(row, "id") != ""


def same_handle(first: Fields, row: Fields) -> bool:
    return text_of(first, "handle") == text_of(row, "handle") != ""


_SALE = ("sale_from", "sale_until", "sale_period", "available_from", "available_until")
_LINES = ("id", "ordered_at", "line.product_id", "line.unit_price|line.unit_price_minor")
_PRODUCT = Recipe(product_of, ("id", "title", "url", "price|price_minor"), _SALE)
RECIPES: Mapping[tuple[str, str], Recipe] = {
    ("products", "plain"): _PRODUCT,
    ("products", "shopify"): Recipe(
        shopify.shopify_product, ("handle", "title", "price"), (), shopify.PRODUCT_COLUMNS, same_handle, False
    ),
    ("products", "woocommerce"): Recipe(
        woocommerce.woocommerce_product,
        ("post_id", "title", "price"),
        ("sale_from", "sale_until"),
        woocommerce.COLUMNS,
        woocommerce.joins,
        False,
    ),
    ("orders", "plain"): Recipe(order_of, _LINES, ("ordered_at",), joins=same_id),
    ("orders", "shopify"): Recipe(
        shopify.shopify_order,
        ("id", "ordered_at", "line.title", "line.unit_price"),
        ("ordered_at",),
        shopify.ORDER_COLUMNS,
        same_id,
    ),
    ("shoppers", "plain"): Recipe(shopper_of, ("id",)),
    ("events", "plain"): Recipe(event_of, ("id", "type", "occurred_at"), ("occurred_at",)),
}


def detect_dialect(kind: str, columns: Sequence[str]) -> str:
    """Whose table it is, by columns that no other has."""
    have = {column.lower() for column in columns}
    if kind == "products" and ({"handle", "variant price"} <= have or {"url handle", "price"} <= have):
        return "shopify"
    if kind == "products" and {"type", "sku", "name", "regular price"} <= have:
        return "woocommerce"
    return "shopify" if kind == "orders" and {"name", "lineitem name", "lineitem price"} <= have else "plain"


def guess_mapping(kind: str, recipe: Recipe, columns: Sequence[str]) -> Mapped:
    """Fixed columns by name whatever their case, others guessed."""
    if not recipe.columns:
        return guess_columns(kind, columns)
    fixed = {column.lower(): name for column, name in recipe.columns.items()}
    return {column: fixed.get(column.lower()) for column in columns}


def fields_of(kind: str, recipe: Recipe) -> list[str]:
    """All that a column may be mapped to, the merchant's own attributes aside."""
    return [*dict.fromkeys([*GENERIC[kind], *recipe.columns.values()])]
