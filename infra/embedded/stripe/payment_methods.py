"""Payment methods: cards, and whether one may be used by this customer, once more, or without the shopper."""

from datetime import UTC, datetime

from infra.embedded.stripe.books import Books, Record, empty, new_id
from infra.embedded.stripe.calls import LIST, Call, route
from infra.embedded.stripe.cards import EXPIRED, WRONG_NUMBER, Card, Decline, find_by_number, find_by_token
from infra.embedded.stripe.forms import Params
from infra.embedded.stripe.refusals import CardRefused, InvalidRequest, NoSuchObject

ADDRESS = "city country line1 line2 postal_code state"
_YEARS_VALID = 4


def create(call: Call) -> Record:
    """Make a card out of a test number or token."""
    if call.params.need_text("type") != "card":
        raise InvalidRequest("The fake knows cards only.", param="type")
    card = call.params.hash("card")
    card.allow(("number", "exp_month", "exp_year", "cvc", "token"))
    token = card.text("token")
    month, year = (None, None) if token else (card.need_whole("exp_month"), card.need_whole("exp_year"))
    chosen = _by_token(token) if token else choose_card(card.need_text("number"))
    return new_method(call.books, chosen, month, year, details=call.params)


def retrieve(call: Call) -> Record:
    return resolve(call.books, call.id, "payment_method")


def update(call: Call) -> Record:
    method = call.books.get("payment_method", call.id)
    if "billing_details" in call.params:
        method["billing_details"].update(_billing(call.params.hash("billing_details"), method["billing_details"]))
    call.books.change(method, "payment_method.updated", metadata=call.params.metadata(method["metadata"]))
    return method


def attach(call: Call) -> Record:
    method = resolve(call.books, call.id, "payment_method")
    return attach_to(call.books, method, call.params.need_text("customer"))


def detach(call: Call) -> Record:
    method = call.books.get("payment_method", call.id)
    if method["customer"] is None:
        raise InvalidRequest(
            "The payment method you provided is not attached to a customer so detachment is impossible."
        )
    hidden_of(call.books, method)["used"] = True
    call.books.change(method, "payment_method.detached", customer=None)
    return method


def list_methods(call: Call) -> Record:
    customer = call.ids.get("id") or call.params.text("customer")
    if customer is not None:
        call.books.get("customer", customer, "customer")
    fits = call.books.choose("payment_method", lambda row: row["customer"] == customer and call.fits(row, "type"))
    return call.page(fits)


def choose_card(number: str) -> Card:
    """The test card of this number. Raises CardRefused as the bank would."""
    digits = number.replace(" ", "")
    card = find_by_number(digits)
    if card is None:
        live = Decline(
            "card_declined",
            "test_mode_live_card",
            "Your card was declined. Your request was in test mode, but used a non test card. "
            "For a list of valid test cards, visit: https://stripe.com/docs/testing.",
        )
        raise card_refused(live if _luhn(digits) else WRONG_NUMBER, param="number")
    return card


def new_method(
    books: Books,
    card: Card,
    exp_month: int | None = None,
    exp_year: int | None = None,
    *,
    details: Params | None = None,
) -> Record:
    """Keep a new card, attached to nobody. Raises CardRefused for a date that is over."""
    today = datetime.fromtimestamp(books.now(), UTC)
    month = 12 if exp_month is None else exp_month
    year = today.year + _YEARS_VALID if exp_year is None else exp_year + (2000 if exp_year < 100 else 0)
    if not 1 <= month <= 12:
        raise card_refused(
            Decline("invalid_expiry_month", None, "Your card's expiration month is invalid."), "exp_month"
        )
    if (year, month) < (today.year, today.month):
        raise card_refused(Decline("invalid_expiry_year", None, "Your card's expiration year is invalid."), "exp_year")
    record = {
        **empty("customer customer_account"),
        "id": new_id("pm"),
        "object": "payment_method",
        "allow_redisplay": (details.text("allow_redisplay") if details else None) or "unspecified",
        "billing_details": _billing(details.hash("billing_details") if details else Params({})),
        "card": _card(card, month, year),
        "created": books.now(),
        "livemode": False,
        "metadata": details.metadata() if details else {},
        "type": "card",
    }
    return books.add(record, number=card.number, set_up=card.asks == "on_session", used=False)


def resolve(books: Books, wanted: str, param: str) -> Record:
    """The method of this id; `pm_card_…` makes a new one, as Stripe does. Raises NoSuchObject."""
    card = find_by_token(wanted)
    if card is not None and wanted.startswith("pm_card_"):
        return new_method(books, card)
    found = books.find("payment_method", wanted)
    if found is None:
        raise NoSuchObject("PaymentMethod", wanted, param)
    return found


