"""Decoding: what is wrong with a document, said as a field and a reason. The API and imports say it alike."""

import re

import msgspec

from infra.errors import FieldError

NUL_REASON = "texts must not hold the character NUL (\\u0000)"

# A NUL is valid JSON and refused by Postgres. An even run of backslashes before it makes it plain text.
_NUL = re.compile(rb"(?<!\\)(?:\\\\)*\\u0000")


def field_error(error: Exception) -> FieldError:
    """Where and why, from msgspec's message: 'Expected `int`, got `str` - at `$.lines[0].quantity`'."""
    reason, _, path = str(error).rpartition(" - at `$")
    if not reason and isinstance(error, msgspec.ValidationError):  # of the document itself: there is no path
        return FieldError("", _readable(str(error)))
    if not reason:
        return FieldError("", f"is not valid JSON: {json_reason(error)}")
    return FieldError(path.rstrip("`").lstrip("."), _readable(reason))


def holds_nul(piece: "bytes | msgspec.Raw") -> bool:
    # A plain search first: the pattern alone takes microseconds a row.
    return b"\\u0000" in bytes(piece) and _NUL.search(piece) is not None


def json_reason(error: Exception) -> str:
    if isinstance(error, RecursionError):
        return "it is nested too deeply"
    if isinstance(error, UnicodeDecodeError):
        return "it is not UTF-8"
    return str(error).removeprefix("JSON is malformed: ")


def _readable(reason: str) -> str:
    # The pattern says nothing to a person; the field's description in /openapi.json does.
    before, pattern, _ = reason.partition(" matching regex ")
    return f"{before} in the documented form" if pattern else reason
