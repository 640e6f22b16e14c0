"""Refusals: what we say no to, with a status and a sentence for the merchant's developer.

    Refusal
    ├── BadRequest 400        the request cannot be read
    ├── Unauthenticated 401   no key, or one that is not valid
    ├── Forbidden 403         a valid key that may not do this
    ├── NotFound 404          nothing of that name in this tenant
    ├── Conflict 409          the state does not allow it
    ├── TooLarge 413
    ├── Unsupported 415
    ├── Invalid 422           readable, but against the rules of the record
    ├── TooMany 429
    └── Unavailable 503

A refusal is raised beside its rule and answered in one place (`api.errors`). A bug stays an exception.
"""

from dataclasses import dataclass
from typing import ClassVar


@dataclass(frozen=True, slots=True)
class FieldError:
    """One thing wrong in a body: where, and why."""

    field: str
    """Path from the body's root, such as `lines[0].quantity`."""
    reason: str


class Refusal(Exception):
    """A documented no. The class's docstring is its title; the argument says what happened here."""

    status: ClassVar[int] = 400
    code: ClassVar[str] = "refused"
    hint: ClassVar[str] = ""

    def __init__(
        self,
        detail: str,
        *,
        hint: str | None = None,
        errors: tuple[FieldError, ...] = (),
        retry_after_seconds: int | None = None,
        url: str | None = None,
    ) -> None:
        super().__init__(detail)
        self.detail = detail
        self.said_hint = self.hint if hint is None else hint
        self.errors = errors
        self.retry_after_seconds = retry_after_seconds
        self.url = url
        """Where to go on, if somewhere."""


class BadRequest(Refusal):
    """The request cannot be read."""

    status, code = 400, "bad_request"
    hint = "Send UTF-8 JSON (application/json) or one JSON value a line (application/x-ndjson)."


class Unauthenticated(Refusal):
    """A valid key is needed."""

    status, code = 401, "unauthenticated"
    hint = "Send the header 'Authorization: Bearer lb_sk_…' with a key that has not been revoked."


class Forbidden(Refusal):
    """This key may not do that."""

    status, code = 403, "forbidden"
    hint = "Use a key of the right kind with the scope that the message names."


class NotFound(Refusal):
    """Nothing of that name exists here."""

    status, code = 404, "not_found"
    hint = "Check the id; it is the one that you gave us when you stored it."


class MethodNotAllowed(Refusal):
    """This address does not take that method."""

    status, code = 405, "method_not_allowed"
    hint = "The Allow header lists the methods that this address takes."


class Conflict(Refusal):
    """The present state does not allow that."""

    status, code = 409, "conflict"


class TooLarge(Refusal):
    """The body is larger than this address takes."""

    status, code = 413, "too_large"
    hint = "Send fewer rows a call: at most 10,000 rows or 10 MB."


class Unsupported(Refusal):
    """The body's content type is not one we read."""

    status, code = 415, "unsupported_media_type"
    hint = "Send application/json, or application/x-ndjson to a batch address."


class Invalid(Refusal):
    """The body was read but breaks a rule."""

    status, code = 422, "invalid"
    hint = "The list 'errors' names each field and what is wrong with it."


class TooMany(Refusal):
    """Too many requests."""

    status, code = 429, "too_many_requests"
    hint = "Wait for the seconds in Retry-After, then send again."


class Unavailable(Refusal):
    """The service cannot take this now."""

    status, code = 503, "unavailable"
    hint = "Nothing was stored. Wait for the seconds in Retry-After, then send again."
