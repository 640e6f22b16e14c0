"""Payment intents: one wish for money, however many attempts it takes."""

from infra.embedded.stripe.books import Books, Record, empty, new_id
from infra.embedded.stripe.calls import DATED, Call, route
from infra.embedded.stripe.charges import APPLICATION
from infra.embedded.stripe.currencies import read_amount, read_currency
from infra.embedded.stripe.customers import shipping_of
from infra.embedded.stripe.forms import Params
from infra.embedded.stripe.method_types import NAMES, chosen_types
from infra.embedded.stripe.paying import (
    Confirmation,
    cancel_intent,
    capture_intent,
    check_return_url,
    confirm_intent,
    refuse_ended,
    refuse_of_session,
    unexpected_state,
)
from infra.embedded.stripe.payment_methods import resolve_for
from infra.embedded.stripe.refusals import InvalidRequest, NoAccess
from infra.embedded.stripe.searching import SEARCH, search

_CANCELLATIONS = ("abandoned", "duplicate", "fraudulent", "requested_by_customer")
_UPDATABLE = (
    "amount application_fee_amount capture_method currency customer description metadata payment_method receipt_email "
    "setup_future_usage shipping statement_descriptor statement_descriptor_suffix"
)
_CONFIRM = "off_session return_url error_on_requires_action"
_TEXTS = ("description", "receipt_email", "statement_descriptor", "statement_descriptor_suffix")


def create(call: Call) -> Record:
    """Create and, with `confirm`, try at once. A decline raises, and the intent stays."""
    params = call.params
    confirms = params.flag("confirm") or False
    how = _confirmation(params)
    if not confirms and how != Confirmation():
        raise InvalidRequest("off_session and return_url can only be set together with confirm=true.", param="confirm")
    intent = new_intent(call.books, params, how if confirms else None)
    return confirm_intent(call.books, intent, how) if confirms else intent


def retrieve(call: Call) -> Record:
    return call.books.get("payment_intent", call.id, "intent")


def update(call: Call) -> Record:
    """Change one that is not confirmed yet; metadata and description may change always."""
    intent = call.books.get("payment_intent", call.id, "intent")
    frozen = intent["status"] not in ("requires_payment_method", "requires_confirmation", "requires_action")
    if frozen and any(name not in ("metadata", "description", "expand", "receipt_email") for name in call.params):
        message = f"This PaymentIntent could not be updated because it has a status of {intent['status']}."
        raise unexpected_state(message, intent)
    intent.update(_given(call.books, call.params, intent))
    return intent


def confirm(call: Call) -> Record:
    """Try to take the money, with another card if one is named."""
    intent, params = call.books.get("payment_intent", call.id, "intent"), call.params
    refuse_of_session(call.books, intent)
    refuse_ended(intent)
    how = _confirmation(params)
    if "payment_method" in params:
        intent.update(_method(call.books, params, intent["customer"]))
    intent.update({name: params.text(name) for name in ("receipt_email", "setup_future_usage") if name in params})
    return confirm_intent(call.books, intent, how)


def capture(call: Call) -> Record:
    """Take held money, all of it or `amount_to_capture`."""
    intent, params = call.books.get("payment_intent", call.id, "intent"), call.params
    amount, fee = params.whole("amount_to_capture"), params.whole("application_fee_amount")
    return capture_intent(call.books, intent, amount, fee, params.metadata(intent["metadata"]))


def cancel(call: Call) -> Record:
    intent = call.books.get("payment_intent", call.id, "intent")
    refuse_of_session(call.books, intent)
    return cancel_intent(call.books, intent, call.params.choice("cancellation_reason", *_CANCELLATIONS))


def list_intents(call: Call) -> Record:
    return call.page(call.books.choose("payment_intent", lambda row: call.fits(row, "customer")))


def search_intents(call: Call) -> Record:
    return search(call, "payment_intent", ("amount", "created", "currency", "customer", "status"))


def new_intent(books: Books, params: Params, how: Confirmation | None = None) -> Record:
    """Keep a new intent, which is confirmed next if it is said how. Raises InvalidRequest for what cannot be."""
    check_may_charge(books)
    intent = _blank(books)
    params.need_whole("amount")
    params.need_text("currency")
    intent.update(_given(books, params, intent))
    intent.update(chosen_types(params))
    if how is not None:
        check_return_url(intent, how)
    books.add(intent)
    books.emit("payment_intent.created", intent)
    return intent


