"""Payment intents: taken at once, held, declined, authenticated, given up."""

from typing import Any

import pytest
import stripe

from tests.stripe_fake.people import pay, saved_card, told
from tests.support.stripe import FakeStripe


async def test_a_confirmed_payment_succeeds_and_has_a_charge(client: stripe.StripeClient) -> None:
    intent = await pay(client, "pm_card_visa", metadata={"preorder_id": "7"})
    assert (intent.status, intent.amount_received, intent.metadata["preorder_id"]) == ("succeeded", 2000, "7")
    charge = await client.v1.charges.retrieve_async(str(intent.latest_charge))
    assert (charge.paid, charge.amount_captured, charge.payment_intent) == (True, 2000, intent.id)


async def test_a_payment_is_created_first_and_confirmed_later(client: stripe.StripeClient) -> None:
    intent = await client.v1.payment_intents.create_async(
        {"amount": 500, "currency": "EUR", "allowed_payment_method_types": ["card"]}
    )
    assert (intent.status, intent.currency, intent.latest_charge) == ("requires_payment_method", "eur", None)
    intent = await client.v1.payment_intents.update_async(intent.id, {"payment_method": "pm_card_mastercard"})
    assert intent.status == "requires_confirmation"
    intent = await client.v1.payment_intents.confirm_async(intent.id)
    assert intent.status == "succeeded"


async def test_dashboard_methods_need_a_return_url(client: stripe.StripeClient) -> None:
    wanted: Any = {"amount": 500, "currency": "usd", "payment_method": "pm_card_visa", "confirm": True}
    with pytest.raises(stripe.InvalidRequestError, match="return_url"):
        await client.v1.payment_intents.create_async(wanted)
    assert (await client.v1.payment_intents.list_async()).data == []
    never = {"enabled": True, "allow_redirects": "never"}
    intent = await client.v1.payment_intents.create_async(wanted | {"automatic_payment_methods": never})
    assert intent.status == "succeeded"


@pytest.mark.parametrize(
    ("card", "code", "decline_code"),
    [
        ("pm_card_visa_chargeDeclined", "card_declined", "generic_decline"),
        ("pm_card_chargeDeclined", "card_declined", "generic_decline"),
        ("pm_card_chargeDeclinedInsufficientFunds", "card_declined", "insufficient_funds"),
        ("pm_card_chargeDeclinedLostCard", "card_declined", "lost_card"),
        ("pm_card_chargeDeclinedStolenCard", "card_declined", "stolen_card"),
        ("pm_card_chargeDeclinedExpiredCard", "expired_card", "expired_card"),
        ("pm_card_chargeDeclinedIncorrectCvc", "incorrect_cvc", "incorrect_cvc"),
        ("pm_card_chargeDeclinedProcessingError", "processing_error", "processing_error"),
        ("pm_card_visa_chargeDeclinedVelocityLimitExceeded", "card_declined", "card_velocity_exceeded"),
        ("pm_card_radarBlock", "card_declined", "fraudulent"),
    ],
)
async def test_a_declining_card_raises_a_card_error(
    client: stripe.StripeClient, card: str, code: str, decline_code: str
) -> None:
    with pytest.raises(stripe.CardError) as caught:
        await pay(client, card)
    error = told(caught)
    assert (caught.value.http_status, error.code, error.decline_code) == (402, code, decline_code)
    assert error.payment_intent.status == "requires_payment_method"
    assert error.payment_intent.last_payment_error.decline_code == decline_code
    charge = await client.v1.charges.retrieve_async(error.charge)
    assert (charge.paid, charge.status, charge.failure_code) == (False, "failed", code)


async def test_a_declined_payment_can_be_tried_with_another_card(client: stripe.StripeClient) -> None:
    with pytest.raises(stripe.CardError) as caught:
        await pay(client, "pm_card_chargeDeclined")
    intent = told(caught).payment_intent
    again = await client.v1.payment_intents.confirm_async(intent.id, {"payment_method": "pm_card_visa"})
    assert (again.status, again.last_payment_error) == ("succeeded", None)


async def test_a_card_may_decline_after_it_was_saved(client: stripe.StripeClient) -> None:
    customer, method = await saved_card(client, "pm_card_chargeCustomerFail")
    with pytest.raises(stripe.CardError):
        await pay(client, method, customer=customer, off_session=True)


async def test_a_declining_card_cannot_be_saved(client: stripe.StripeClient) -> None:
    with pytest.raises(stripe.CardError):
        await saved_card(client, "pm_card_chargeDeclined")


async def test_an_off_session_payment_that_the_bank_asks_about_is_declined(client: stripe.StripeClient) -> None:
    customer, method = await saved_card(client, "pm_card_authenticationRequired")
    with pytest.raises(stripe.CardError) as caught:
        await pay(client, method, customer=customer, off_session=True)
    assert caught.value.code == "authentication_required"
    assert told(caught).decline_code == "authentication_required"
    assert told(caught).payment_intent.status == "requires_payment_method"
    assert told(caught).payment_method.id == method


