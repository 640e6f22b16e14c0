"""Application fees: the platform's share of a direct charge, kept in the platform's books, not in the merchant's."""

from infra.embedded.stripe.balance import move_money
from infra.embedded.stripe.books import Books, Record, listed, new_id
from infra.embedded.stripe.calls import DATED, LIST, Call, route
from infra.embedded.stripe.refusals import InvalidRequest, WrongState


def take_fee(books: Books, charge: Record, amount: int) -> Record:
    """Keep the platform's share of a charge that succeeded."""
    platform, fee_id = books.world.platform(), new_id("fee")
    moved = move_money(platform, "application_fee", amount, charge["currency"], fee_id)
    fee = platform.add(
        {
            "id": fee_id,
            "object": "application_fee",
            "account": books.account,
            "amount": amount,
            "amount_refunded": 0,
            "application": charge["application"],
            "balance_transaction": moved["id"],
            "charge": charge["id"],
            "created": books.now(),
            "currency": charge["currency"],
            "fee_source": {"charge": charge["id"], "payout": None, "type": "charge"},
            "livemode": False,
            "originating_transaction": None,
            "refunded": False,
            "refunds": listed([], f"/v1/application_fees/{fee_id}/refunds"),
        }
    )
    platform.emit("application_fee.created", fee)
    return fee


def share_to_return(platform: Books, charge: Record) -> int:
    """The part of the fee that goes back now, in proportion to what of the charge has gone back in all."""
    fee = platform.get("application_fee", charge["application_fee"])
    taken = charge["amount_captured"]
    returned = charge["amount_refunded"] - (charge["amount"] - taken)
    share: int = max(0, fee["amount"] * returned // taken - fee["amount_refunded"])
    return share


def return_fee(platform: Books, fee: Record, amount: int, metadata: dict[str, str]) -> Record:
    """Give back a part of the fee. Raises WrongState when nothing is left."""
    left = fee["amount"] - fee["amount_refunded"]
    if left == 0:
        raise WrongState(
            f"Application fee {fee['id']} has already been refunded.", code="application_fee_already_refunded"
        )
    if not 0 < amount <= left:
        raise InvalidRequest(f"Refund amount ({amount}) is greater than fee amount left ({left}).", param="amount")
    refund_id = new_id("fr")
    moved = move_money(platform, "application_fee_refund", -amount, fee["currency"], refund_id)
    refund = platform.add(
        {
            "id": refund_id,
            "object": "fee_refund",
            "amount": amount,
            "balance_transaction": moved["id"],
            "created": platform.now(),
            "currency": fee["currency"],
            "fee": fee["id"],
            "metadata": metadata,
        }
    )
    fee["amount_refunded"] += amount
    fee["refunded"] = fee["amount_refunded"] == fee["amount"]
    fee["refunds"]["data"].insert(0, refund)
    platform.emit("application_fee.refunded", fee)
    return refund


def retrieve(call: Call) -> Record:
    return call.books.get("application_fee", call.id)


def list_fees(call: Call) -> Record:
    return call.page(call.books.choose("application_fee", lambda row: call.fits(row, "charge")))


def create_refund(call: Call) -> Record:
    fee = call.books.get("application_fee", call.id)
    amount = call.params.whole("amount")
    left = fee["amount"] - fee["amount_refunded"]
    return return_fee(call.books, fee, left if amount is None else amount, call.params.metadata())


def list_refunds(call: Call) -> Record:
    call.books.get("application_fee", call.id)
    return call.page(call.books.choose("fee_refund", lambda row: bool(row["fee"] == call.id)))


ROUTES = (
    route("GET", "/v1/application_fees", list_fees, f"charge {DATED}"),
    route("GET", "/v1/application_fees/{id}", retrieve),
    route("POST", "/v1/application_fees/{id}/refunds", create_refund, "amount metadata"),
    route("GET", "/v1/application_fees/{id}/refunds", list_refunds, LIST),
)
