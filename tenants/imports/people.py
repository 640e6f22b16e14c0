"""People: shoppers from a table with one row each."""

from collections.abc import Sequence
from typing import Any

from tenants.imports.cells import Context, Fields, attributes_of, text_of, yes_of


def shopper_of(rows: Sequence[Fields], context: Context) -> dict[str, Any]:
    """The shopper of one row. Raises CellError."""
    (fields,) = rows
    document: dict[str, Any] = {"id": text_of(fields, "id"), "attributes": attributes_of(fields)}
    for name in ("email", "phone", "locale"):
        if text := text_of(fields, name):
            document[name] = text
    document["name"] = text_of(fields, "name") or _joined(fields)
    if (verified := yes_of(fields, "email_verified")) is not None:
        document["email_verified"] = verified
    return document


def _joined(fields: Fields) -> str:
    return f"{text_of(fields, 'first_name')} {text_of(fields, 'last_name')}".strip()
