"""Webhooks: signed, at once or as badly as asked for."""

import asyncio
from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest
import stripe

from tests.stripe_fake.people import pay
from tests.support.stripe import SECRET, FakeStripe, Inbox, run_fake, run_inbox

PAID = ["payment_intent.created", "charge.succeeded", "payment_intent.succeeded"]


async def test_events_arrive_signed_and_in_order(client: stripe.StripeClient, inbox: Inbox) -> None:
    paid = await pay(client, "pm_card_visa", metadata={"preorder": "1"})
    await inbox.wait_for(lambda box: len(box.arrived) == 3)
    assert inbox.types() == PAID
    event = inbox.events()[-1]
    assert (event.data.object["id"], event.data.object["metadata"]["preorder"]) == (paid.id, "1")
    with pytest.raises(stripe.SignatureVerificationError):
        stripe.Webhook.construct_event(inbox.arrived[0][1], inbox.arrived[0][0], "whsec_other")


async def test_an_event_tells_its_account_request_and_key(
    client: stripe.StripeClient, inbox: Inbox, merchant: str
) -> None:
    await inbox.wait_for(lambda box: box.types() == ["account.updated"])
    await client.v1.customers.create_async({}, {"stripe_account": merchant, "idempotency_key": "k"})
    await inbox.wait_for(lambda box: len(box.arrived) == 2)
    event = inbox.events()[-1]
    assert (event.account, event.type, event.livemode) == (merchant, "customer.created", False)
    assert event.request is not None
    assert event.request.idempotency_key == "k"
    found = await client.v1.events.retrieve_async(event.id, options={"stripe_account": merchant})
    assert found.type == event.type


async def test_an_event_shows_the_object_as_it_was(client: stripe.StripeClient, inbox: Inbox) -> None:
    customer = await client.v1.customers.create_async({"name": "A"})
    await client.v1.customers.update_async(customer.id, {"name": "B"})
    await inbox.wait_for(lambda box: len(box.arrived) == 2)
    created, updated = inbox.events()
    assert (created.data.object["name"], updated.data.object["name"]) == ("A", "B")
    assert updated.data.previous_attributes is not None
    assert updated.data.previous_attributes["name"] == "A"


async def test_what_is_held_arrives_doubled_and_shuffled_when_it_is_let_go(
    client: stripe.StripeClient, fake: FakeStripe, inbox: Inbox
) -> None:
    await fake.control("PUT", "delivery", {"hold": True, "copies": 2, "shuffle": True})
    for _ in range(6):
        await pay(client, "pm_card_visa")
    await asyncio.sleep(0.05)
    assert inbox.arrived == []
    sent = (await fake.control("POST", "flush"))["sent"]
    assert Counter(inbox.types()) == dict.fromkeys(PAID, 12)
    assert inbox.types() != [kind for _ in range(6) for kind in PAID for _ in range(2)]
    assert {one["status"] for one in sent} == {200}
    assert (await fake.control("GET", "delivery"))["pending"] == []


async def test_late_events_arrive_late(client: stripe.StripeClient, fake: FakeStripe, inbox: Inbox) -> None:
    await fake.control("PUT", "delivery", {"delay_ms": 200})
    await client.v1.customers.create_async()
    await asyncio.sleep(0.1)
    assert inbox.arrived == []
    await inbox.wait_for(lambda box: len(box.arrived) == 1)


async def test_events_may_come_before_the_answer(client: stripe.StripeClient, fake: FakeStripe, inbox: Inbox) -> None:
    await fake.fault(kind="lag", ms=500, method="POST")
    call = asyncio.create_task(pay(client, "pm_card_visa"))
    await inbox.wait_for(lambda box: len(box.arrived) == 3)
    assert not call.done()
    assert (await call).status == "succeeded"


async def test_an_endpoint_that_fails_is_tried_again(
    client: stripe.StripeClient, fake: FakeStripe, inbox: Inbox
) -> None:
    inbox.status = 500
    await client.v1.customers.create_async()
    await inbox.wait_for(lambda box: len(box.arrived) == 1)
    inbox.status = 200
    await inbox.wait_for(lambda box: len(box.arrived) == 2)
    assert len({event.id for event in inbox.events()}) == 1


async def test_an_event_can_be_sent_again_and_with_an_old_signature(
    client: stripe.StripeClient, fake: FakeStripe, inbox: Inbox
) -> None:
    await client.v1.customers.create_async()
    await inbox.wait_for(lambda box: len(box.arrived) == 1)
    event = inbox.events()[0]
    assert await fake.control("POST", "redeliver", {"event": event.id, "age_seconds": 400}) == {"redelivered": 1}
    await inbox.wait_for(lambda box: len(box.arrived) == 2)
    header, body = inbox.arrived[-1]
    with pytest.raises(stripe.SignatureVerificationError, match="Timestamp outside"):
        stripe.Webhook.construct_event(body, header, SECRET)
    assert stripe.Webhook.construct_event(body, header, SECRET, tolerance=500).id == event.id


async def test_endpoints_of_our_own_get_what_they_asked_for(
    client: stripe.StripeClient, fake: FakeStripe, merchant: str
) -> None:
    async with run_inbox() as theirs, run_inbox() as ours:
        wanted = ["customer.created"]
        await client.v1.webhook_endpoints.create_async({"url": theirs.url, "enabled_events": ["*"], "connect": True})
        made = await client.v1.webhook_endpoints.create_async({"url": ours.url, "enabled_events": wanted})  # type: ignore[typeddict-item]
        await client.v1.customers.create_async({}, {"stripe_account": merchant})
        await pay(client, "pm_card_visa")
        customer = await client.v1.customers.create_async()
        await theirs.wait_for(lambda box: len(box.arrived) == 1)
        await ours.wait_for(lambda box: len(box.arrived) == 1)
        header, body = ours.arrived[0]
        event = stripe.Webhook.construct_event(body, header, made.secret)
        assert (event.type, event.data.object["id"]) == ("customer.created", customer.id)


async def test_time_can_be_taken_from_the_test(client: stripe.StripeClient) -> None:
    moment = datetime(2030, 1, 1, tzinfo=UTC)
    async with run_fake(lambda: moment) as fake:
        await fake.advance(seconds=90)
        assert await fake.control("GET", "clock") == {
            "now": int((moment + timedelta(seconds=90)).timestamp()),
            "ahead_seconds": 90,
        }
        refused = await fake.http.post("/_fake/clock", json={"advance_seconds": -1})
        assert refused.status_code == 400
