"""Disputes: a shopper asks the bank for the money back; the merchant may answer with evidence."""

from infra.embedded.stripe.balance import move_money
from infra.embedded.stripe.books import Books, Record, empty, new_id
from infra.embedded.stripe.calls import DATED, Call, route
from infra.embedded.stripe.refusals import InvalidRequest, WrongState

DISPUTE_FEE = 1500
_DAYS_TO_ANSWER = 9
_EVIDENCE = (
    "access_activity_log billing_address cancellation_policy cancellation_policy_disclosure cancellation_rebuttal "
    "customer_communication customer_email_address customer_name customer_purchase_ip customer_signature "
    "duplicate_charge_documentation duplicate_charge_explanation duplicate_charge_id product_description receipt "
    "refund_policy refund_policy_disclosure refund_refusal_explanation service_date service_documentation "
    "shipping_address shipping_carrier shipping_date shipping_documentation shipping_tracking_number "
    "uncategorized_file uncategorized_text"
)
_OPEN = ("needs_response", "warning_needs_response", "under_review", "warning_under_review")


def open_dispute(books: Books, charge: Record, reason: str) -> Record:
    """Open a dispute over the whole charge and take the money; an `inquiry` takes none yet."""
    if charge["disputed"]:
        raise WrongState(f"Charge {charge['id']} has a dispute already.", code="charge_disputed")
    inquiry = reason == "inquiry"
    dispute = books.add(_dispute(books, charge, "general" if inquiry else reason, inquiry=inquiry))
    charge["disputed"] = True
    if not inquiry:
        _move(books, dispute, -dispute["amount"], DISPUTE_FEE)
    books.emit("charge.dispute.created", dispute)
    if not inquiry:
        books.emit("charge.dispute.funds_withdrawn", dispute)
    return dispute


def close_dispute(books: Books, dispute: Record, status: str) -> Record:
    """End it: `won` gives the money back, `lost` does not. Raises WrongState when it has ended."""
    if dispute["status"] not in _OPEN:
        raise WrongState("This dispute is already closed.")
    if dispute["status"].startswith("warning"):
        status = "warning_closed"
    dispute["status"] = status
    dispute["is_charge_refundable"] = status != "lost"
    books.emit("charge.dispute.closed", dispute)
    if status == "won":
        _move(books, dispute, dispute["amount"], -DISPUTE_FEE)
        books.emit("charge.dispute.funds_reinstated", dispute)
    return dispute


def retrieve(call: Call) -> Record:
    return call.books.get("dispute", call.id)


def list_disputes(call: Call) -> Record:
    return call.page(call.books.choose("dispute", lambda row: call.fits(row, "charge", "payment_intent")))


def update(call: Call) -> Record:
    """Store evidence and hand it in; the documented texts `winning_evidence` and `losing_evidence` decide at once."""
    books, dispute = call.books, call.books.get("dispute", call.id)
    if dispute["status"] not in _OPEN:
        raise InvalidRequest("This dispute is already closed.")
    given = call.params.hash("evidence")
    given.allow(_EVIDENCE.split())
    dispute["evidence"].update({name: given.text(name) for name in given})
    dispute["metadata"] = call.params.metadata(dispute["metadata"])
    dispute["evidence_details"]["has_evidence"] |= bool(given.tree)
    if call.params.flag("submit") is False or not given.tree:
        books.emit("charge.dispute.updated", dispute)
        return dispute
    dispute["evidence_details"]["submission_count"] += 1
    dispute["evidence_details"]["submission_method"] = "manual"
    dispute["status"] = "warning_under_review" if dispute["status"].startswith("warning") else "under_review"
    books.emit("charge.dispute.updated", dispute)
    decided = {"winning_evidence": "won", "losing_evidence": "lost"}.get(given.text("uncategorized_text") or "")
    return close_dispute(books, dispute, decided) if decided else dispute


def close(call: Call) -> Record:
    """Give in."""
    return close_dispute(call.books, call.books.get("dispute", call.id), "lost")


def _move(books: Books, dispute: Record, amount: int, fee: int) -> None:
    moved = move_money(books, "adjustment", amount, dispute["currency"], dispute["id"], {"stripe_fee": fee})
    dispute["balance_transactions"].append(moved)


def _dispute(books: Books, charge: Record, reason: str, *, inquiry: bool) -> Record:
    brand = charge["payment_method_details"]["card"]["brand"]
    kind = "inquiry" if inquiry else "chargeback"
    return {
        "id": new_id("du"),
        "object": "dispute",
        "amount": charge["amount_captured"] - charge["amount_refunded"],
        "balance_transactions": [],
        "charge": charge["id"],
        "created": books.now(),
        "currency": charge["currency"],
        "enhanced_eligibility_types": [],
        "evidence": {**empty(_EVIDENCE), "enhanced_evidence": {}},
        "evidence_details": {
            "due_by": books.now() + _DAYS_TO_ANSWER * 86400,
            "enhanced_eligibility": {},
            "has_evidence": False,
            "past_due": False,
            "submission_count": 0,
            "submission_method": "not_submitted",
        },
        "is_charge_refundable": inquiry,
        "livemode": False,
        "metadata": {},
        "network_reason_code": "10.4",
        "payment_intent": charge["payment_intent"],
        "payment_method_details": {
            "card": {"brand": brand, "case_type": kind, "network": brand, "network_reason_code": "10.4"},
            "type": "card",
        },
        "reason": reason,
        "status": "warning_needs_response" if inquiry else "needs_response",
    }


ROUTES = (
    route("GET", "/v1/disputes", list_disputes, f"charge payment_intent {DATED}"),
    route("GET", "/v1/disputes/{id}", retrieve),
    route("POST", "/v1/disputes/{id}", update, "evidence metadata submit"),
    route("POST", "/v1/disputes/{id}/close", close),
)
