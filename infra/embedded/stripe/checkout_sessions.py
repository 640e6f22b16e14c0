"""Checkout sessions: a page of Stripe's where the shopper types his card, to pay, to save it, or to subscribe."""

from infra.embedded.stripe.books import Books, Record, empty, listed, new_id
from infra.embedded.stripe.calls import DATED, LIST, Call, route
from infra.embedded.stripe.currencies import read_currency
from infra.embedded.stripe.forms import Params
from infra.embedded.stripe.method_types import chosen_types
from infra.embedded.stripe.payment_intents import check_may_charge
from infra.embedded.stripe.prices import AMOUNTS, amount_for, new_price
from infra.embedded.stripe.products import new_product
from infra.embedded.stripe.refusals import InvalidRequest, WrongState

_DAY = 86400
_PAYMENT_DATA = (
    "application_fee_amount capture_method description metadata receipt_email setup_future_usage statement_descriptor "
    "statement_descriptor_suffix"
)
_SUBSCRIPTION_DATA = "application_fee_percent description metadata trial_end trial_period_days"
_PLAIN = "client_reference_id currency customer_email locale submit_type billing_address_collection"
_ACCEPTS = (
    f"{_PLAIN} cancel_url customer customer_creation expires_at line_items metadata mode payment_intent_data "
    "payment_method_collection allowed_payment_method_types setup_intent_data subscription_data success_url ui_mode "
    "allow_promotion_codes custom_text consent_collection"
)


def create(call: Call) -> Record:
    """Open a session; the shopper is sent to its `url`."""
    books, params = call.books, call.params
    check_may_charge(books)
    mode = params.choice("mode", "payment", "setup", "subscription")
    if mode is None:
        params.need_text("mode")
    session = _session(books, params, mode or "")
    lines = _lines(books, params, mode or "", session["id"])
    if mode != "setup":
        total = sum(line["amount_total"] for line in lines)
        session.update(amount_subtotal=total, amount_total=total, currency=lines[0]["currency"])
        session["total_details"] = {"amount_discount": 0, "amount_shipping": 0, "amount_tax": 0}
    books.add(session, lines=lines, data=_data(books, params, mode or ""))
    books.world.remind(session["expires_at"], "session", books.account, session["id"])
    return session


def retrieve(call: Call) -> Record:
    return call.books.get("checkout.session", call.id)


def update(call: Call) -> Record:
    session = call.books.get("checkout.session", call.id)
    session["metadata"] = call.params.metadata(session["metadata"])
    return session


def expire(call: Call) -> Record:
    """Close an open session, so that nobody can pay by it any more."""
    session = call.books.get("checkout.session", call.id)
    if session["status"] != "open":
        raise WrongState(
            'Only Checkout Sessions with a status in ["open"] can be expired. This Checkout Session has a status of '
            f"{session['status']}."
        )
    return expire_session(call.books, session)


def expire_session(books: Books, session: Record) -> Record:
    session.update(status="expired", url=None)
    books.emit("checkout.session.expired", session)
    return session


def list_sessions(call: Call) -> Record:
    fits = ("customer", "payment_intent", "status", "subscription")
    return call.page(call.books.choose("checkout.session", lambda row: call.fits(row, *fits)))


def list_lines(call: Call) -> Record:
    call.books.get("checkout.session", call.id)
    return call.page(call.books.hidden[call.id]["lines"])


def _data(books: Books, params: Params, mode: str) -> Record:
    """What is handed to the payment, setup or subscription that the session makes."""
    given = {
        "payment": (params.hash("payment_intent_data"), _PAYMENT_DATA),
        "setup": (params.hash("setup_intent_data"), "description metadata"),
        "subscription": (params.hash("subscription_data"), _SUBSCRIPTION_DATA),
    }
    for name, (data, allowed) in given.items():
        if data.tree and name != mode:
            raise InvalidRequest(f"You can not pass data for a {name} in {mode} mode.", param="mode")
        data.allow(allowed.split())
    data = given[mode][0]
    if "application_fee_amount" in data and books.is_platform:
        message = "Can only apply an application_fee_amount when the session is created on a connected account."
        raise InvalidRequest(message, param="payment_intent_data[application_fee_amount]")
    return data.tree


def _lines(books: Books, params: Params, mode: str, session_id: str) -> list[Record]:
    rows = params.rows("line_items")
    if mode == "setup":
        if rows:
            raise InvalidRequest("line_items cannot be used in setup mode.", param="line_items")
        if params.text("currency") is None and "allowed_payment_method_types" not in params:
            raise InvalidRequest("Missing required param: currency.", code="parameter_missing", param="currency")
        return []
    if not rows:
        raise InvalidRequest("Missing required param: line_items.", code="parameter_missing", param="line_items")
    lines = [_line(books, row, mode) for row in rows]
    if len({line["currency"] for line in lines}) > 1:
        raise InvalidRequest("All line items must have the same currency.", param="line_items")
    return lines


