"""Columns: which column of a file is which field, guessed from the header; the merchant may say otherwise."""

import re
from collections.abc import Mapping, Sequence

from infra.errors import FieldError, Invalid

Mapped = Mapping[str, str | None]
"""Field by column; None when the column is left out."""

# Our field → other names that shops give it. Names are compared in lower case with everything else as one underscore.
_PRODUCTS = {
    "id": "product_id sku item_id article_id artikelnummer artnr article_number productid item_number",
    "title": "name product_name product_title produktname bezeichnung titel product item_name",
    "url": "link product_url product_link permalink deeplink canonical_url mobile_link",
    "description": "body desc long_description beschreibung product_description body_html",
    "image_url": "image_link image image_src picture main_image bild bild_url img imageurl photo",
    "image_urls": "additional_image_link images image_links additional_images additional_image_links",
    "price": "regular_price preis unit_price list_price prix precio amount",
    "price_minor": "price_cents price_in_cents",
    "currency": "currency_code waehrung währung devise iso_currency",
    "sale_price": "special_price discount_price angebotspreis offer_price",
    "sale_price_minor": "sale_price_cents",
    "sale_period": "sale_price_effective_date",
    "sale_from": "sale_start date_sale_price_starts sale_start_date",
    "sale_until": "sale_end date_sale_price_ends sale_end_date",
    "brand": "manufacturer marke vendor hersteller brand_name",
    "categories": "category product_type kategorie kategorien category_path product_category department",
    "availability": "in_stock stock_status verfügbarkeit lieferbar",
    "status": "state",
    "stock_quantity": "stock quantity inventory bestand qty inventory_quantity stock_level quantity_available",
    "available_from": "availability_date release_date",
    "available_until": "expiration_date expiry_date",
    "pack_size": "multipack",
    "minimum_order_quantity": "moq min_order_quantity minimum_quantity",
    "restricted_to_segments": "segments",
    "tax_class": "tax_category",
}
_PRODUCT_ATTRIBUTES = (
    "color colour size gtin ean upc isbn mpn condition age_group gender material pattern item_group_id"
    " google_product_category adult custom_label_0 custom_label_1 custom_label_2 custom_label_3 custom_label_4"
)
_ORDERS = {
    "id": "order_id order order_number order_no bestellnummer transaction_id basket_id",
    "ordered_at": "date order_date created_at created purchase_date bestelldatum timestamp ordered purchased_at",
    "shopper_id": "customer_id customer user_id client_id kundennummer kunden_nr household_id customer_number",
    "email": "customer_email e_mail",
    "status": "order_status state",
    "currency": "currency_code",
    "total": "order_total total_price amount gesamt",
    "total_minor": "total_cents",
    "line.id": "line_id order_line_id line_number position",
    "line.product_id": "product_id sku item_id article_id artikelnummer product lineitem_sku",
    "line.variant_id": "variant_id variant",
    "line.quantity": "quantity qty menge amount_ordered units",
    "line.unit_price": "unit_price price preis item_price lineitem_price",
    "line.unit_price_minor": "unit_price_minor unit_price_cents price_minor",
    "line.discount": "discount line_discount rabatt",
    "line.discount_minor": "discount_minor discount_cents",
}
_SHOPPERS = {
    "id": "customer_id shopper_id user_id kundennummer client_id customer_number external_id",
    "email": "e_mail email_address mail customer_email",
    "email_verified": "verified_email",
    "phone": "telephone telefon mobile phone_number tel",
    "name": "full_name customer_name display_name",
    "first_name": "vorname firstname given_name",
    "last_name": "nachname lastname family_name surname",
    "locale": "language lang sprache",
}
_EVENTS = {
    "id": "event_id",
    "type": "event event_type event_name action",
    "occurred_at": "timestamp time date created_at event_time at",
    "shopper_id": "customer_id user_id client_id",
    "visitor_id": "visitor anonymous_id session_id device_id",
    "product_id": "item_id sku product article_id",
    "slot": "placement widget",
    "value": "rating score",
}
GENERIC = {"products": _PRODUCTS, "orders": _ORDERS, "shoppers": _SHOPPERS, "events": _EVENTS}
DYNAMIC = {"products": "attributes.", "shoppers": "attributes.", "events": "attributes.", "orders": "\0"}
"""What the name of a merchant's own field starts with; orders have none."""


def plain(column: str) -> str:
    """The name as it is compared: `g:Image Link` is `image_link`."""
    return re.sub(r"[^a-z0-9à-ÿ]+", "_", column.lower().removeprefix("g:")).strip("_")


def guess_columns(kind: str, columns: Sequence[str]) -> Mapped:
    """Our fields' own names first, then other names; of two columns for one field the first."""
    own, other = _names(kind)
    taken: dict[str, str] = {}
    for names in (own, other):
        for column in columns:
            field = names.get(plain(column)) or names.get(column) or _own_field(kind, column)
            if field is not None and column not in taken and field not in taken.values():
                taken[column] = field
    return {column: taken.get(column) for column in columns}


def apply_mapping(
    kind: str, fields: Sequence[str], guessed: Mapped, said: Mapping[str, str | None], *, closed: bool
) -> Mapped:
    """What the merchant says goes before what was guessed; a column may be mapped to None.

    Raises Invalid for an unknown field, and for an unknown column where the header is all there is (`closed`).
    """
    allowed = set(fields)
    for column, field in said.items():
        if closed and column not in guessed:
            raise _invalid(column, "is no column of the file")
        if field and field not in allowed and not field.startswith(DYNAMIC[kind]):
            raise _invalid(column, f"is mapped to {field!r}, which is no field of {kind}")
    wanted = {field for field in said.values() if field}
    kept = {column: None if field in wanted else field for column, field in guessed.items()}
    return kept | {column: field or None for column, field in said.items()}


def rename(cells: Mapping[str, object], mapped: Mapped) -> dict[str, object]:
    """Cells by field. Several columns of one field become a list; empty cells are left out."""
    fields: dict[str, object] = {}
    for column, cell in cells.items():
        field = mapped.get(column)
        if field is None or cell is None or cell == "":
            continue
        if field in fields:
            before = fields[field]
            cell = [*(before if isinstance(before, list) else [before]), *(cell if isinstance(cell, list) else [cell])]
        fields[field] = cell
    return fields


def _own_field(kind: str, column: str) -> str | None:
    return column if column.startswith(DYNAMIC[kind]) else None


def _names(kind: str) -> tuple[dict[str, str], dict[str, str]]:
    own = {name.replace(".", "_"): name for name in GENERIC[kind]} | {name: name for name in GENERIC[kind]}
    other = {one: name for name, others in GENERIC[kind].items() for one in others.split()}
    if kind == "products":
        other |= {name: f"attributes.{name}" for name in _PRODUCT_ATTRIBUTES.split()}
    return own, other


def _invalid(column: str, reason: str) -> Invalid:
    error = FieldError(f"mapping.{column}", reason)
    return Invalid(f"The mapping of the column {column!r} is not valid: it {reason}.", errors=(error,))
