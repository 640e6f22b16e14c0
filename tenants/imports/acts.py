"""Acts: events from a table with one row each."""

from collections.abc import Sequence
from typing import Any

from tenants.imports.cells import Context, Fields, attributes_of, moment_of, number_of, text_of


def event_of(rows: Sequence[Fields], context: Context) -> dict[str, Any]:
    """The event of one row. Raises CellError."""
    (fields,) = rows
    document: dict[str, Any] = {
        "id": text_of(fields, "id"),
        "type": text_of(fields, "type").lower(),
        "occurred_at": moment_of(fields, "occurred_at", context),
        "value": number_of(fields, "value"),
        "properties": attributes_of(fields),
    }
    for name in ("shopper_id", "visitor_id", "product_id", "slot"):
        if text := text_of(fields, name):
            document[name] = text
    return document