def resolve_for(books: Books, wanted: str, customer: str | None) -> Record:
    """The method for a payment by this customer. Raises InvalidRequest if it belongs to another one or is used up."""
    method = resolve(books, wanted, "payment_method")
    owner = method["customer"]
    if owner is not None and customer is None:
        raise InvalidRequest(
            f"The PaymentMethod {method['id']} belongs to the Customer {owner}. Please include the Customer in the "
            "`customer` parameter on the PaymentIntent.",
            param="payment_method",
        )
    if owner is not None and owner != customer:
        raise InvalidRequest(
            f"The customer does not have a payment method with the ID {method['id']}. "
            "The payment method must be attached to the customer.",
            code="resource_missing",
            param="payment_method",
        )
    if owner is None and hidden_of(books, method)["used"]:
        raise InvalidRequest(
            "This PaymentMethod was previously used without being attached to a Customer or was detached from a "
            "Customer, and may not be used again."
        )
    return method


def attach_to(books: Books, method: Record, customer: str) -> Record:
    """Attach; harmless when it is done already. Raises CardRefused for the documented declining cards."""
    books.get("customer", customer, "customer")
    if method["customer"] == customer:
        return method
    if method["customer"] is not None:
        raise InvalidRequest("The payment method you provided has already been attached to a customer.")
    resolve_for(books, method["id"], customer)
    check_saves(books, method)
    method["customer"] = customer
    books.emit("payment_method.attached", method)
    return method


def check_saves(books: Books, method: Record) -> None:
    """Ask the bank whether the card may be kept. Raises CardRefused."""
    card = card_of(books, method)
    if not card.saves and card.decline is not None:
        raise card_refused(card.decline, "")


def card_of(books: Books, method: Record) -> Card:
    card = find_by_number(hidden_of(books, method)["number"])
    assert card is not None
    return card


def hidden_of(books: Books, method: Record) -> Record:
    """`number`, `set_up` (authenticated for use without the shopper), `used` (without a customer, so never again)."""
    return books.hidden[method["id"]]


def decline_of(books: Books, method: Record) -> Decline | None:
    """How a charge on this card ends now."""
    today, card = datetime.fromtimestamp(books.now(), UTC), method["card"]
    if (card["exp_year"], card["exp_month"]) < (today.year, today.month):
        return EXPIRED
    return card_of(books, method).decline


def asks_authentication(books: Books, method: Record, *, off_session: bool) -> bool:
    """Whether the bank wants the shopper to authenticate this payment."""
    asks = card_of(books, method).asks
    if asks == "unless_set_up":
        return not hidden_of(books, method)["set_up"]
    return asks == "always" or (asks == "on_session" and not off_session)


def card_refused(decline: Decline, param: str | None = None, **more: object) -> CardRefused:
    return CardRefused(decline.message, code=decline.code, param=param, decline_code=decline.decline_code, **more)


def _by_token(token: str) -> Card:
    card = find_by_token(token)
    if card is None:
        raise NoSuchObject("token", token, "card[token]")
    return card


def _card(card: Card, month: int, year: int) -> Record:
    return {
        **empty("generated_from regulated_status wallet"),
        "brand": card.brand,
        "checks": {"address_line1_check": None, "address_postal_code_check": None, "cvc_check": card.cvc_check},
        "country": "US",
        "display_brand": card.brand,
        "exp_month": month,
        "exp_year": year,
        "fingerprint": f"fake{card.number[-8:]}",
        "funding": card.funding,
        "last4": card.number[-4:],
        "networks": {"available": [card.brand], "preferred": None},
        "three_d_secure_usage": {"supported": True},
    }


def _billing(given: Params, before: Record | None = None) -> Record:
    given.allow(("address", "email", "name", "phone", "tax_id"))
    blank = {**empty("email name phone tax_id"), "address": empty(ADDRESS)}
    found = before or blank
    for name in ("email", "name", "phone", "tax_id"):
        if name in given:
            found[name] = given.text(name)
    address = given.hash("address")
    found["address"].update({part: address.text(part) for part in address})
    return found


def _luhn(digits: str) -> bool:
    if not digits.isdigit():
        return False
    doubled = [int(digit) * (1 + place % 2) for place, digit in enumerate(reversed(digits))]
    return sum(value - 9 if value > 9 else value for value in doubled) % 10 == 0


ROUTES = (
    route("POST", "/v1/payment_methods", create, "type card billing_details metadata allow_redisplay"),
    route("GET", "/v1/payment_methods", list_methods, f"customer type {LIST}"),
    route("GET", "/v1/payment_methods/{id}", retrieve),
    route("POST", "/v1/payment_methods/{id}", update, "billing_details metadata"),
    route("POST", "/v1/payment_methods/{id}/attach", attach, "customer"),
    route("POST", "/v1/payment_methods/{id}/detach", detach),
    route("GET", "/v1/customers/{id}/payment_methods", list_methods, f"type {LIST}"),
)
