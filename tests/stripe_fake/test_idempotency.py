"""Idempotency and faults: what becomes of a call that broke off, and of the same call again."""

import asyncio
import time
from typing import Any

import pytest
import stripe

from infra.settings import Settings
from tests.stripe_fake.people import pay, told
from tests.support.stripe import API_KEY, FakeStripe


# Any: parameters and options of one call.
async def charge(client: stripe.StripeClient, key: str, **more: Any) -> stripe.PaymentIntent:
    wanted: Any = {
        "amount": 2000,
        "currency": "usd",
        "payment_method": "pm_card_visa",
        "allowed_payment_method_types": ["card"],
        "confirm": True,
        **more,
    }
    return await client.v1.payment_intents.create_async(wanted, {"idempotency_key": key})


@pytest.fixture
def once(stripe_settings: Settings, client: stripe.StripeClient) -> stripe.StripeClient:
    """A client that tries once."""
    http = client._requestor._get_http_client()
    bases: Any = dict.fromkeys(("api", "connect", "files", "meter_events"), stripe_settings.stripe_base_url)
    return stripe.StripeClient(API_KEY, base_addresses=bases, max_network_retries=0, http_client=http)


async def test_the_same_key_gets_the_same_answer(client: stripe.StripeClient) -> None:
    first, second = await charge(client, "preorder:1:deposit:1"), await charge(client, "preorder:1:deposit:1")
    assert first.id == second.id
    assert second.last_response is not None
    assert second.last_response.headers["idempotent-replayed"] == "true"
    assert len((await client.v1.payment_intents.list_async()).data) == 1


async def test_the_same_key_with_other_parameters_is_an_error(client: stripe.StripeClient) -> None:
    await charge(client, "k")
    with pytest.raises(stripe.IdempotencyError) as caught:
        await charge(client, "k", amount=3000)
    assert caught.value.http_status == 400
    with pytest.raises(stripe.IdempotencyError, match="same endpoint"):
        await client.v1.customers.create_async({}, {"idempotency_key": "k"})


async def test_a_decline_is_remembered_and_a_wrong_parameter_is_not(client: stripe.StripeClient) -> None:
    refused = []
    for _ in range(2):
        with pytest.raises(stripe.CardError) as caught:
            await charge(client, "declined", payment_method="pm_card_chargeDeclined")
        refused.append(told(caught).payment_intent.id)
    assert refused[0] == refused[1]
    with pytest.raises(stripe.InvalidRequestError):
        await charge(client, "wrong", amount=1)
    assert (await charge(client, "wrong")).status == "succeeded"


async def test_keys_of_two_accounts_are_two_keys(client: stripe.StripeClient, merchant: str) -> None:
    mine = await client.v1.customers.create_async({}, {"idempotency_key": "k"})
    theirs = await client.v1.customers.create_async({}, {"idempotency_key": "k", "stripe_account": merchant})
    assert mine.id != theirs.id


async def test_a_key_is_forgotten_after_a_day_or_on_request(client: stripe.StripeClient, fake: FakeStripe) -> None:
    first = await charge(client, "k")
    await fake.advance(days=1)
    second = await charge(client, "k")
    await fake.control("POST", "forget-keys")
    third = await charge(client, "k")
    assert len({first.id, second.id, third.id}) == 3


async def test_a_call_that_died_after_saying_yes_is_answered_again(once: stripe.StripeClient, fake: FakeStripe) -> None:
    await fake.fault(kind="die", method="POST", path="/v1/payment_intents")
    with pytest.raises(stripe.APIConnectionError):
        await charge(once, "k")
    listed = (await once.v1.payment_intents.list_async()).data
    assert [intent.status for intent in listed] == ["succeeded"]
    assert (await charge(once, "k")).id == listed[0].id
    assert len((await once.v1.payment_intents.list_async()).data) == 1


async def test_the_package_itself_tries_again_with_the_same_key(client: stripe.StripeClient, fake: FakeStripe) -> None:
    await fake.fault(kind="die", method="POST")
    paid = await pay(client, "pm_card_visa")
    assert [intent.id for intent in (await client.v1.payment_intents.list_async()).data] == [paid.id]


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        ({"kind": "status", "status": 500}, stripe.APIError),
        ({"kind": "status", "status": 503}, stripe.APIError),
        ({"kind": "status", "status": 429}, stripe.RateLimitError),
        ({"kind": "drop"}, stripe.APIConnectionError),
        ({"kind": "timeout", "ms": 50}, stripe.APIConnectionError),
    ],
)
async def test_a_fault_before_the_call_leaves_nothing_done(
    once: stripe.StripeClient, fake: FakeStripe, fault: dict[str, Any], error: type[stripe.StripeError]
) -> None:
    await fake.fault(**fault)
    with pytest.raises(error):
        await charge(once, "k")
    assert (await once.v1.payment_intents.list_async()).data == []
    assert (await charge(once, "k")).status == "succeeded"


async def test_a_slow_call_keeps_its_key_busy(once: stripe.StripeClient, fake: FakeStripe) -> None:
    await fake.fault(kind="slow", ms=300, method="POST")
    slow = asyncio.create_task(charge(once, "k"))
    await asyncio.sleep(0.1)
    started = time.monotonic()
    with pytest.raises(stripe.APIError) as caught:
        await charge(once, "k")
    assert caught.value.http_status == 409
    assert time.monotonic() - started < 0.25
    assert (await slow).status == "succeeded"


async def test_a_fault_is_for_its_own_path_and_as_often_as_asked(once: stripe.StripeClient, fake: FakeStripe) -> None:
    await fake.fault(kind="status", status=500, path="/v1/refunds", times=2)
    paid = await charge(once, "k")
    for _ in range(2):
        with pytest.raises(stripe.APIError):
            await once.v1.refunds.create_async({"payment_intent": paid.id})
    assert (await once.v1.refunds.create_async({"payment_intent": paid.id})).status == "succeeded"
