"""Real Stripe: the same calls with an operator's own test key. Deselected unless they are asked for:

LASTBOOK_STRIPE_TEST_KEY=sk_test_… pytest -m real_stripe tests/stripe_fake
"""

import os
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest
import stripe

from infra.settings import read_settings
from infra.stripe import open_stripe
from tests.stripe_fake.people import pay, saved_card

KEY = "LASTBOOK_STRIPE_TEST_KEY"
pytestmark = pytest.mark.real_stripe


@pytest.fixture
async def real() -> AsyncIterator[stripe.StripeClient]:
    key = os.environ.get(KEY, "")
    assert key.startswith(("sk_test_", "rk_test_")), f"set {KEY} to a test key; a live key is never used here"
    async with open_stripe(replace(read_settings({}), stripe_api_key=key)) as client:
        yield client


async def test_a_payment_is_taken_and_given_back(real: stripe.StripeClient) -> None:
    paid = await pay(real, "pm_card_visa", metadata={"made_by": "lastbook smoke test"})
    assert (paid.status, paid.amount_received) == ("succeeded", 2000)
    assert (await real.v1.refunds.create_async({"payment_intent": paid.id})).amount == 2000


async def test_a_saved_card_is_charged_later(real: stripe.StripeClient) -> None:
    customer, method = await saved_card(real, "pm_card_visa")
    assert (await pay(real, method, customer=customer, off_session=True)).status == "succeeded"
    await real.v1.customers.delete_async(customer)


async def test_declines_have_the_shape_that_the_stand_in_gives_them(real: stripe.StripeClient) -> None:
    with pytest.raises(stripe.CardError) as caught:
        await pay(real, "pm_card_visa_chargeDeclinedInsufficientFunds")
    assert caught.value.error is not None
    assert (caught.value.code, caught.value.error.decline_code) == ("card_declined", "insufficient_funds")
    customer, method = await saved_card(real, "pm_card_authenticationRequired")
    with pytest.raises(stripe.CardError) as caught:
        await pay(real, method, customer=customer, off_session=True)
    assert caught.value.code == "authentication_required"
    await real.v1.customers.delete_async(customer)


async def test_the_same_key_with_other_parameters_is_an_error(real: stripe.StripeClient) -> None:
    options: Any = {"idempotency_key": f"lastbook-{os.urandom(8).hex()}"}
    made = await real.v1.customers.create_async({"name": "A"}, options)
    with pytest.raises(stripe.IdempotencyError):
        await real.v1.customers.create_async({"name": "B"}, options)
    await real.v1.customers.delete_async(made.id)


async def test_a_checkout_session_opens_and_expires(real: stripe.StripeClient) -> None:
    wanted: Any = {
        "mode": "setup",
        "allowed_payment_method_types": ["card"],
        "success_url": "https://shop.example/{CHECKOUT_SESSION_ID}",
    }
    session = await real.v1.checkout.sessions.create_async(wanted)
    assert session.status == "open"
    assert (await real.v1.checkout.sessions.expire_async(session.id)).status == "expired"