def _line(books: Books, row: Params, mode: str) -> Record:
    row.allow(("price", "price_data", "quantity", "metadata"))
    price = _inline_price(books, row.hash("price_data")) if "price_data" in row else None
    price = price or books.get("price", row.need_text("price"), row.place("price"))
    if mode == "payment" and price["recurring"] is not None:
        raise InvalidRequest(
            "You specified `payment` mode but passed a recurring price. Either switch to `subscription` mode or use "
            "only one-time prices.",
            param="line_items",
        )
    metered = (price["recurring"] or {}).get("usage_type") == "metered"
    quantity = 0 if metered else row.need_whole("quantity")
    if not metered and quantity < 1:
        raise InvalidRequest("Invalid quantity: it must be 1 or more.", param=row.place("quantity"))
    amount = amount_for(books, price, quantity)
    return {
        "id": new_id("li"),
        "object": "item",
        "amount_discount": 0,
        "amount_subtotal": amount,
        "amount_tax": 0,
        "amount_total": amount,
        "currency": price["currency"],
        "description": books.get("product", price["product"])["name"],
        "price": price,
        "quantity": None if metered else quantity,
    }


def _inline_price(books: Books, given: Params) -> Record:
    given.allow(("currency", "product", "product_data", "recurring", "tax_behavior", *AMOUNTS[:2]))
    if "product_data" in given:
        product = new_product(books, given.hash("product_data"))["id"]
    else:
        product = books.get("product", given.need_text("product"), given.place("product"))["id"]
    price = new_price(books, given, product)
    price["active"] = False
    return price


def _session(books: Books, params: Params, mode: str) -> Record:
    session_id, now, types = new_id("cs_test"), books.now(), chosen_types(params)
    expires = params.whole("expires_at") or now + _DAY
    if not now + 1800 <= expires <= now + _DAY:
        message = "The `expires_at` timestamp must be between 30 minutes and 24 hours from Checkout Session creation."
        raise InvalidRequest(message, param="expires_at")
    if params.choice("ui_mode", "hosted_page", "embedded_page", "elements", "form") not in (None, "hosted_page"):
        raise InvalidRequest("The fake has hosted pages only.", param="ui_mode")
    customer = params.text("customer")
    if customer is not None:
        books.get("customer", customer, "customer")
        if params.text("customer_email"):
            raise InvalidRequest(
                "You may only specify one of these parameters: customer, customer_email.", param="customer"
            )
    currency = read_currency(params) if "currency" in params else None
    return {
        **_blank(),
        **{name: params.text(name) for name in _PLAIN.split()},
        "id": session_id,
        "object": "checkout.session",
        "cancel_url": params.text("cancel_url"),
        "consent_collection": params.hash("consent_collection").tree or None,
        "created": now,
        "currency": currency,
        "customer": customer,
        "customer_creation": _creation(params, mode, customer),
        "customer_details": _details(books, customer, params.text("customer_email")),
        "expires_at": expires,
        "metadata": params.metadata(),
        "mode": mode,
        "payment_method_collection": "always" if mode == "subscription" else "if_required",
        "allowed_payment_method_types": types["allowed_payment_method_types"],
        "payment_method_types": types["payment_method_types"],
        "payment_status": "no_payment_required" if mode == "setup" else "unpaid",
        "status": "open",
        "success_url": params.need_text("success_url"),
        "url": books.world.page(f"/pay/{session_id}"),
    }


def _creation(params: Params, mode: str, customer: str | None) -> str | None:
    chosen = params.choice("customer_creation", "always", "if_required")
    if chosen is not None and mode == "subscription":
        raise InvalidRequest("`customer_creation` can not be used in subscription mode.", param="customer_creation")
    if customer is not None:
        return None
    return "always" if mode == "subscription" else chosen or "if_required"


def _details(books: Books, customer: str | None, email: str | None) -> Record | None:
    known = books.get("customer", customer) if customer else {"email": email}
    if not known["email"]:
        return None
    shown = {**empty("address business_name individual_name name phone"), "tax_exempt": "none", "tax_ids": None}
    return {**shown, "email": known["email"]}


def _blank() -> Record:
    return {
        **empty(
            "after_expiration allow_promotion_codes amount_subtotal amount_total client_secret collected_information"
        ),
        **empty("consent currency_conversion customer_account integration_identifier invoice origin_context"),
        **empty("payment_intent payment_link payment_method_configuration_details permissions recovered_from"),
        **empty("saved_payment_method_options setup_intent shipping_address_collection shipping_cost"),
        **empty("subscription total_details wallet_options return_url"),
        "adaptive_pricing": {"enabled": False},
        "automatic_tax": {"enabled": False, "liability": None, "provider": None, "status": None},
        "custom_fields": [],
        "custom_text": empty("after_submit shipping_address submit terms_of_service_acceptance"),
        "discounts": [],
        "invoice_creation": None,
        "livemode": False,
        "payment_method_options": {"card": {"request_three_d_secure": "automatic"}},
        "phone_number_collection": {"enabled": False},
        "shipping_options": [],
        "ui_mode": "hosted_page",
    }


def lines_of(books: Books, session: Record) -> Record:
    """The list that `line_items` is answered with when it is expanded."""
    return listed(books.hidden[session["id"]]["lines"], f"/v1/checkout/sessions/{session['id']}/line_items")


ROUTES = (
    route("POST", "/v1/checkout/sessions", create, _ACCEPTS),
    route("GET", "/v1/checkout/sessions", list_sessions, f"customer payment_intent status subscription {DATED}"),
    route("GET", "/v1/checkout/sessions/{id}", retrieve),
    route("POST", "/v1/checkout/sessions/{id}", update, "metadata"),
    route("POST", "/v1/checkout/sessions/{id}/expire", expire),
    route("GET", "/v1/checkout/sessions/{id}/line_items", list_lines, LIST),
)
