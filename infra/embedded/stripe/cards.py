"""Cards: the test cards that Stripe documents, and how each behaves (https://docs.stripe.com/testing)."""

from dataclasses import dataclass
from typing import Literal

Asks = Literal["never", "unless_set_up", "on_session", "always"]
"""When the bank wants the shopper to authenticate: never, until the card is set up, only when the shopper is there (the
card counts as set up), or at every payment."""


@dataclass(frozen=True, slots=True)
class Decline:
    """How a bank says no: Stripe's error code, decline code and sentence."""

    code: str
    decline_code: str | None
    message: str


@dataclass(frozen=True, slots=True)
class Card:
    """One test card."""

    number: str
    brand: str = "visa"
    funding: str = "credit"
    decline: Decline | None = None
    """Every charge is declined so."""
    saves: bool = True
    """Whether it can be attached to a customer; the documented declining cards cannot, but for one."""
    asks: Asks = "never"
    dispute: str | None = None
    """The reason of the dispute that every successful charge leads to."""
    refund: Literal["at_once", "pending", "fails"] = "at_once"
    cvc_check: str = "pass"


GENERIC = Decline("card_declined", "generic_decline", "Your card was declined.")
INSUFFICIENT = Decline("card_declined", "insufficient_funds", "Your card has insufficient funds.")
LOST = Decline("card_declined", "lost_card", "Your card was declined.")
STOLEN = Decline("card_declined", "stolen_card", "Your card was declined.")
VELOCITY = Decline(
    "card_declined",
    "card_velocity_exceeded",
    "Your card was declined for making repeated attempts too frequently or exceeding its amount limit.",
)
FRAUDULENT = Decline("card_declined", "fraudulent", "Your card was declined.")
EXPIRED = Decline("expired_card", "expired_card", "Your card has expired.")
WRONG_CVC = Decline("incorrect_cvc", "incorrect_cvc", "Your card's security code is incorrect.")
PROCESSING = Decline(
    "processing_error", "processing_error", "An error occurred while processing your card. Try again in a little bit."
)
AUTHENTICATION = Decline(
    "authentication_required",
    "authentication_required",
    "Your card was declined. This transaction requires authentication.",
)
WRONG_NUMBER = Decline("incorrect_number", None, "Your card number is incorrect.")

_CARDS = {
    "visa": Card("4242424242424242"),
    "visa_debit": Card("4000056655665556", funding="debit"),
    "mastercard": Card("5555555555554444", "mastercard"),
    "mastercard_debit": Card("5200828282828210", "mastercard", "debit"),
    "mastercard_prepaid": Card("5105105105105100", "mastercard", "prepaid"),
    "amex": Card("378282246310005", "amex"),
    "discover": Card("6011111111111117", "discover"),
    "diners": Card("3056930009020004", "diners"),
    "jcb": Card("3566002020360505", "jcb"),
    "unionpay": Card("6200000000000005", "unionpay"),
    "cvcCheckFail": Card("4000000000000101", cvc_check="fail"),
    "visa_chargeDeclined": Card("4000000000000002", decline=GENERIC, saves=False),
    "visa_chargeDeclinedInsufficientFunds": Card("4000000000009995", decline=INSUFFICIENT, saves=False),
    "visa_chargeDeclinedLostCard": Card("4000000000009987", decline=LOST, saves=False),
    "visa_chargeDeclinedStolenCard": Card("4000000000009979", decline=STOLEN, saves=False),
    "visa_chargeDeclinedVelocityLimitExceeded": Card("4000000000006975", decline=VELOCITY, saves=False),
    "chargeDeclinedExpiredCard": Card("4000000000000069", decline=EXPIRED, saves=False),
    "chargeDeclinedIncorrectCvc": Card("4000000000000127", decline=WRONG_CVC, saves=False, cvc_check="fail"),
    "chargeDeclinedProcessingError": Card("4000000000000119", decline=PROCESSING, saves=False),
    "chargeCustomerFail": Card("4000000000000341", decline=GENERIC),
    "radarBlock": Card("4100000000000019", decline=FRAUDULENT, saves=False),
    "authenticationRequiredOnSetup": Card("4000002500003155", asks="unless_set_up"),
    "authenticationRequired": Card("4000002760003184", asks="always"),
    "authenticationRequiredSetupForOffSession": Card("4000003800000446", asks="on_session"),
    "authenticationRequiredChargeDeclinedInsufficientFunds": Card(
        "4000008260003178", decline=INSUFFICIENT, asks="unless_set_up"
    ),
    "threeDSecure2Required": Card("4000000000003220", asks="always"),
    "threeDSecureRequired": Card("4000000000003063", asks="always"),
    "threeDSecureRequiredChargeDeclined": Card("4000008400001629", decline=GENERIC, asks="always"),
    "threeDSecureOptional": Card("4000000000003055"),
    "createDispute": Card("4000000000000259", dispute="fraudulent"),
    "createDisputeProductNotReceived": Card("4000000000002685", dispute="product_not_received"),
    "createDisputeInquiry": Card("4000000000001976", dispute="inquiry"),
    "pendingRefund": Card("4000000000007726", refund="pending"),
    "refundFail": Card("4000000000005126", refund="fails"),
}
_SHORT_NAMES = {
    name.removeprefix("visa_"): card for name, card in _CARDS.items() if name.startswith("visa_chargeDeclined")
}
_TOKENS = {**_CARDS, **_SHORT_NAMES}
_NUMBERS = {card.number: card for card in _CARDS.values()}


def find_by_token(token: str) -> Card | None:
    """The card of `pm_card_…` or `tok_…`."""
    for prefix in ("pm_card_", "tok_"):
        if token.startswith(prefix):
            return _TOKENS.get(token.removeprefix(prefix))
    return None


def find_by_number(number: str) -> Card | None:
    """The card of this number; None when it is not a test card, for nobody shall type his own here."""
    return _NUMBERS.get(number)