@pytest.mark.parametrize(("passed", "status"), [(True, "succeeded"), (False, "requires_payment_method")])
async def test_the_shopper_authenticates_on_session(
    client: stripe.StripeClient, fake: FakeStripe, *, passed: bool, status: str
) -> None:
    intent = await pay(client, "pm_card_threeDSecure2Required", return_url="https://shop.example/back")
    assert intent.status == "requires_action"
    assert intent.next_action is not None
    assert intent.next_action.type == "redirect_to_url"
    assert intent.next_action.redirect_to_url is not None
    assert (intent.next_action.redirect_to_url.url or "").startswith(fake.url)
    await fake.control("POST", f"authenticate/{intent.id}", {"passed": passed})
    intent = await client.v1.payment_intents.retrieve_async(intent.id)
    assert (intent.status, intent.next_action) == (status, None)
    if not passed:
        assert intent.last_payment_error is not None
        assert intent.last_payment_error.code == "payment_intent_authentication_failure"


async def test_a_card_that_was_set_up_is_charged_without_the_shopper(
    client: stripe.StripeClient, fake: FakeStripe
) -> None:
    customer = (await client.v1.customers.create_async()).id
    setup = await client.v1.setup_intents.create_async(
        {
            "customer": customer,
            "payment_method": "pm_card_authenticationRequiredOnSetup",
            "allowed_payment_method_types": ["card"],
            "confirm": True,
        }
    )
    assert setup.status == "requires_action"
    await fake.control("POST", f"authenticate/{setup.id}", {"passed": True})
    setup = await client.v1.setup_intents.retrieve_async(setup.id)
    assert setup.status == "succeeded"
    intent = await pay(client, str(setup.payment_method), customer=customer, off_session=True)
    assert intent.status == "succeeded"


async def test_a_held_payment_is_captured_in_part(client: stripe.StripeClient) -> None:
    intent = await pay(client, "pm_card_visa", capture_method="manual")
    assert (intent.status, intent.amount_capturable) == ("requires_capture", 2000)
    intent = await client.v1.payment_intents.capture_async(intent.id, {"amount_to_capture": 1500})
    assert (intent.status, intent.amount_received, intent.amount_capturable) == ("succeeded", 1500, 0)
    with pytest.raises(stripe.InvalidRequestError) as caught:
        await client.v1.payment_intents.capture_async(intent.id)
    assert caught.value.code == "payment_intent_unexpected_state"


async def test_a_hold_ends_by_itself_after_seven_days(client: stripe.StripeClient, fake: FakeStripe) -> None:
    intent = await pay(client, "pm_card_visa", capture_method="manual")
    await fake.advance(days=6.9)
    assert (await client.v1.payment_intents.retrieve_async(intent.id)).status == "requires_capture"
    await fake.advance(days=0.2)
    intent = await client.v1.payment_intents.retrieve_async(intent.id)
    assert (intent.status, intent.cancellation_reason) == ("canceled", "automatic")
    assert await fake.control("GET", "money") == {}


async def test_a_payment_is_canceled_once_and_not_after_success(client: stripe.StripeClient) -> None:
    intent = await pay(client, "pm_card_visa", capture_method="manual")
    intent = await client.v1.payment_intents.cancel_async(intent.id, {"cancellation_reason": "requested_by_customer"})
    assert (intent.status, intent.cancellation_reason) == ("canceled", "requested_by_customer")
    paid = await pay(client, "pm_card_visa")
    for ended in (intent, paid):
        with pytest.raises(stripe.InvalidRequestError) as caught:
            await client.v1.payment_intents.cancel_async(ended.id)
        assert caught.value.code == "payment_intent_unexpected_state"
        assert told(caught).payment_intent.id == ended.id


async def test_a_payment_that_succeeded_is_not_taken_again(client: stripe.StripeClient, fake: FakeStripe) -> None:
    paid = await pay(client, "pm_card_visa")
    for again in ({}, {"payment_method": "pm_card_mastercard"}):
        with pytest.raises(stripe.InvalidRequestError) as caught:
            await client.v1.payment_intents.confirm_async(paid.id, again)  # type: ignore[arg-type]
        assert caught.value.code == "payment_intent_unexpected_state"
    assert (await fake.control("GET", "money"))["acct_platform"]["usd"]["charge"] == 2000


