"""Invoices: what a subscription's period costs, and the payment that settles it."""

from dataclasses import dataclass, field

from infra.embedded.stripe.books import Books, Record, empty, listed, new_id
from infra.embedded.stripe.calls import DATED, Call, route
from infra.embedded.stripe.forms import Params
from infra.embedded.stripe.paying import Confirmation, confirm_intent
from infra.embedded.stripe.payment_intents import new_intent
from infra.embedded.stripe.refusals import CardRefused, InvalidRequest, WrongState

RETRY_DAYS = 3
MOST_ATTEMPTS = 4


@dataclass(frozen=True, slots=True)
class Line:
    """One line to be billed; the period in whole seconds."""

    item: Record
    quantity: int
    amount: int
    start: int
    end: int


@dataclass(slots=True)
class Draft:
    """What an invoice is to hold."""

    subscription: Record
    reason: str
    lines: list[Line] = field(default_factory=list)
    start: int = 0
    end: int = 0


def make_invoice(books: Books, draft: Draft) -> Record:
    """Create and finalize; one over nothing is paid at once."""
    invoice = books.add(_invoice(books, draft), subscription=draft.subscription["id"])
    books.emit("invoice.created", invoice)
    invoice.update(status="open", effective_at=books.now())
    invoice["status_transitions"]["finalized_at"] = books.now()
    books.emit("invoice.finalized", invoice)
    if invoice["amount_due"] == 0:
        _mark_paid(books, invoice)
    return invoice


def pay_invoice(books: Books, invoice: Record, method: str | None) -> Record:
    """Try to collect without the shopper. Raises CardRefused; the invoice stays open and says when the next try is."""
    if invoice["status"] != "open":
        raise WrongState(f"Invoice is already {invoice['status']}.", code="invoice_not_editable")
    if method is None:
        raise InvalidRequest("This customer has no attached payment source or default payment method.")
    invoice.update(attempted=True, attempt_count=invoice["attempt_count"] + 1)
    try:
        intent = confirm_intent(books, _intent(books, invoice, method), Confirmation(off_session=True))
    except CardRefused:
        retries = invoice["attempt_count"] < MOST_ATTEMPTS
        invoice["next_payment_attempt"] = books.now() + RETRY_DAYS * 86400 if retries else None
        books.emit("invoice.payment_failed", invoice)
        raise
    books.hidden[invoice["id"]]["payment_intent"] = intent["id"]
    return _mark_paid(books, invoice)


def void_invoice(books: Books, invoice: Record) -> Record:
    """Nobody owes it any more."""
    invoice.update(status="void", next_payment_attempt=None, amount_remaining=0)
    invoice["status_transitions"]["voided_at"] = books.now()
    books.emit("invoice.voided", invoice)
    return invoice


def retrieve(call: Call) -> Record:
    return call.books.get("invoice", call.id)


def list_invoices(call: Call) -> Record:
    wanted = call.params.text("subscription")
    fits = call.books.choose(
        "invoice",
        lambda row: (
            call.fits(row, "customer", "status")
            and (wanted is None or call.books.hidden[row["id"]]["subscription"] == wanted)
        ),
    )
    return call.page(fits)


def void(call: Call) -> Record:
    invoice = call.books.get("invoice", call.id)
    if invoice["status"] != "open":
        raise WrongState(f"Invoice is {invoice['status']} and cannot be voided.", code="invoice_not_editable")
    return void_invoice(call.books, invoice)


