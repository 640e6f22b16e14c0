"""Setup intents: a card is saved with the bank's consent."""

from typing import Any

import pytest
import stripe

from tests.stripe_fake.people import told
from tests.support.stripe import FakeStripe


# Any: parameters of one call.
async def save(client: stripe.StripeClient, card: str, **more: Any) -> stripe.SetupIntent:
    wanted: Any = {"payment_method": card, "allowed_payment_method_types": ["card"], "confirm": True, **more}
    return await client.v1.setup_intents.create_async(wanted)


async def test_a_saved_card_is_attached_to_its_customer(client: stripe.StripeClient) -> None:
    customer = (await client.v1.customers.create_async()).id
    setup = await save(client, "pm_card_visa", customer=customer)
    assert (setup.status, setup.usage) == ("succeeded", "off_session")
    method = await client.v1.payment_methods.retrieve_async(str(setup.payment_method))
    assert method.customer == customer
    cards = await client.v1.customers.payment_methods.list_async(customer, {"type": "card"})
    assert [card.id for card in cards.data] == [method.id]


async def test_a_declining_card_is_not_saved_and_another_one_is(client: stripe.StripeClient) -> None:
    with pytest.raises(stripe.CardError) as caught:
        await save(client, "pm_card_chargeDeclinedInsufficientFunds")
    assert told(caught).decline_code == "insufficient_funds"
    setup = told(caught).setup_intent
    assert (setup.status, setup.last_setup_error.code) == ("requires_payment_method", "card_declined")
    again = await client.v1.setup_intents.confirm_async(setup.id, {"payment_method": "pm_card_visa"})
    assert again.status == "succeeded"


@pytest.mark.parametrize(("passed", "status"), [(True, "succeeded"), (False, "requires_payment_method")])
async def test_the_shopper_answers_his_bank(
    client: stripe.StripeClient, fake: FakeStripe, *, passed: bool, status: str
) -> None:
    customer = (await client.v1.customers.create_async()).id
    setup = await save(client, "pm_card_authenticationRequired", customer=customer, return_url="https://shop.example")
    assert setup.status == "requires_action"
    await fake.control("POST", f"authenticate/{setup.id}", {"passed": passed})
    setup = await client.v1.setup_intents.retrieve_async(setup.id)
    assert setup.status == status
    saved = await client.v1.customers.payment_methods.list_async(customer)
    assert len(saved.data) == (1 if passed else 0)


async def test_a_detached_card_is_used_up(client: stripe.StripeClient) -> None:
    customer = (await client.v1.customers.create_async()).id
    method = await client.v1.payment_methods.attach_async("pm_card_visa", {"customer": customer})
    await client.v1.payment_methods.detach_async(method.id)
    with pytest.raises(stripe.InvalidRequestError, match="may not be used again"):
        await client.v1.payment_methods.attach_async(method.id, {"customer": customer})


async def test_a_deleted_customer_leaves_no_card_behind(client: stripe.StripeClient) -> None:
    customer = (await client.v1.customers.create_async()).id
    await client.v1.payment_methods.attach_async("pm_card_visa", {"customer": customer})
    await client.v1.customers.delete_async(customer)
    assert (await client.v1.customers.retrieve_async(customer)).deleted is True
    with pytest.raises(stripe.InvalidRequestError):
        await client.v1.customers.update_async(customer, {"name": "A"})