async def test_payments_are_found_again_by_metadata(client: stripe.StripeClient, fake: FakeStripe) -> None:
    wanted = await pay(client, "pm_card_visa", metadata={"preorder": "a'b", "attempt": "1"})
    await pay(client, "pm_card_visa", metadata={"preorder": "c"})
    found = await client.v1.payment_intents.search_async(
        {"query": "metadata['preorder']:'a\\'b' AND status:'succeeded' AND amount>1999"}
    )
    assert [one.id for one in found.data] == [wanted.id]
    await fake.control("PUT", "search", {"search_lag_seconds": 60})
    found = await client.v1.payment_intents.search_async({"query": "metadata['attempt']:'1'"})
    assert found.data == []
    listed = await client.v1.payment_intents.list_async({"created": {"gte": wanted.created}})
    assert wanted.id in [one.id for one in listed.data]


async def test_a_list_is_read_page_by_page(client: stripe.StripeClient) -> None:
    customer = (await client.v1.customers.create_async()).id
    made = [(await pay(client, "pm_card_visa", customer=customer)).id for _ in range(5)]
    page = await client.v1.payment_intents.list_async({"customer": customer, "limit": 2})
    assert [one.id async for one in page.auto_paging_iter()] == made[::-1]


@pytest.mark.parametrize(
    ("wrong", "code", "param"),
    [
        ({"amount": 10}, "amount_too_small", "amount"),
        ({"amount": 100_000_000}, "amount_too_large", "amount"),
        ({"amount": "2.5"}, "parameter_invalid_integer", "amount"),
        ({"currency": "xxx"}, None, "currency"),
        ({"currency": None}, "parameter_missing", "currency"),
        ({"customer": "cus_missing"}, "resource_missing", "customer"),
        ({"payment_method": "pm_missing"}, "resource_missing", "payment_method"),
        ({"payment_method_types": ["card"]}, "payment_method_types_no_longer_supported", "payment_method_types"),
        ({"colour": "red"}, "parameter_unknown", "colour"),
        ({"application_fee_amount": 5}, None, "application_fee_amount"),
    ],
)
async def test_a_wrong_parameter_is_refused_with_its_name(
    client: stripe.StripeClient, wrong: dict[str, Any], code: str | None, param: str
) -> None:
    with pytest.raises(stripe.InvalidRequestError) as caught:
        await pay(client, "pm_card_visa", **wrong)
    assert (caught.value.http_status in (400, 404), caught.value.code, caught.value.param) == (True, code, param)


async def test_a_card_without_a_customer_is_used_once(client: stripe.StripeClient) -> None:
    method = await client.v1.payment_methods.create_async({"type": "card", "card": {"token": "tok_visa"}})
    assert (await pay(client, method.id)).status == "succeeded"
    with pytest.raises(stripe.InvalidRequestError, match="may not be used again"):
        await pay(client, method.id)


async def test_a_card_belongs_to_one_customer(client: stripe.StripeClient) -> None:
    _, method = await saved_card(client, "pm_card_visa")
    stranger = (await client.v1.customers.create_async()).id
    for customer in (None, stranger):
        with pytest.raises(stripe.InvalidRequestError):
            await pay(client, method, customer=customer)


async def test_a_card_expires_as_time_goes_by(client: stripe.StripeClient, fake: FakeStripe) -> None:
    customer, method = await saved_card(client, "pm_card_visa")
    await fake.advance(days=6 * 365)
    with pytest.raises(stripe.CardError) as caught:
        await pay(client, method, customer=customer, off_session=True)
    assert caught.value.code == "expired_card"


@pytest.mark.parametrize(
    ("card", "code"),
    [
        ({"number": "4242424242424241"}, "incorrect_number"),
        ({"number": "4916338506082832"}, "card_declined"),
        ({"exp_month": 13}, "invalid_expiry_month"),
        ({"exp_year": 2020}, "invalid_expiry_year"),
    ],
)
async def test_only_valid_test_cards_are_taken(client: stripe.StripeClient, card: dict[str, Any], code: str) -> None:
    typed: Any = {"number": "4242424242424242", "exp_month": 12, "exp_year": 2099, "cvc": "123", **card}
    with pytest.raises(stripe.CardError) as caught:
        await client.v1.payment_methods.create_async({"type": "card", "card": typed})
    assert caught.value.code == code


async def test_expanded_properties_are_objects(client: stripe.StripeClient) -> None:
    intent = await pay(client, "pm_card_visa", expand=["latest_charge.balance_transaction"])
    charge = intent.latest_charge
    assert isinstance(charge, stripe.Charge)
    assert isinstance(charge.balance_transaction, stripe.BalanceTransaction)
    assert charge.balance_transaction.amount == 2000
    listed = await client.v1.payment_intents.list_async({"expand": ["data.payment_method"]})
    assert isinstance(listed.data[0].payment_method, stripe.PaymentMethod)
    with pytest.raises(stripe.InvalidRequestError, match="cannot be expanded"):
        await pay(client, "pm_card_visa", expand=["colour"])
