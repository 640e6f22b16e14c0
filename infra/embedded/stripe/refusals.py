"""Refusals: what the fake says no to, in the shape and with the status that the `stripe` package turns into its errors.

StripeRefusal
├── InvalidRequest 400      stripe.InvalidRequestError: the parameters cannot be taken
├── NoSuchObject 404        stripe.InvalidRequestError, code resource_missing
├── WrongState 400          stripe.InvalidRequestError: the object's state does not allow it
├── CardRefused 402         stripe.CardError, with decline_code and the intent
├── IdempotencyMisused 400  stripe.IdempotencyError
├── KeyInUse 409            the same key is being worked on
├── NotAuthenticated 401    stripe.AuthenticationError
└── NoAccess 403            stripe.PermissionError
"""

from typing import Any, ClassVar

DOCS = "https://docs.stripe.com/error-codes/"


class StripeRefusal(Exception):
    """An error answer; `more` are further fields of the error object, such as `payment_intent`."""

    status: ClassVar[int] = 400
    type: ClassVar[str] = "invalid_request_error"
    executed: ClassVar[bool] = False
    """Whether the call was under way: then the answer is kept under its idempotency key."""

    def __init__(self, message: str, *, code: str | None = None, param: str | None = None, **more: Any) -> None:
        super().__init__(message)
        self.message, self.code, self.param, self.more = message, code, param, more

    def body(self) -> dict[str, Any]:
        """The answer's body; fields without a value are left out, as Stripe does."""
        link = DOCS + self.code.replace("_", "-") if self.code else None
        fields = {"code": self.code, "doc_url": link, "message": self.message, "param": self.param, "type": self.type}
        return {"error": {name: value for name, value in {**fields, **self.more}.items() if value is not None}}


class InvalidRequest(StripeRefusal):
    """A parameter is missing, unknown or wrong."""


class NoSuchObject(StripeRefusal):
    """No object of that id in this account."""

    status = 404

    def __init__(self, kind: str, wanted: str, param: str | None = None) -> None:
        super().__init__(f"No such {kind}: '{wanted}'", code="resource_missing", param=param or "id")


class WrongState(StripeRefusal):
    """The object's state does not allow this."""

    executed = True


class CardRefused(StripeRefusal):
    """The card's bank said no."""

    status, type, executed = 402, "card_error", True


class IdempotencyMisused(StripeRefusal):
    """The key was used before with other parameters."""

    type = "idempotency_error"


class KeyInUse(StripeRefusal):
    """A call with this key is not finished."""

    status, type = 409, "idempotency_error"


class NotAuthenticated(StripeRefusal):
    """No API key, or not ours."""

    status = 401


class NoAccess(StripeRefusal):
    """The key may not act for that account."""

    status = 403
