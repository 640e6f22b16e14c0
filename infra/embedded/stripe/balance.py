"""Balance: every movement of an account's money, so that what was taken can be added up."""

from infra.embedded.stripe.books import Books, Record, empty, new_id
from infra.embedded.stripe.calls import DATED, Call, route

_CATEGORIES = {
    "charge": "charge",
    "refund": "refund",
    "refund_failure": "refund_failure",
    "adjustment": "dispute",
    "application_fee": "platform_earning",
    "application_fee_refund": "platform_earning_refund",
}


def processing_fee(amount: int) -> int:
    """What Stripe keeps of a card payment: 2.9 % and 30 minor units, as in its price list for US cards."""
    return amount * 29 // 1000 + 30


def move_money(
    books: Books, kind: str, amount: int, currency: str, source: str, fees: dict[str, int] | None = None
) -> Record:
    """Book a movement; `amount` is before fees and negative when money leaves."""
    charged = {name: fee for name, fee in (fees or {}).items() if fee}
    record = {
        **empty("description exchange_rate"),
        "id": new_id("txn"),
        "object": "balance_transaction",
        "amount": amount,
        "available_on": books.now(),
        "balance_type": "payments",
        "created": books.now(),
        "currency": currency,
        "fee": sum(charged.values()),
        "fee_details": [
            {
                "amount": fee,
                "application": None,
                "currency": currency,
                "description": name.replace("_", " "),
                "type": name,
            }
            for name, fee in charged.items()
        ],
        "net": amount - sum(charged.values()),
        "reporting_category": _CATEGORIES[kind],
        "source": source,
        "status": "available",
        "type": kind,
    }
    return books.add(record)


def retrieve(call: Call) -> Record:
    """The sums by currency."""
    sums: dict[str, int] = {}
    for row in call.books.table("balance_transaction").values():
        sums[row["currency"]] = sums.get(row["currency"], 0) + row["net"]
    rows = [{"amount": amount, "currency": currency} for currency, amount in (sums or {"usd": 0}).items()]
    nothing = [{**row, "amount": 0} for row in rows]
    return {"object": "balance", "available": rows, "livemode": False, "pending": nothing}


def retrieve_transaction(call: Call) -> Record:
    return call.books.get("balance_transaction", call.id)


def list_transactions(call: Call) -> Record:
    fits = call.books.choose("balance_transaction", lambda row: call.fits(row, "type", "source", "currency"))
    return call.page(fits)


ROUTES = (
    route("GET", "/v1/balance", retrieve),
    route("GET", "/v1/balance_transactions", list_transactions, f"type source currency {DATED}"),
    route("GET", "/v1/balance_transactions/{id}", retrieve_transaction),
)
