"""Currencies: those that the fake takes, and the smallest and largest payment in each."""

from infra.embedded.stripe.forms import Params
from infra.embedded.stripe.refusals import InvalidRequest

# In minor units; where Stripe names no smallest payment (https://docs.stripe.com/currencies#minimum-and-maximum-charge-
# amounts) it is about half a US dollar.
_LEAST = {
    **dict.fromkeys(("aud", "brl", "cad", "chf", "eur", "inr", "jpy", "nzd", "sgd", "usd"), 50),
    **dict.fromkeys(("aed", "myr", "pln", "ron"), 200),
    **dict.fromkeys(("nok", "sek"), 300),
    **dict.fromkeys(("cny", "hkd"), 400),
    **dict.fromkeys(("mxn", "thb", "zar"), 1000),
    "bgn": 100,
    "czk": 1500,
    "dkk": 250,
    "gbp": 30,
    "huf": 17500,
    "ils": 200,
    "krw": 700,
    "twd": 2000,
}
NO_DECIMALS = ("jpy", "krw")
"""Their minor unit is the unit itself."""
_MOST = 99_999_999


def read_currency(params: Params) -> str:
    """The parameter `currency`, in lower case. Raises InvalidRequest."""
    currency = params.need_text("currency").lower()
    if currency not in _LEAST:
        raise InvalidRequest(f"Invalid currency: {currency}.", param=params.place("currency"))
    return currency


def read_amount(params: Params, currency: str) -> int:
    """The parameter `amount`, in minor units. Raises InvalidRequest for one that Stripe does not take."""
    amount, least = params.need_whole("amount"), _LEAST[currency]
    if amount < 1:
        said = "This value must be greater than or equal to 1."
        raise InvalidRequest(said, code="parameter_invalid_integer", param="amount")
    if amount < least:
        said = f"Amount must be at least {least} in minor units of {currency}."
        raise InvalidRequest(said, code="amount_too_small", param="amount")
    if amount > _MOST:
        raise InvalidRequest(f"Amount must be no more than {_MOST}.", code="amount_too_large", param="amount")
    return amount
