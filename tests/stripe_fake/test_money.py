"""Money: whatever is called in whatever order, the books of the stand-in add up."""

from typing import Any

from hypothesis import settings
from hypothesis import strategies as some
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, invariant, rule

from infra.embedded.stripe import payment_intents, refunds
from infra.embedded.stripe.accounts import enable_account, new_account
from infra.embedded.stripe.authenticating import authenticate
from infra.embedded.stripe.books import Record
from infra.embedded.stripe.calls import Call, Handler
from infra.embedded.stripe.disputes import close_dispute
from infra.embedded.stripe.forms import Params
from infra.embedded.stripe.refusals import StripeRefusal
from infra.embedded.stripe.world import World

MERCHANT = "acct_merchant"
CARDS = (
    "pm_card_visa",
    "pm_card_chargeDeclined",
    "pm_card_authenticationRequired",
    "pm_card_pendingRefund",
    "pm_card_refundFail",
    "pm_card_createDispute",
)


class Money(RuleBasedStateMachine):
    """Payments on one merchant's account, with a fee for the platform."""

    intents = Bundle("intents")

    def __init__(self) -> None:
        super().__init__()
        self.world = World("http://stripe.example")
        account = self.world.open_account(new_account(MERCHANT, "Shop", "US"))
        self.books = self.world.books_of(MERCHANT)
        enable_account(self.books, account, charges=True)

    # Any: parameters as a form has them.
    def call(self, handler: Handler, wanted: str = "", **params: Any) -> Record | None:
        """The answer; None for a refusal."""
        try:
            return handler(Call(self.books, Params(params), {"id": wanted}, ""))
        except StripeRefusal:
            return None

    @rule(
        target=intents,
        amount=some.integers(50, 5000),
        share=some.integers(0, 100),
        capture=some.sampled_from(["automatic", "manual"]),
    )
    def open(self, amount: int, share: int, capture: str) -> str:
        fee = str(amount * share // 100)
        wanted = {"amount": str(amount), "currency": "usd", "capture_method": capture, "application_fee_amount": fee}
        opened = self.call(payment_intents.create, allowed_payment_method_types={"0": "card"}, **wanted)
        assert opened is not None
        return str(opened["id"])

    @rule(intent=intents, card=some.sampled_from(CARDS), off_session=some.sampled_from(["true", "false"]))
    def confirm(self, intent: str, card: str, off_session: str) -> None:
        self.call(payment_intents.confirm, intent, payment_method=card, off_session=off_session)

    @rule(intent=intents, passed=some.booleans())
    def answer_bank(self, intent: str, *, passed: bool) -> None:
        try:
            authenticate(self.world, intent, passed=passed)
        except StripeRefusal:
            return

    @rule(intent=intents, amount=some.integers(1, 5000))
    def capture(self, intent: str, amount: int) -> None:
        self.call(payment_intents.capture, intent, amount_to_capture=str(amount))

    @rule(intent=consumes(intents))
    def cancel(self, intent: str) -> None:
        self.call(payment_intents.cancel, intent)

    @rule(intent=intents, amount=some.integers(1, 5000), with_fee=some.sampled_from(["true", "false"]))
    def refund(self, intent: str, amount: int, with_fee: str) -> None:
        self.call(refunds.create, payment_intent=intent, amount=str(amount), refund_application_fee=with_fee)

    @rule(status=some.sampled_from(["won", "lost"]))
    def decide(self, status: str) -> None:
        for dispute in self.books.choose("dispute", lambda row: bool(row["status"] == "needs_response")):
            close_dispute(self.books, dispute, status)

    @rule(seconds=some.sampled_from([61, 86400, 8 * 86400]))
    def wait(self, seconds: int) -> None:
        self.world.advance(seconds)

    @invariant()
    def movements_add_up_to_the_objects(self) -> None:
        charges = self.books.table("charge").values()
        assert self._moved("charge") == sum(charge["amount_captured"] for charge in charges)
        standing = [row for row in self.books.table("refund").values() if row["status"] in ("succeeded", "pending")]
        assert self._moved("refund", "refund_failure") == -sum(refund["amount"] for refund in standing)
        fees = self.world.platform().table("application_fee").values()
        kept = sum(fee["amount"] - fee["amount_refunded"] for fee in fees)
        assert self._moved("application_fee", "application_fee_refund", platform=True) == kept

    @invariant()
    def nobody_gets_back_more_than_was_taken(self) -> None:
        for charge in self.books.table("charge").values():
            assert 0 <= charge["amount_refunded"] <= charge["amount"]
        for fee in self.world.platform().table("application_fee").values():
            assert 0 <= fee["amount_refunded"] <= fee["amount"]

    @invariant()
    def an_intent_has_at_most_one_charge_that_took_money(self) -> None:
        captured = [charge for charge in self.books.table("charge").values() if charge["captured"]]
        for intent in self.books.table("payment_intent").values():
            taken = [charge for charge in captured if charge["payment_intent"] == intent["id"]]
            assert len(taken) == (intent["status"] == "succeeded")
            assert sum(charge["amount_captured"] for charge in taken) == intent["amount_received"]

    def _moved(self, *kinds: str, platform: bool = False) -> int:
        books = self.world.platform() if platform else self.books
        return sum(row["amount"] for row in books.table("balance_transaction").values() if row["type"] in kinds)


TestMoney = Money.TestCase
TestMoney.settings = settings(max_examples=100, stateful_step_count=50, deadline=None)