def _intent(books: Books, invoice: Record, method: str) -> Record:
    subscription = books.get("subscription", books.hidden[invoice["id"]]["subscription"])
    wanted = {
        "amount": str(invoice["amount_due"]),
        "currency": invoice["currency"],
        "customer": invoice["customer"],
        "payment_method": method,
        "allowed_payment_method_types": {"0": "card"},
        "description": "Subscription creation" if invoice["attempt_count"] == 1 else "Subscription update",
    }
    percent = subscription["application_fee_percent"]
    if percent and not books.is_platform:
        wanted["application_fee_amount"] = str(int(invoice["amount_due"] * percent // 100))
    return new_intent(books, Params(wanted))


def _mark_paid(books: Books, invoice: Record) -> Record:
    invoice.update(status="paid", amount_paid=invoice["amount_due"], amount_remaining=0, next_payment_attempt=None)
    invoice.update(attempted=True)
    invoice["status_transitions"]["paid_at"] = books.now()
    for event in ("invoice.paid", "invoice.payment_succeeded"):
        books.emit(event, invoice)
    return invoice


def _invoice(books: Books, draft: Draft) -> Record:
    subscription, invoice_id = draft.subscription, new_id("in")
    customer = books.get("customer", subscription["customer"])
    customer["next_invoice_sequence"] += 1
    total = sum(line.amount for line in draft.lines)
    lines = [_line(invoice_id, subscription, line) for line in draft.lines]
    return {
        **empty(
            "account_country account_tax_ids application automatically_finalizes_at custom_fields customer_account"
        ),
        **empty("customer_address customer_shipping default_payment_method default_source description due_date footer"),
        **empty(
            "from_invoice last_finalization_error latest_revision next_payment_attempt on_behalf_of receipt_number"
        ),
        **empty("rendering shipping_cost shipping_details statement_descriptor test_clock webhooks_delivered_at"),
        **empty("effective_at"),
        "id": invoice_id,
        "object": "invoice",
        "account_name": books.account,
        "amount_due": total,
        "amount_overpaid": 0,
        "amount_paid": 0,
        "amount_remaining": total,
        "amount_shipping": 0,
        "attempt_count": 0,
        "attempted": False,
        "auto_advance": True,
        "automatic_tax": {**empty("disabled_reason liability provider status"), "enabled": False},
        "billing_reason": draft.reason,
        "collection_method": "charge_automatically",
        "created": books.now(),
        "currency": subscription["currency"],
        "customer_email": customer["email"],
        "customer": customer["id"],
        "customer_name": customer["name"],
        "customer_phone": customer["phone"],
        "customer_tax_exempt": "none",
        "customer_tax_ids": [],
        "default_tax_rates": [],
        "discounts": [],
        "ending_balance": 0,
        "hosted_invoice_url": books.world.page(f"/receipts/{invoice_id}"),
        "invoice_pdf": books.world.page(f"/receipts/{invoice_id}"),
        "issuer": {"type": "self"},
        "lines": listed(lines, f"/v1/invoices/{invoice_id}/lines"),
        "livemode": False,
        "metadata": {},
        "number": f"{customer['invoice_prefix']}-{customer['next_invoice_sequence'] - 1:04}",
        "parent": {
            "quote_details": None,
            "subscription_details": {"metadata": subscription["metadata"], "subscription": subscription["id"]},
            "type": "subscription_details",
        },
        "payment_settings": empty("default_mandate payment_method_options payment_method_types"),
        "period_end": draft.end,
        "period_start": draft.start,
        "post_payment_credit_notes_amount": 0,
        "pre_payment_credit_notes_amount": 0,
        "starting_balance": 0,
        "status": "draft",
        "status_transitions": empty("finalized_at marked_uncollectible_at paid_at voided_at"),
        "subtotal": total,
        "subtotal_excluding_tax": total,
        "total": total,
        "total_discount_amounts": [],
        "total_excluding_tax": total,
        "total_pretax_credit_amounts": [],
        "total_taxes": [],
    }


def _line(invoice_id: str, subscription: Record, line: Line) -> Record:
    price = line.item["price"]
    details = {"invoice_item": None, "proration": False, "proration_details": None}
    details |= {"subscription": subscription["id"], "subscription_item": line.item["id"]}
    return {
        "id": new_id("il"),
        "object": "line_item",
        "amount": line.amount,
        "currency": subscription["currency"],
        "description": f"{line.quantity} × {price['nickname'] or price['product']}",
        "discount_amounts": [],
        "discountable": True,
        "discounts": [],
        "invoice": invoice_id,
        "livemode": False,
        "metadata": {},
        "parent": {
            "invoice_item_details": None,
            "subscription_item_details": details,
            "type": "subscription_item_details",
        },
        "period": {"end": line.end, "start": line.start},
        "pretax_credit_amounts": [],
        "pricing": {
            "price_details": {"price": price["id"], "product": price["product"]},
            "type": "price_details",
            "unit_amount_decimal": price["unit_amount_decimal"],
        },
        "quantity": line.quantity,
        "subscription": subscription["id"],
        "subtotal": line.amount,
        "taxes": [],
    }


ROUTES = (
    route("GET", "/v1/invoices", list_invoices, f"customer status subscription {DATED}"),
    route("GET", "/v1/invoices/{id}", retrieve),
    route("POST", "/v1/invoices/{id}/void", void),
)
