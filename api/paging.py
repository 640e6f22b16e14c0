"""Paging: lists by cursor, so that rows which come and go meanwhile shift nothing."""

import base64
import binascii
from uuid import UUID

from starlette.requests import Request

from api.endpoints import Parameter
from infra.errors import BadRequest

DEFAULT, MOST = 100, 1000

PAGING = (
    Parameter(
        "limit",
        "query",
        {"type": "integer", "minimum": 1, "maximum": MOST, "default": DEFAULT},
        "How many rows a page has at the most.",
    ),
    Parameter("after", "query", {"type": "string"}, "The `next` of the page before."),
)


def read_limit(request: Request) -> int:
    """Raises BadRequest outside 1 to 1000."""
    text = request.query_params.get("limit", str(DEFAULT))
    if not (text.isascii() and text.isdigit() and len(text) <= 4 and 1 <= int(text) <= MOST):
        raise BadRequest(f"limit must be a whole number from 1 to {MOST}.", hint="Leave it out for 100 rows a page.")
    return int(text)


def read_cursor(request: Request) -> str:
    """The id to start behind, '' from the start. Raises BadRequest when it is not one of ours."""
    text = request.query_params.get("after", "")
    try:
        after = base64.b64decode(text, altchars=b"-_", validate=True).decode()
    except (binascii.Error, ValueError):
        after = "\0"
    if "\0" in after:
        raise BadRequest("after is not a cursor of ours.", hint="Pass the `next` of the page before as it was.")
    return after


def read_uuid_cursor(request: Request) -> UUID | None:
    """The same of lists whose ids are ours, None from the start. Raises BadRequest."""
    text = read_cursor(request)
    try:
        return UUID(text) if text else None
    except ValueError:
        hint = "Pass the `next` of the page before as it was."
        raise BadRequest("after is not a cursor of ours.", hint=hint) from None


def make_cursor(last_id: str) -> str:
    return base64.urlsafe_b64encode(last_id.encode()).decode()
