"""Refunds and disputes: money that goes back."""

from typing import Any

import pytest
import stripe

from tests.stripe_fake.people import pay
from tests.support.stripe import FakeStripe


async def test_a_payment_goes_back_in_parts_and_never_more_than_all(client: stripe.StripeClient) -> None:
    paid = await pay(client, "pm_card_visa")
    first = await client.v1.refunds.create_async({"payment_intent": paid.id, "amount": 1500})
    assert (first.status, first.amount) == ("succeeded", 1500)
    with pytest.raises(stripe.InvalidRequestError, match="greater than unrefunded amount"):
        await client.v1.refunds.create_async({"payment_intent": paid.id, "amount": 501})
    rest = await client.v1.refunds.create_async({"payment_intent": paid.id, "metadata": {"a": "b"}})
    assert (rest.amount, rest.metadata) == (500, stripe.StripeObject.construct_from({"a": "b"}, None))
    with pytest.raises(stripe.InvalidRequestError) as caught:
        await client.v1.refunds.create_async({"payment_intent": paid.id})
    assert caught.value.code == "charge_already_refunded"
    charge = await client.v1.charges.retrieve_async(str(paid.latest_charge))
    assert (charge.refunded, charge.amount_refunded) == (True, 2000)
    listed = await client.v1.refunds.list_async({"payment_intent": paid.id})
    assert [refund.id for refund in listed.data] == [rest.id, first.id]


async def test_a_payment_that_took_nothing_cannot_go_back(client: stripe.StripeClient) -> None:
    held = await pay(client, "pm_card_visa", capture_method="manual")
    with pytest.raises(stripe.InvalidRequestError, match="does not have a successful charge"):
        await client.v1.refunds.create_async({"payment_intent": held.id})
    with pytest.raises(stripe.InvalidRequestError):
        await client.v1.refunds.create_async({"charge": str(held.latest_charge)})


async def test_a_refund_with_its_share_of_the_fee(client: stripe.StripeClient, fake: FakeStripe, merchant: str) -> None:
    paid = await pay(client, "pm_card_visa", account=merchant, application_fee_amount=201)
    options: Any = {"stripe_account": merchant}
    for amount, returned in ((500, 50), (500, 100), (1000, 201)):
        wanted: Any = {"payment_intent": paid.id, "amount": amount, "refund_application_fee": True}
        await client.v1.refunds.create_async(wanted, options)
        fee = (await client.v1.application_fees.list_async()).data[0]
        assert fee.amount_refunded == returned
    money = await fake.control("GET", "money")
    assert (money["acct_platform"]["usd"]["application_fee"], fee.refunded) == (201, True)
    assert money[merchant]["usd"]["charge"] + money[merchant]["usd"]["refund"] == 0


async def test_without_asking_the_fee_stays(client: stripe.StripeClient, merchant: str) -> None:
    paid = await pay(client, "pm_card_visa", account=merchant, application_fee_amount=200)
    await client.v1.refunds.create_async({"payment_intent": paid.id}, {"stripe_account": merchant})
    assert (await client.v1.application_fees.list_async()).data[0].amount_refunded == 0


@pytest.mark.parametrize(
    ("card", "first", "later"),
    [("pm_card_pendingRefund", "pending", "succeeded"), ("pm_card_refundFail", "succeeded", "failed")],
)
async def test_a_refund_may_be_decided_later(
    client: stripe.StripeClient, fake: FakeStripe, card: str, first: str, later: str
) -> None:
    paid = await pay(client, card)
    refund = await client.v1.refunds.create_async({"payment_intent": paid.id})
    assert refund.status == first
    await fake.advance(seconds=61)
    assert (await client.v1.refunds.retrieve_async(refund.id)).status == later
    charge = await client.v1.charges.retrieve_async(str(paid.latest_charge))
    assert charge.refunded is (later == "succeeded")


@pytest.mark.parametrize(
    ("text", "status", "kept"), [("winning_evidence", "won", 2000), ("losing_evidence", "lost", 0)]
)
async def test_a_dispute_takes_the_money_until_it_is_won(
    client: stripe.StripeClient, fake: FakeStripe, text: str, status: str, kept: int
) -> None:
    paid = await pay(client, "pm_card_createDispute")
    dispute = (await client.v1.disputes.list_async({"payment_intent": paid.id})).data[0]
    assert (dispute.status, dispute.reason, dispute.amount) == ("needs_response", "fraudulent", 2000)
    with pytest.raises(stripe.InvalidRequestError) as caught:
        await client.v1.refunds.create_async({"payment_intent": paid.id})
    assert caught.value.code == "charge_disputed"
    dispute = await client.v1.disputes.update_async(dispute.id, {"evidence": {"uncategorized_text": text}})
    assert dispute.status == status
    moved = (await fake.control("GET", "money"))["acct_platform"]["usd"]
    assert moved["charge"] + moved["adjustment"] == kept


async def test_any_charge_can_be_disputed_on_request(client: stripe.StripeClient, fake: FakeStripe) -> None:
    paid = await pay(client, "pm_card_visa")
    wanted = {"charge": paid.latest_charge, "reason": "product_not_received"}
    dispute = await fake.control("POST", "disputes", wanted)
    closed = await fake.control("POST", f"disputes/{dispute['id']}", {"status": "won"})
    assert (dispute["reason"], closed["status"]) == ("product_not_received", "won")
