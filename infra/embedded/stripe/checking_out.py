"""Checking out: what happens when a shopper sends the page of a checkout session with a card."""

from dataclasses import dataclass

from infra.embedded.stripe.books import Books, Record, empty
from infra.embedded.stripe.customers import new_customer
from infra.embedded.stripe.forms import Params
from infra.embedded.stripe.paying import Confirmation, confirm_intent
from infra.embedded.stripe.payment_intents import new_intent
from infra.embedded.stripe.payment_methods import choose_card, new_method
from infra.embedded.stripe.refusals import WrongState
from infra.embedded.stripe.setup_intents import confirm_setup, new_setup
from infra.embedded.stripe.subscriptions import new_subscription

_DONE = ("succeeded", "requires_capture")


@dataclass(frozen=True, slots=True)
class Typed:
    """What the shopper typed."""

    number: str
    exp_month: int | None = None
    exp_year: int | None = None
    email: str | None = None
    name: str | None = None


def submit(books: Books, session: Record, typed: Typed) -> Record:
    """Pay, save or subscribe. The session is complete, or waits for authentication. Raises CardRefused: try again."""
    if session["status"] != "open":
        raise WrongState(f"This Checkout Session is {session['status']}.")
    person = Params({"billing_details": {"email": typed.email or _email(session) or "", "name": typed.name or ""}})
    method = new_method(books, choose_card(typed.number), typed.exp_month, typed.exp_year, details=person)
    customer = _customer(books, session, typed)
    hidden = books.hidden[session["id"]]
    hidden["typed"] = {"email": typed.email, "name": typed.name, "method": method["id"]}
    ask = _pay if session["mode"] == "payment" else _save
    hidden["intent"] = ask(books, session, method, customer)["id"]
    return settle(books, session)


def settle(books: Books, session: Record) -> Record:
    """Complete a session that the bank has agreed to. In subscription mode the first charge may raise CardRefused."""
    intent = intent_of(books, session)
    if session["status"] != "open" or intent is None or intent["status"] not in _DONE:
        return session
    if session["mode"] == "subscription":
        _subscribe(books, session, intent)
    if session["mode"] == "payment":
        session["payment_status"] = "paid" if intent["status"] == "succeeded" else "unpaid"
    typed = books.hidden[session["id"]]["typed"]
    session.update(
        status="complete",
        url=None,
        customer=intent["customer"],
        customer_details={
            **empty("address business_name individual_name phone"),
            "email": typed["email"] or _email(session),
            "name": typed["name"],
            "tax_exempt": "none",
            "tax_ids": [],
        },
    )
    books.emit("checkout.session.completed", session)
    return session


def intent_of(books: Books, session: Record) -> Record | None:
    """The payment or setup intent of the last time that the page was sent."""
    wanted = books.hidden[session["id"]].get("intent")
    if wanted is None:
        return None
    return books.find("payment_intent", wanted) or books.get("setup_intent", wanted)


def _pay(books: Books, session: Record, method: Record, customer: str | None) -> Record:
    intent = None if session["payment_intent"] is None else books.get("payment_intent", session["payment_intent"])
    if intent is None:
        wanted = {"amount": str(session["amount_total"]), "currency": session["currency"]}
        wanted |= {"allowed_payment_method_types": {"0": "card"}, **books.hidden[session["id"]]["data"]}
        intent = new_intent(books, Params(wanted | ({"customer": customer} if customer else {})))
        session["payment_intent"] = intent["id"]
        books.hidden[intent["id"]] = {"session": session["id"]}
    intent.update(customer=customer, payment_method=method["id"])
    return confirm_intent(books, intent, Confirmation(return_url=session["url"]))


def _save(books: Books, session: Record, method: Record, customer: str | None) -> Record:
    """Save the card; in subscription mode this is where the shopper authenticates."""
    wanted: Record = {"allowed_payment_method_types": {"0": "card"}, **({"customer": customer} if customer else {})}
    if session["mode"] == "setup":
        wanted |= books.hidden[session["id"]]["data"]
    intent = None if session["setup_intent"] is None else books.get("setup_intent", session["setup_intent"])
    intent = intent or new_setup(books, Params(wanted))
    if session["mode"] == "setup":
        session["setup_intent"] = intent["id"]
        books.hidden[intent["id"]] = {"session": session["id"]}
    intent.update(customer=customer, payment_method=method["id"])
    return confirm_setup(books, intent, session["url"])


def _subscribe(books: Books, session: Record, intent: Record) -> None:
    hidden = books.hidden[session["id"]]
    items = {
        str(place): {"price": line["price"]["id"], **({"quantity": str(line["quantity"])} if line["quantity"] else {})}
        for place, line in enumerate(hidden["lines"])
    }
    wanted = {**hidden["data"], "items": items, "default_payment_method": hidden["typed"]["method"]}
    given = Params({**wanted, "payment_behavior": "error_if_incomplete"})
    subscription = new_subscription(books, given, intent["customer"])
    session.update(subscription=subscription["id"], invoice=subscription["latest_invoice"], payment_status="paid")


def _customer(books: Books, session: Record, typed: Typed) -> str | None:
    """The session's customer; a new one where the mode needs one; kept over several tries."""
    hidden = books.hidden[session["id"]]
    known: str | None = session["customer"] or hidden.get("customer")
    saves = bool(hidden["data"].get("setup_future_usage")) or session["mode"] == "subscription"
    if known is None and (saves or session["customer_creation"] == "always"):
        person = {"email": typed.email or _email(session) or "", "name": typed.name or ""}
        known = hidden["customer"] = new_customer(books, Params(person))["id"]
    return known


def _email(session: Record) -> str | None:
    email: str | None = session["customer_email"] or (session["customer_details"] or {}).get("email")
    return email
