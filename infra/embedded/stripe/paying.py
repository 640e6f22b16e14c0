"""Paying: the moves of a payment intent, from confirmation to success, refusal, authentication, capture or release.

requires_payment_method → requires_confirmation → requires_action → succeeded | requires_capture → succeeded
with a decline or a failed authentication back to requires_payment_method, and a cancelation from every state but
succeeded (https://docs.stripe.com/payments/paymentintents/lifecycle).
"""

from dataclasses import dataclass

from infra.embedded.stripe.books import Books, Record, empty
from infra.embedded.stripe.cards import AUTHENTICATION, Decline
from infra.embedded.stripe.charges import HOLD_SECONDS, Attempt, capture_charge, make_charge, release_charge
from infra.embedded.stripe.payment_methods import (
    asks_authentication,
    attach_to,
    card_refused,
    decline_of,
    hidden_of,
    resolve_for,
)
from infra.embedded.stripe.refusals import InvalidRequest, WrongState

CONFIRMABLE = ("requires_payment_method", "requires_confirmation", "requires_action")
CANCELABLE = (*CONFIRMABLE, "requires_capture", "processing")
NOT_AUTHENTICATED = (
    "The provided PaymentMethod has failed authentication. You can provide payment_method_data or a new PaymentMethod "
    "to attempt to fulfill this PaymentIntent again."
)


@dataclass(frozen=True, slots=True)
class Confirmation:
    """How a confirmation is meant: whether the shopper is there, and where he goes after authentication."""

    off_session: bool = False
    return_url: str | None = None
    error_on_requires_action: bool = False


def confirm_intent(books: Books, intent: Record, how: Confirmation) -> Record:
    """Try to take the money. Raises CardRefused for a decline, WrongState or InvalidRequest before a try."""
    refuse_ended(intent)
    _check_method(intent)
    check_return_url(intent, how)
    method = resolve_for(books, intent["payment_method"], intent["customer"])
    intent["payment_method"] = method["id"]
    if asks_authentication(books, method, off_session=how.off_session):
        if how.off_session or how.error_on_requires_action:
            return _declined(books, intent, method, AUTHENTICATION, authenticated=False)
        return _ask(books, intent, how)
    return _attempt(books, intent, method, authenticated=False)


def authenticate_intent(books: Books, intent: Record, *, passed: bool) -> Record:
    """The shopper answered the bank. A decline after it does not raise: the intent tells."""
    if intent["status"] != "requires_action":
        raise WrongState("This PaymentIntent asks for no authentication.", code="payment_intent_unexpected_state")
    method = books.get("payment_method", intent["payment_method"])
    intent["next_action"] = None
    if not passed:
        _fail(books, intent, method, {"code": "payment_intent_authentication_failure", "message": NOT_AUTHENTICATED})
        return intent
    return _attempt(books, intent, method, authenticated=True, raises=False)


def capture_intent(
    books: Books, intent: Record, amount: int | None, fee: int | None, metadata: dict[str, str]
) -> Record:
    """Take held money, all of it or a part. Raises WrongState when there is no hold."""
    if intent["status"] != "requires_capture":
        message = (
            f"This PaymentIntent could not be captured because it has a status of {intent['status']}. "
            "Only a PaymentIntent with one of the following statuses may be captured: requires_capture."
        )
        raise unexpected_state(message, intent)
    amount = intent["amount_capturable"] if amount is None else amount
    if not 1 <= amount <= intent["amount_capturable"]:
        message = f"The amount to capture must be between 1 and {intent['amount_capturable']}."
        raise InvalidRequest(message, code="amount_too_large", param="amount_to_capture")
    charge = books.get("charge", intent["latest_charge"])
    capture_charge(books, charge, amount, fee)
    intent.update(application_fee_amount=charge["application_fee_amount"], metadata=metadata)
    return _succeed(books, intent, amount)


def cancel_intent(books: Books, intent: Record, reason: str | None, *, expired: bool = False) -> Record:
    """End it; a hold is released. Raises WrongState for one that has ended."""
    if intent["status"] not in CANCELABLE:
        message = (
            f"You cannot cancel this PaymentIntent because it has a status of {intent['status']}. "
            f"Only a PaymentIntent with one of the following statuses may be canceled: {', '.join(CANCELABLE)}."
        )
        raise unexpected_state(message, intent)
    if intent["status"] == "requires_capture":
        charge = books.get("charge", intent["latest_charge"])
        release_charge(books, charge, "charge.expired" if expired else "charge.refunded")
    intent.update(status="canceled", canceled_at=books.now(), cancellation_reason=reason, amount_capturable=0)
    intent["next_action"] = None
    books.emit("payment_intent.canceled", intent)
    return intent


def refuse_of_session(books: Books, intent: Record) -> None:
    """An intent of an open checkout session is the page's alone. Raises WrongState; expiring the session ends it."""
    session = books.find("checkout.session", books.hidden.get(intent["id"], {}).get("session", ""))
    if session is not None and session["status"] == "open":
        raise WrongState(
            f"You cannot confirm or cancel {intent['id']}, for it belongs to an open Checkout Session. "
            f"To cancel, expire the Checkout Session {session['id']}."
        )


