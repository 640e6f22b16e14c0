"""Setup intents: a card is saved now, with the bank's consent, and charged later without the shopper."""

from infra.embedded.stripe.books import Books, Record, empty, new_id
from infra.embedded.stripe.calls import DATED, Call, route
from infra.embedded.stripe.charges import APPLICATION
from infra.embedded.stripe.forms import Params
from infra.embedded.stripe.method_types import NAMES, chosen_types
from infra.embedded.stripe.paying import NOT_AUTHENTICATED, next_action, refuse_of_session
from infra.embedded.stripe.payment_methods import (
    attach_to,
    card_of,
    card_refused,
    check_saves,
    hidden_of,
    resolve_for,
)
from infra.embedded.stripe.refusals import CardRefused, WrongState

_CANCELLATIONS = ("abandoned", "duplicate", "requested_by_customer")
_FIELDS = "customer description metadata payment_method"
_CONFIRMABLE = ("requires_payment_method", "requires_confirmation", "requires_action")


def create(call: Call) -> Record:
    intent = new_setup(call.books, call.params)
    if call.params.flag("confirm"):
        return confirm_setup(call.books, intent, call.params.text("return_url"))
    return intent


def retrieve(call: Call) -> Record:
    return call.books.get("setup_intent", call.id, "intent")


def update(call: Call) -> Record:
    intent = call.books.get("setup_intent", call.id, "intent")
    if "payment_method" in call.params or "customer" in call.params:
        _refuse_ended(intent)
    intent.update(_given(call.books, call.params, intent))
    return intent


def confirm(call: Call) -> Record:
    intent = call.books.get("setup_intent", call.id, "intent")
    refuse_of_session(call.books, intent)
    _refuse_ended(intent)
    if "payment_method" in call.params:
        intent.update(_method(call.books, call.params, intent["customer"]))
    return confirm_setup(call.books, intent, call.params.text("return_url"))


def cancel(call: Call) -> Record:
    intent = call.books.get("setup_intent", call.id, "intent")
    refuse_of_session(call.books, intent)
    if intent["status"] not in _CONFIRMABLE:
        raise _unexpected(f"You cannot cancel this SetupIntent because it has a status of {intent['status']}.", intent)
    reason = call.params.choice("cancellation_reason", *_CANCELLATIONS)
    intent.update(status="canceled", cancellation_reason=reason, next_action=None)
    call.books.emit("setup_intent.canceled", intent)
    return intent


def list_setups(call: Call) -> Record:
    return call.page(call.books.choose("setup_intent", lambda row: call.fits(row, "customer", "payment_method")))


def new_setup(books: Books, params: Params) -> Record:
    """Keep a new setup intent."""
    intent = _blank(books)
    intent.update(_given(books, params, intent))
    intent["usage"] = params.choice("usage", "off_session", "on_session") or "off_session"
    intent.update(chosen_types(params))
    books.add(intent)
    books.emit("setup_intent.created", intent)
    return intent


def confirm_setup(books: Books, intent: Record, return_url: str | None) -> Record:
    """Ask the bank whether the card may be kept. Raises CardRefused; the intent stays and may be tried again."""
    _refuse_ended(intent)
    if intent["payment_method"] is None:
        raise _unexpected("You cannot confirm this SetupIntent because it's missing a payment method.", intent)
    method = resolve_for(books, intent["payment_method"], intent["customer"])
    try:
        check_saves(books, method)
    except CardRefused as refused:
        told = {"code": refused.code, "message": refused.message, "type": refused.type, **refused.more}
        _fail(books, intent, method, told)
        decline = card_of(books, method).decline
        assert decline is not None
        raise card_refused(decline, setup_intent=intent, payment_method=method) from None
    # A card that counts as set up asks nothing; every other that authenticates does so at this moment.
    if card_of(books, method).asks in ("unless_set_up", "always") and not hidden_of(books, method)["set_up"]:
        intent.update(status="requires_action", next_action=next_action(books, intent, return_url))
        books.emit("setup_intent.requires_action", intent)
        return intent
    return _succeed(books, intent, method)


