"""Joining: a shopper is sent to Stripe's page, and has joined when Stripe says so."""

import pytest

from tests.payments.till import DEPOSIT, SAVED, UPFRONT, Till
from tests.support.shop import Document


@pytest.mark.parametrize(
    ("payment", "charge", "joined", "paid"),
    [
        (SAVED, ("setup", 0, "succeeded"), "card_saved", 0),
        (DEPOSIT, ("deposit", 300, "succeeded"), "deposit_paid", 300),
        (UPFRONT, ("upfront", 1000, "succeeded"), "paid", 1000),
    ],
)
async def test_p4_a_shopper_joins_when_the_card_is_saved_or_the_money_has_come(
    till: Till, payment: Document, charge: tuple[str, int, str], joined: str, paid: int
) -> None:
    await till.launch(payment=payment)

    preorder = await till.reserve()
    session = await till.session(preorder)
    assert await till.states(preorder) == ("reserved", "pending")
    assert till.type_card(session)
    await till.settle()

    assert await till.states(preorder) == ("joined", joined)
    assert await till.charges(preorder) == [charge]
    assert (await till.read(preorder))["paid_minor"] == paid == till.money()[0]