def unexpected_state(message: str, intent: Record) -> WrongState:
    return WrongState(message, code="payment_intent_unexpected_state", payment_intent=intent)


def refuse_ended(intent: Record) -> None:
    """Raises WrongState for an intent that cannot be confirmed any more; to be asked before anything is changed."""
    if intent["status"] not in CONFIRMABLE:
        ended = intent["status"] == "succeeded"
        message = (
            "You cannot confirm this PaymentIntent because it has already succeeded after being previously confirmed."
            if ended
            else f"You cannot confirm this PaymentIntent because it has a status of {intent['status']}."
        )
        raise unexpected_state(message, intent)


def _check_method(intent: Record) -> None:
    if intent["payment_method"] is None:
        raise unexpected_state(
            "You cannot confirm this PaymentIntent because it's missing a payment method. You can either update the "
            "PaymentIntent with a payment method and then confirm it again, or confirm it again directly with a "
            "payment method.",
            intent,
        )


def check_return_url(intent: Record, how: Confirmation) -> None:
    """Raises InvalidRequest where a payment method of the Dashboard might redirect, and nobody knows where to."""
    redirects = (intent["automatic_payment_methods"] or {}).get("allow_redirects") == "always"
    if redirects and not how.off_session and how.return_url is None:
        raise InvalidRequest(
            "This PaymentIntent is configured to accept payment methods enabled in your Dashboard. Because some of "
            "these payment methods might redirect your customer off of your page, you must provide a `return_url`. If "
            "you don't want to accept redirect-based payment methods, set `automatic_payment_methods[enabled]` to "
            "`true` and `automatic_payment_methods[allow_redirects]` to `never` when creating Setup Intents and "
            "Payment Intents.",
            param="return_url",
        )


def _ask(books: Books, intent: Record, how: Confirmation) -> Record:
    intent["status"] = "requires_action"
    intent["next_action"] = next_action(books, intent, how.return_url)
    books.emit("payment_intent.requires_action", intent)
    return intent


def next_action(books: Books, intent: Record, return_url: str | None) -> Record:
    """Where the shopper authenticates: the fake's own page."""
    page = books.world.page(f"/authenticate/{intent['id']}")
    if return_url is None:
        asked = {"type": "three_d_secure_redirect", "stripe_js": page}
        return {"type": "use_stripe_sdk", "use_stripe_sdk": asked}
    return {"type": "redirect_to_url", "redirect_to_url": {"return_url": return_url, "url": page}}


def _attempt(books: Books, intent: Record, method: Record, *, authenticated: bool, raises: bool = True) -> Record:
    decline = decline_of(books, method)
    if decline is not None:
        return _declined(books, intent, method, decline, authenticated=authenticated, raises=raises)
    captured = intent["capture_method"] != "manual"
    charge = make_charge(books, Attempt(intent, method, None, captured, authenticated))
    intent.update(latest_charge=charge["id"], last_payment_error=None, next_action=None)
    _keep_method(books, intent, method)
    if captured:
        return _succeed(books, intent, intent["amount"])
    intent.update(status="requires_capture", amount_capturable=intent["amount"])
    books.world.remind(books.now() + HOLD_SECONDS, "hold", books.account, intent["id"])
    books.emit("payment_intent.amount_capturable_updated", intent)
    return intent


def _succeed(books: Books, intent: Record, amount: int) -> Record:
    intent.update(status="succeeded", amount_received=amount, amount_capturable=0)
    books.emit("payment_intent.succeeded", intent)
    return intent


def _keep_method(books: Books, intent: Record, method: Record) -> None:
    """Attach the card if the payment was to set it up for later; without a customer it is used up."""
    if intent["setup_future_usage"] and intent["customer"]:
        attach_to(books, method, intent["customer"])
        hidden_of(books, method)["set_up"] |= intent["setup_future_usage"] == "off_session"
    hidden_of(books, method)["used"] |= method["customer"] is None


def _declined(
    books: Books, intent: Record, method: Record, decline: Decline, *, authenticated: bool, raises: bool = True
) -> Record:
    charge = make_charge(books, Attempt(intent, method, decline, captured=False, authenticated=authenticated))
    intent["latest_charge"] = charge["id"]
    told = {"charge": charge["id"], "code": decline.code, "decline_code": decline.decline_code}
    _fail(books, intent, method, {**told, "message": decline.message, "type": "card_error"})
    if raises:
        raise card_refused(decline, charge=charge["id"], payment_intent=intent, payment_method=method)
    return intent


def _fail(books: Books, intent: Record, method: Record, told: Record) -> None:
    link = f"https://docs.stripe.com/error-codes/{told['code'].replace('_', '-')}"
    error = {**empty("charge decline_code param"), "doc_url": link, "payment_method": dict(method)}
    intent["last_payment_error"] = {**error, "type": "invalid_request_error", **told}
    intent.update(status="requires_payment_method", payment_method=None, next_action=None)
    books.emit("payment_intent.payment_failed", intent)
