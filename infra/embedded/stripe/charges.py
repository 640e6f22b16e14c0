"""Charges: each attempt of an intent to take money, whether the bank said yes or no.

The real Stripe fills in `balance_transaction` and `application_fee` some seconds after a charge with the capture method
`automatic_async`, which is the default, and tells by `charge.updated`; here they are there at once.
"""

import copy
from dataclasses import dataclass

from infra.embedded.stripe.application_fees import take_fee
from infra.embedded.stripe.balance import move_money, processing_fee
from infra.embedded.stripe.books import Books, Record, empty, new_id
from infra.embedded.stripe.calls import DATED, Call, route
from infra.embedded.stripe.cards import FRAUDULENT, Decline
from infra.embedded.stripe.disputes import open_dispute
from infra.embedded.stripe.payment_methods import card_of
from infra.embedded.stripe.searching import SEARCH, search

APPLICATION = "ca_lastbookfake"
HOLD_SECONDS = 7 * 86400
"""How long a card's hold lasts before it is released by itself."""


@dataclass(frozen=True, slots=True)
class Attempt:
    """What is asked of the bank."""

    intent: Record
    method: Record
    decline: Decline | None
    captured: bool
    authenticated: bool


def make_charge(books: Books, attempt: Attempt) -> Record:
    """Record the attempt and, when the money was taken, book it."""
    charge = books.add(_charge(books, attempt))
    if attempt.decline is not None:
        books.emit("charge.failed", charge)
        return charge
    if attempt.captured:
        _book(books, charge)
    books.emit("charge.succeeded", charge)
    if attempt.captured:
        _dispute(books, charge)
    return charge


def capture_charge(books: Books, charge: Record, amount: int, fee: int | None) -> Record:
    """Take held money; what is not taken is released."""
    charge.update(captured=True, amount_captured=amount)
    charge["amount_refunded"] = charge["amount"] - amount
    if fee is not None:
        charge["application_fee_amount"] = fee
    _book(books, charge)
    books.emit("charge.captured", charge)
    _dispute(books, charge)
    return charge


def release_charge(books: Books, charge: Record, event: str) -> None:
    """Give a hold up: nothing was taken and nothing can be any more."""
    charge.update(refunded=True, amount_refunded=charge["amount"])
    books.emit(event, charge)


def retrieve(call: Call) -> Record:
    return call.books.get("charge", call.id)


def update(call: Call) -> Record:
    charge = call.books.get("charge", call.id)
    described = call.params.text("description") if "description" in call.params else charge["description"]
    metadata = call.params.metadata(charge["metadata"])
    return call.books.change(charge, "charge.updated", metadata=metadata, description=described)


def list_charges(call: Call) -> Record:
    return call.page(call.books.choose("charge", lambda row: call.fits(row, "customer", "payment_intent")))


def search_charges(call: Call) -> Record:
    return search(call, "charge", ("amount", "created", "currency", "customer", "status"))


def _book(books: Books, charge: Record) -> None:
    amount, fee = charge["amount_captured"], charge["application_fee_amount"] or 0
    fees = {"stripe_fee": processing_fee(amount), "application_fee": fee}
    moved = move_money(books, "charge", amount, charge["currency"], charge["id"], fees)
    charge["balance_transaction"] = moved["id"]
    if fee:
        charge["application_fee"] = take_fee(books, charge, fee)["id"]


def _dispute(books: Books, charge: Record) -> None:
    reason = card_of(books, books.get("payment_method", charge["payment_method"])).dispute
    if reason is not None:
        open_dispute(books, charge, reason)


def _charge(books: Books, attempt: Attempt) -> Record:
    intent, method, decline = attempt.intent, attempt.method, attempt.decline
    charge_id, paid = new_id("ch"), decline is None
    return {
        **empty("application_fee balance_transaction failure_balance_transaction on_behalf_of receipt_number review"),
        **empty("source source_transfer transfer_data transfer_group calculated_statement_descriptor"),
        "id": charge_id,
        "object": "charge",
        "amount": intent["amount"],
        "amount_captured": intent["amount"] if paid and attempt.captured else 0,
        "amount_refunded": 0,
        "application": None if books.is_platform else APPLICATION,
        "application_fee_amount": intent["application_fee_amount"],
        "billing_details": copy.deepcopy(method["billing_details"]),
        "captured": paid and attempt.captured,
        "created": books.now(),
        "currency": intent["currency"],
        "customer": intent["customer"],
        "description": intent["description"],
        "disputed": False,
        "failure_code": decline.code if decline else None,
        "failure_message": decline.message if decline else None,
        "fraud_details": {},
        "livemode": False,
        "metadata": dict(intent["metadata"]),
        "outcome": _outcome(decline),
        "paid": paid,
        "payment_intent": intent["id"],
        "payment_method": method["id"],
        "payment_method_details": _details(books, attempt),
        "radar_options": {},
        "receipt_email": intent["receipt_email"],
        "receipt_url": books.world.page(f"/receipts/{charge_id}") if paid else None,
        "refunded": False,
        "shipping": intent["shipping"],
        "statement_descriptor": intent["statement_descriptor"],
        "statement_descriptor_suffix": intent["statement_descriptor_suffix"],
        "status": "succeeded" if paid else "failed",
    }


def _outcome(decline: Decline | None) -> Record:
    said = {
        **empty("advice_code network_advice_code network_decline_code reason"),
        "network_status": "approved_by_network",
        "risk_level": "normal",
        "risk_score": 20,
        "seller_message": "Payment complete.",
        "type": "authorized",
    }
    if decline is None:
        return said
    if decline is FRAUDULENT:
        blocked = {"network_status": "not_sent_to_network", "type": "blocked", "reason": "highest_risk_level"}
        return {**said, **blocked, "risk_level": "highest", "seller_message": "Stripe blocked this payment."}
    said |= {"network_status": "declined_by_network", "type": "issuer_declined", "reason": decline.decline_code}
    return {**said, "seller_message": "The bank did not return any further details with this decline."}


def _details(books: Books, attempt: Attempt) -> Record:
    card = attempt.method["card"]
    held = attempt.decline is None and not attempt.captured
    authenticated = {
        **empty("authentication_flow electronic_commerce_indicator exemption_indicator exemption_indicator_applied"),
        **empty("result_reason transaction_id"),
        "result": "authenticated",
        "version": "2.2.0",
    }
    shown = {name: card[name] for name in ("brand", "checks", "country", "exp_month", "exp_year", "fingerprint")}
    return {
        "card": {
            **empty("installments mandate network_transaction_id regulated_status wallet authorization_code"),
            **shown,
            "amount_authorized": attempt.intent["amount"] if attempt.decline is None else None,
            "capture_before": books.now() + HOLD_SECONDS if held else None,
            "funding": card["funding"],
            "last4": card["last4"],
            "network": card["brand"],
            "three_d_secure": authenticated if attempt.authenticated else None,
        },
        "type": "card",
    }


ROUTES = (
    route("GET", "/v1/charges", list_charges, f"customer payment_intent {DATED}"),
    route("GET", "/v1/charges/search", search_charges, SEARCH),
    route("GET", "/v1/charges/{id}", retrieve),
    route("POST", "/v1/charges/{id}", update, "description metadata"),
)