def authenticate_setup(books: Books, intent: Record, *, passed: bool) -> Record:
    """The shopper answered the bank."""
    if intent["status"] != "requires_action":
        raise _unexpected("This SetupIntent asks for no authentication.", intent)
    method = books.get("payment_method", intent["payment_method"])
    intent["next_action"] = None
    if passed:
        return _succeed(books, intent, method)
    told = {
        "code": "setup_intent_authentication_failure",
        "message": NOT_AUTHENTICATED.replace("PaymentIntent", "SetupIntent"),
    }
    _fail(books, intent, method, {"type": "invalid_request_error", **told})
    return intent


def _succeed(books: Books, intent: Record, method: Record) -> Record:
    if intent["customer"] is not None:
        attach_to(books, method, intent["customer"])
    hidden_of(books, method)["set_up"] |= intent["usage"] == "off_session"
    intent.update(status="succeeded", next_action=None, last_setup_error=None)
    books.emit("setup_intent.succeeded", intent)
    return intent


def _fail(books: Books, intent: Record, method: Record, told: Record) -> None:
    link = f"https://docs.stripe.com/error-codes/{told['code'].replace('_', '-')}"
    intent["last_setup_error"] = {
        **empty("decline_code param"),
        "doc_url": link,
        "payment_method": dict(method),
        **told,
    }
    intent.update(status="requires_payment_method", payment_method=None)
    books.emit("setup_intent.setup_failed", intent)


def _given(books: Books, params: Params, intent: Record) -> Record:
    found: Record = {"metadata": params.metadata(intent["metadata"])}
    if "description" in params:
        found["description"] = params.text("description")
    if "customer" in params:
        found["customer"] = books.get("customer", params.need_text("customer"), "customer")["id"]
    if "payment_method" in params:
        found |= _method(books, params, found.get("customer", intent["customer"]))
    return found


def _method(books: Books, params: Params, customer: str | None) -> Record:
    method = resolve_for(books, params.need_text("payment_method"), customer)
    return {"payment_method": method["id"], "status": "requires_confirmation"}


def _refuse_ended(intent: Record) -> None:
    if intent["status"] not in _CONFIRMABLE:
        message = f"You cannot change or confirm this SetupIntent because it has a status of {intent['status']}."
        raise _unexpected(message, intent)


def _unexpected(message: str, intent: Record) -> WrongState:
    return WrongState(message, code="setup_intent_unexpected_state", setup_intent=intent)


def _blank(books: Books) -> Record:
    intent_id = new_id("seti")
    return {
        **empty("cancellation_reason customer customer_account description flow_directions"),
        **empty("last_setup_error latest_attempt mandate next_action on_behalf_of payment_method single_use_mandate"),
        **empty("payment_method_configuration_details"),
        "id": intent_id,
        "object": "setup_intent",
        "application": None if books.is_platform else APPLICATION,
        "client_secret": f"{intent_id}_secret_{new_id('s')[2:]}",
        "created": books.now(),
        "livemode": False,
        "metadata": {},
        "payment_method_options": {"card": {**empty("mandate_options network"), "request_three_d_secure": "automatic"}},
        "status": "requires_payment_method",
        "usage": "off_session",
    }


ROUTES = (
    route("POST", "/v1/setup_intents", create, f"{_FIELDS} {NAMES} confirm return_url usage"),
    route("GET", "/v1/setup_intents", list_setups, f"customer payment_method {DATED}"),
    route("GET", "/v1/setup_intents/{id}", retrieve, "client_secret"),
    route("POST", "/v1/setup_intents/{id}", update, _FIELDS),
    route("POST", "/v1/setup_intents/{id}/confirm", confirm, "payment_method return_url"),
    route("POST", "/v1/setup_intents/{id}/cancel", cancel, "cancellation_reason"),
)
