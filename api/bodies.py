"""Bodies: read with a cap, decoded by type, refused with the line and the field."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Generic, TypeVar

import msgspec
from starlette.requests import ClientDisconnect, Request
from starlette.types import Message, Receive

from infra.errors import BadRequest, FieldError, Invalid, TooLarge, Unsupported
from tenants.decoding import NUL_REASON, field_error, holds_nul, json_reason

T = TypeVar("T")
B = TypeVar("B", bytes, bytearray)

Headers = Mapping[bytes, bytes]
"""Names are in lower case, as the server gives them."""

MAX_BODY = 10_000_000
MAX_ROWS = 10_000
JSON = "application/json"
NDJSON = "application/x-ndjson"


@dataclass(frozen=True, slots=True)
class BadRow:
    """A row that is not stored: its line (from 1), its id if it could be read, and what is wrong."""

    line: int
    id: str | None
    error: FieldError


@dataclass(frozen=True, slots=True)
class Rows(Generic[T]):
    """A batch: what can be stored, with its lines, and what cannot."""

    good: Sequence[tuple[int, T]]
    bad: Sequence[BadRow]


async def read_body(request: Request, *, limit: int = MAX_BODY, types: Sequence[str] = (JSON,)) -> bytes:
    """The whole body. Raises TooLarge beyond `limit` bytes, Unsupported for another content type or an encoding."""
    return await receive_body(dict(request.scope["headers"]), request.receive, limit=limit, types=types)


async def receive_body(headers: Headers, receive: Receive, *, limit: int, types: Sequence[str]) -> bytes:
    """The same for one who has no Request."""
    content_type = _media_type(headers.get(b"content-type", b""))
    if content_type not in types:
        raise Unsupported(f"The content type {content_type or '(none)'!r} is not read here.")
    if headers.get(b"content-encoding", b"identity") != b"identity":
        raise Unsupported("Compressed bodies are not read.", hint="Send the body without Content-Encoding.")
    declared = headers.get(b"content-length", b"0")
    if declared.isdigit() and int(declared) > limit:
        raise TooLarge(f"The body has {int(declared):,} bytes; this address takes {limit:,}.")
    message = await receive()
    if message["type"] == "http.request" and not message.get("more_body"):
        # Straight from the server: a body that came whole is not copied.
        body: bytes = message.get("body", b"")
        return _within(body, limit)
    return await _collect(message, receive, limit)


def read_content_type(request: Request) -> str:
    """Without its parameters, in lower case; empty when there is none."""
    return _media_type(dict(request.scope["headers"]).get(b"content-type", b""))


@lru_cache(maxsize=100)
def _media_type(content_type: bytes) -> str:
    return content_type.partition(b";")[0].strip().lower().decode("latin-1")


async def _collect(message: Message, receive: Receive, limit: int) -> bytes:
    body = bytearray()
    while message["type"] != "http.disconnect":
        body += message.get("body", b"")
        _within(body, limit)
        if not message.get("more_body"):
            return bytes(body)
        message = await receive()
    raise ClientDisconnect


def _within(body: B, limit: int) -> B:
    if len(body) > limit:
        raise TooLarge(f"The body has more than {limit:,} bytes.")
    return body


def decode_one(body: bytes, decoder: "msgspec.json.Decoder[T]") -> T:
    """One document. Raises BadRequest when it is no JSON, Invalid naming the field when it breaks a rule."""
    try:
        value = decoder.decode(body)
    except msgspec.ValidationError as error:
        raise _invalid(field_error(error)) from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise BadRequest(f"The body is not valid JSON: {json_reason(error)}.") from None
    if holds_nul(body):
        raise _invalid(FieldError("", NUL_REASON))
    return value


def decode_rows(body: bytes, decoder: "msgspec.json.Decoder[T]", *, ndjson: bool) -> Rows[T]:
    """A batch as a JSON array, or as one JSON value a line.

    Raises BadRequest when an array is no JSON (a bad NDJSON line is that row's own), TooLarge over 10,000 rows.
    """
    pieces = _lines(body) if ndjson else list(enumerate(_array(body), start=1))
    if len(pieces) > MAX_ROWS:
        raise TooLarge(f"The batch has {len(pieces):,} rows; one call takes {MAX_ROWS:,}.")
    good: list[tuple[int, T]] = []
    bad: list[BadRow] = []
    for line, piece in pieces:
        try:
            value = decoder.decode(piece)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            bad.append(BadRow(line, _find_id(piece), field_error(error)))
            continue
        if holds_nul(piece):
            bad.append(BadRow(line, _find_id(piece), FieldError("", NUL_REASON)))
        else:
            good.append((line, value))
    return Rows(good, bad)


def _invalid(error: FieldError) -> Invalid:
    where = f"The field {error.field!r} is not valid" if error.field else "The body is not valid"
    return Invalid(f"{where}: {error.reason}.", errors=(error,))


def _array(body: bytes) -> list[msgspec.Raw]:
    try:
        return _raw_array.decode(body)
    except msgspec.ValidationError:
        raise BadRequest("A batch is a JSON array of rows.") from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise BadRequest(f"The body is not valid JSON: {json_reason(error)}.") from None


def _lines(body: bytes) -> list[tuple[int, bytes]]:
    return [(number, line) for number, line in enumerate(body.split(b"\n"), start=1) if line.strip()]


def _find_id(piece: "bytes | msgspec.Raw") -> str | None:
    try:
        return _id_decoder.decode(piece).id
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None


class _OnlyId(msgspec.Struct):
    id: str


_raw_array = msgspec.json.Decoder(list[msgspec.Raw])
_id_decoder = msgspec.json.Decoder(_OnlyId)
