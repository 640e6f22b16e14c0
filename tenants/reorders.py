"""Reorders: a line that was made to order once, quoted again with the same configuration.

The price and the options are those of today; the measures those of then, or those on record now.
"""

from datetime import datetime
from typing import Annotated, Literal

from msgspec import Meta, Struct

from infra.database import Connection, Row
from infra.errors import NotFound
from tenants.attributes import Locale
from tenants.fields import ExternalId, MinorUnits, Quantity
from tenants.made_lines import find_made_row
from tenants.measured import require_consent
from tenants.named import Named, hold_named
from tenants.options import Region
from tenants.quotes import MadeBy, Quote, QuoteWish, open_quote, read_made_by


class Again(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """How a line is wanted again. What is unset is as it was ordered."""

    measurements: Annotated[
        Literal["as_ordered", "current"], Meta(description="Those of then, or those on record now.")
    ] = "as_ordered"
    quantity: Quantity | None = None
    region: Region | None = None
    locale: Locale | None = None
    expected_price_minor: MinorUnits | None = None


async def reorder(
    conn: Connection,
    order_id: ExternalId,
    line_id: ExternalId,
    again: Again,
    *,
    asker: Named | None = None,
    public: bool = False,
    now: datetime,
) -> Quote:
    """A new quote for it. `asker`: only of this shopper's own orders.

    Raises NotFound, MeasurementsNotAllowed, NotMadeToOrder, NotOrderable, PriceChanged.
    """
    row = await find_made_row(conn, order_id, line_id)
    if row is None or (asker is not None and asker.shopper_id != row["shopper_id"]):
        raise NotFound(f"There is no line {line_id!r} of an order {order_id!r} that is made to order.")
    owner = None if row["shopper"] is None else await hold_named(conn, row["shopper"])
    made_by = await _made_by(conn, row, owner, again, now)
    return await open_quote(conn, _wish(row, again), owner, made_by, public=public, now=now)


async def _made_by(conn: Connection, row: Row, owner: Named | None, again: Again, now: datetime) -> MadeBy:
    if again.measurements == "current":
        return await read_made_by(conn, owner, row["person_id"], now=now)
    measures = row["measurements"]
    if measures and owner is not None:
        await require_consent(conn, owner.shopper_id)
    return MadeBy(
        measured={(one["key"], one["side"]): one["value_tenth_mm"] for one in measures},
        copied=(row["order_id"], row["line_id"]),
    )


def _wish(row: Row, again: Again) -> QuoteWish:
    return QuoteWish(
        product_id=row["product_id"],
        answers=row["answers"],
        quantity=again.quantity or max(row["quantity"], 1),
        person_id=row["person_id"],
        region=again.region or row["region"],
        locale=again.locale or row["locale"],
        expected_price_minor=again.expected_price_minor,
    )
