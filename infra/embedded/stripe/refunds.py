"""Refunds: money that goes back to the card, in parts if wanted, with the platform's share of it if asked for."""

from infra.embedded.stripe.application_fees import return_fee, share_to_return
from infra.embedded.stripe.balance import move_money
from infra.embedded.stripe.books import Books, Record, empty, new_id
from infra.embedded.stripe.calls import DATED, Call, route
from infra.embedded.stripe.payment_methods import card_of
from infra.embedded.stripe.refusals import InvalidRequest, WrongState

PENDING_SECONDS = 60
"""How long a refund stays pending on the card that is for that, and how soon one fails on the card for that."""
_REASONS = ("duplicate", "fraudulent", "requested_by_customer")


def create(call: Call) -> Record:
    """Refund a charge or the charge of an intent. Raises WrongState when nothing is left of it."""
    charge = _charge(call)
    reason = call.params.choice("reason", *_REASONS)
    metadata, with_fee = call.params.metadata(), call.params.flag("refund_application_fee")
    if with_fee and charge["application_fee"] is None:
        raise InvalidRequest("The charge has no application fee to refund.", param="refund_application_fee")
    refund = make_refund(call.books, charge, _amount(call, charge), reason, metadata)
    if with_fee:
        _return_share(call.books, charge)
    return refund


def make_refund(books: Books, charge: Record, amount: int, reason: str | None, metadata: dict[str, str]) -> Record:
    """Give that much back; the caller has checked that it is left."""
    outcome = card_of(books, books.get("payment_method", charge["payment_method"])).refund
    refund = books.add(_refund(books, charge, amount, reason, metadata, pending=outcome == "pending"))
    moved = move_money(books, "refund", -amount, charge["currency"], refund["id"])
    refund["balance_transaction"] = moved["id"]
    charge["amount_refunded"] += amount
    charge["refunded"] = charge["amount_refunded"] == charge["amount"]
    books.emit("refund.created", refund)
    books.emit("charge.refunded", charge)
    if outcome != "at_once":
        books.world.remind(books.now() + PENDING_SECONDS, "refund", books.account, refund["id"])
    return refund


def settle_refund(books: Books, refund: Record) -> None:
    """What becomes of it later: a pending one succeeds, one on the failing card comes back."""
    if refund["status"] == "pending":
        books.change(refund, "refund.updated", status="succeeded")
    elif refund["status"] == "succeeded":
        _undo(books, refund, "failed", failure_reason="expired_or_canceled_card")
        books.emit("refund.failed", refund)


def retrieve(call: Call) -> Record:
    return call.books.get("refund", call.id)


def update(call: Call) -> Record:
    refund = call.books.get("refund", call.id)
    return call.books.change(refund, "refund.updated", metadata=call.params.metadata(refund["metadata"]))


def cancel(call: Call) -> Record:
    refund = call.books.get("refund", call.id)
    if refund["status"] != "pending":
        raise WrongState(f"A refund with status {refund['status']} cannot be canceled.")
    _undo(call.books, refund, "canceled")
    call.books.emit("refund.updated", refund)
    return refund


def list_refunds(call: Call) -> Record:
    return call.page(call.books.choose("refund", lambda row: call.fits(row, "charge", "payment_intent")))


def _charge(call: Call) -> Record:
    books, wanted = call.books, call.params.text("charge")
    if wanted is not None:
        return books.get("charge", wanted, "charge")
    if "payment_intent" not in call.params:
        raise InvalidRequest(
            "One of the following params should be provided for this request: payment_intent or charge."
        )
    intent = books.get("payment_intent", call.params.need_text("payment_intent"), "payment_intent")
    if intent["status"] != "succeeded":
        raise WrongState(f"This PaymentIntent ({intent['id']}) does not have a successful charge to refund.")
    return books.get("charge", intent["latest_charge"])


def _amount(call: Call, charge: Record) -> int:
    if charge["status"] != "succeeded" or not charge["captured"]:
        raise WrongState(f"Charge {charge['id']} cannot be refunded: no money was taken.", code="charge_not_refundable")
    disputes = call.books.choose(
        "dispute", lambda row: row["charge"] == charge["id"] and not row["is_charge_refundable"]
    )
    if disputes:
        raise WrongState(f"Charge {charge['id']} has been charged back; cannot issue a refund.", code="charge_disputed")
    left: int = charge["amount"] - charge["amount_refunded"]
    if left == 0:
        raise WrongState(f"Charge {charge['id']} has already been refunded.", code="charge_already_refunded")
    amount = left if call.params.whole("amount") is None else call.params.need_whole("amount")
    if amount < 1:
        raise InvalidRequest("Invalid positive integer", code="parameter_invalid_integer", param="amount")
    if amount > left:
        message = f"Refund amount ({amount}) is greater than unrefunded amount on charge ({left})"
        raise InvalidRequest(message, param="amount")
    return amount


def _return_share(books: Books, charge: Record) -> None:
    platform = books.world.platform()
    share = share_to_return(platform, charge)
    if share:
        return_fee(platform, platform.get("application_fee", charge["application_fee"]), share, {})


def _undo(books: Books, refund: Record, status: str, **more: str) -> None:
    """The money is the merchant's again."""
    charge = books.get("charge", refund["charge"])
    moved = move_money(books, "refund_failure", refund["amount"], refund["currency"], refund["id"])
    refund.update(status=status, failure_balance_transaction=moved["id"], pending_reason=None, **more)
    charge["amount_refunded"] -= refund["amount"]
    charge["refunded"] = False


def _refund(
    books: Books, charge: Record, amount: int, reason: str | None, metadata: dict[str, str], *, pending: bool
) -> Record:
    reference = {"reference": None, "reference_status": "pending", "reference_type": "acquirer_reference_number"}
    return {
        **empty("balance_transaction customer_account receipt_number source_transfer_reversal transfer_reversal"),
        "id": new_id("re"),
        "object": "refund",
        "amount": amount,
        "charge": charge["id"],
        "created": books.now(),
        "currency": charge["currency"],
        "customer": charge["customer"],
        "destination_details": {"card": {**reference, "type": "refund"}, "type": "card"},
        "metadata": metadata,
        "payment_intent": charge["payment_intent"],
        "payment_method": charge["payment_method"],
        "pending_reason": "processing" if pending else None,
        "reason": reason,
        "status": "pending" if pending else "succeeded",
    }


ROUTES = (
    route("POST", "/v1/refunds", create, "amount charge payment_intent reason refund_application_fee metadata"),
    route("GET", "/v1/refunds", list_refunds, f"charge payment_intent {DATED}"),
    route("GET", "/v1/refunds/{id}", retrieve),
    route("POST", "/v1/refunds/{id}", update, "metadata"),
    route("POST", "/v1/refunds/{id}/cancel", cancel),
)