def check_may_charge(books: Books) -> None:
    """Refuse payments on an account that has not finished its onboarding."""
    account = None if books.is_platform else books.world.platform().find("account", books.account)
    if account is not None and not account["charges_enabled"]:
        raise NoAccess("Your account cannot currently make charges.", code="account_invalid")


def _given(books: Books, params: Params, intent: Record) -> Record:
    found: Record = {name: params.text(name) for name in _TEXTS if name in params}
    if "currency" in params:
        found["currency"] = read_currency(params)
    if "amount" in params:
        found["amount"] = read_amount(params, found.get("currency") or intent["currency"])
    if "application_fee_amount" in params:
        found["application_fee_amount"] = _fee(books, params, found.get("amount") or intent["amount"])
    if "capture_method" in params:
        found["capture_method"] = params.choice("capture_method", "automatic", "automatic_async", "manual")
    if "setup_future_usage" in params:
        found["setup_future_usage"] = params.choice("setup_future_usage", "off_session", "on_session")
    if "customer" in params:
        found["customer"] = books.get("customer", params.need_text("customer"), "customer")["id"]
    if "shipping" in params:
        found["shipping"] = shipping_of(params.hash("shipping"))
    if "payment_method" in params:
        found |= _method(books, params, found.get("customer", intent["customer"]))
    return {**found, "metadata": params.metadata(intent["metadata"])}


def _method(books: Books, params: Params, customer: str | None) -> Record:
    method = resolve_for(books, params.need_text("payment_method"), customer)
    return {"payment_method": method["id"], "status": "requires_confirmation"}


def _fee(books: Books, params: Params, amount: int) -> int:
    if books.is_platform:
        raise InvalidRequest(
            "Can only apply an application_fee_amount when the PaymentIntent is attempting a direct payment (using an "
            "OAuth key or Stripe-Account header) or destination payment (using `transfer_data[destination]`).",
            param="application_fee_amount",
        )
    fee = params.need_whole("application_fee_amount")
    if not 0 <= fee <= amount:
        raise InvalidRequest("Your application fee cannot be greater than the amount.", param="application_fee_amount")
    return fee


def _confirmation(params: Params) -> Confirmation:
    off_session = params.choice("off_session", "true", "false", "one_off", "recurring")
    asks = params.flag("error_on_requires_action") or False
    return Confirmation(off_session not in (None, "false"), params.text("return_url"), asks)


def _blank(books: Books) -> Record:
    intent_id = new_id("pi")
    return {
        **empty("application_fee_amount canceled_at cancellation_reason customer customer_account description hooks"),
        **empty("last_payment_error latest_charge next_action on_behalf_of payment_method processing receipt_email"),
        **empty("review setup_future_usage shipping source statement_descriptor statement_descriptor_suffix"),
        **empty("transfer_data transfer_group payment_method_configuration_details"),
        "id": intent_id,
        "object": "payment_intent",
        "amount": 0,
        "amount_capturable": 0,
        "amount_details": {"tip": {}},
        "amount_received": 0,
        "application": None if books.is_platform else APPLICATION,
        "capture_method": "automatic_async",
        "client_secret": f"{intent_id}_secret_{new_id('s')[2:]}",
        "confirmation_method": "automatic",
        "created": books.now(),
        "currency": "usd",
        "livemode": False,
        "metadata": {},
        "payment_method_options": {
            "card": {**empty("installments mandate_options network"), "request_three_d_secure": "automatic"}
        },
        "status": "requires_payment_method",
    }


ROUTES = (
    route("POST", "/v1/payment_intents", create, f"{_UPDATABLE} {_CONFIRM} {NAMES} confirm"),
    route("GET", "/v1/payment_intents", list_intents, f"customer {DATED}"),
    route("GET", "/v1/payment_intents/search", search_intents, SEARCH),
    route("GET", "/v1/payment_intents/{id}", retrieve, "client_secret"),
    route("POST", "/v1/payment_intents/{id}", update, _UPDATABLE),
    route(
        "POST",
        "/v1/payment_intents/{id}/confirm",
        confirm,
        f"{_CONFIRM} payment_method receipt_email setup_future_usage",
    ),
    route("POST", "/v1/payment_intents/{id}/capture", capture, "amount_to_capture application_fee_amount metadata"),
    route("POST", "/v1/payment_intents/{id}/cancel", cancel, "cancellation_reason"),
)
