"""Subscriptions, prices and meters: billed period by period as time goes by."""

from datetime import UTC, datetime
from typing import Any

import pytest
import stripe

from tests.stripe_fake.people import saved_card
from tests.support.stripe import FakeStripe, Inbox, run_fake


# Any: parameters of one call.
async def price(client: stripe.StripeClient, **more: Any) -> stripe.Price:
    wanted: Any = {"currency": "usd", "product_data": {"name": "Plan"}, "recurring": {"interval": "month"}, **more}
    priced: Any = wanted if "tiers" in wanted else {"unit_amount": 900, **wanted}
    return await client.v1.prices.create_async(priced)


async def subscribe(client: stripe.StripeClient, card: str, *prices: stripe.Price, **more: Any) -> stripe.Subscription:
    customer, method = await saved_card(client, card)
    items = [{"price": one.id} for one in prices]
    wanted: Any = {"customer": customer, "items": items, "default_payment_method": method, **more}
    return await client.v1.subscriptions.create_async(wanted)


async def invoices(client: stripe.StripeClient, subscription: stripe.Subscription) -> list[tuple[str | None, int]]:
    """Status and total, oldest first."""
    listed = await client.v1.invoices.list_async({"subscription": subscription.id, "limit": 100})
    return [(invoice.status, invoice.total) for invoice in reversed(listed.data)]


async def test_a_subscription_is_paid_now_and_every_month(
    client: stripe.StripeClient, fake: FakeStripe, inbox: Inbox
) -> None:
    subscription = await subscribe(client, "pm_card_visa", await price(client))
    assert subscription.status == "active"
    await fake.advance(days=62)
    assert await invoices(client, subscription) == [("paid", 900)] * 3
    await inbox.wait_for(lambda box: box.types().count("invoice.paid") == 3)
    assert (await fake.control("GET", "money"))["acct_platform"]["usd"]["charge"] == 2700


async def test_months_end_on_the_same_day_where_they_have_it(client: stripe.StripeClient, fake: FakeStripe) -> None:
    now = await fake.control("GET", "clock")
    start = datetime(datetime.fromtimestamp(now["now"], UTC).year + 1, 1, 31, 12, tzinfo=UTC)
    await fake.control("POST", "clock", {"now": int(start.timestamp())})
    subscription = await subscribe(client, "pm_card_visa", await price(client))
    ends = []
    for _ in range(3):
        ends.append(datetime.fromtimestamp(subscription["items"].data[0].current_period_end, UTC))
        await fake.control("POST", "clock", {"now": int(ends[-1].timestamp())})
        subscription = await client.v1.subscriptions.retrieve_async(subscription.id)
    assert [(end.month, end.day) for end in ends] in ([(2, 28), (3, 31), (4, 30)], [(2, 29), (3, 31), (4, 30)])


async def test_usage_is_billed_in_tiers_after_the_period(client: stripe.StripeClient, fake: FakeStripe) -> None:
    made: Any = {"display_name": "Calls", "event_name": "calls", "default_aggregation": {"formula": "sum"}}
    meter = await client.v1.billing.meters.create_async(made)
    metered = await price(
        client,
        recurring={"interval": "month", "usage_type": "metered", "meter": meter.id},
        billing_scheme="tiered",
        tiers_mode="graduated",
        tiers=[
            {"up_to": 100, "unit_amount": 0},
            {"up_to": "inf", "unit_amount_decimal": "0.5", "flat_amount": 20},
        ],
    )
    subscription = await subscribe(client, "pm_card_visa", metered, await price(client))
    for value in ("150", "51"):
        event: Any = {"event_name": "calls", "payload": {"stripe_customer_id": subscription.customer, "value": value}}
        await client.v1.billing.meter_events.create_async(event)
    await fake.advance(days=32)
    # 101 above the first 100: 50.5, half up, and 20 for the tier; with the next month of the other price.
    assert await invoices(client, subscription) == [("paid", 900), ("paid", 900 + 51 + 20)]


async def test_an_event_counts_once_and_within_its_time(client: stripe.StripeClient) -> None:
    customer = (await client.v1.customers.create_async()).id
    made: Any = {"display_name": "Calls", "event_name": "calls", "default_aggregation": {"formula": "sum"}}
    meter = await client.v1.billing.meters.create_async(made)
    payload = {"stripe_customer_id": customer, "value": "5"}
    event: Any = {"event_name": "calls", "payload": payload, "identifier": "one"}
    sent = await client.v1.billing.meter_events.create_async(event)
    wrong: list[Any] = [
        event,
        {**event, "identifier": "two", "timestamp": sent.timestamp - 36 * 86400},
        {**event, "identifier": "three", "timestamp": sent.timestamp + 600},
        {**event, "identifier": "four", "payload": {**payload, "value": "-1"}},
        {**event, "identifier": "five", "event_name": "others"},
        {**event, "identifier": "six", "payload": {**payload, "stripe_customer_id": "cus_no"}},
    ]
    for one in wrong:
        with pytest.raises(stripe.InvalidRequestError):
            await client.v1.billing.meter_events.create_async(one)
    start = sent.timestamp // 60 * 60
    summed = await client.v1.billing.meters.event_summaries.list_async(
        meter.id, {"customer": customer, "start_time": start, "end_time": start + 120}
    )
    assert [row.aggregated_value for row in summed.data] == [5.0]


async def test_a_declined_renewal_is_tried_again_and_ends_the_subscription(
    client: stripe.StripeClient, fake: FakeStripe
) -> None:
    subscription = await subscribe(client, "pm_card_visa", await price(client))
    broken = await client.v1.payment_methods.attach_async(
        "pm_card_chargeCustomerFail", {"customer": str(subscription.customer)}
    )
    await client.v1.subscriptions.update_async(subscription.id, {"default_payment_method": broken.id})
    await fake.advance(days=32)
    assert (await client.v1.subscriptions.retrieve_async(subscription.id)).status == "past_due"
    await fake.advance(days=12)
    subscription = await client.v1.subscriptions.retrieve_async(subscription.id)
    assert subscription.status == "canceled"
    assert subscription.cancellation_details is not None
    assert subscription.cancellation_details.reason == "payment_failed"
    assert await invoices(client, subscription) == [("paid", 900), ("open", 900)]


async def test_a_past_due_invoice_is_paid_with_another_card(client: stripe.StripeClient, fake: FakeStripe) -> None:
    subscription = await subscribe(client, "pm_card_chargeCustomerFail", await price(client))
    assert subscription.status == "incomplete"
    good = await client.v1.payment_methods.attach_async("pm_card_visa", {"customer": str(subscription.customer)})
    paid = await client.v1.invoices.pay_async(str(subscription.latest_invoice), {"payment_method": good.id})
    assert paid.status == "paid"
    assert (await client.v1.subscriptions.retrieve_async(subscription.id)).status == "active"


async def test_a_declined_start_may_be_an_error(client: stripe.StripeClient) -> None:
    plan = await price(client)
    with pytest.raises(stripe.CardError):
        await subscribe(client, "pm_card_chargeCustomerFail", plan, payment_behavior="error_if_incomplete")
    assert (await client.v1.subscriptions.list_async({"status": "all"})).data == []


async def test_a_trial_is_free_until_it_ends(client: stripe.StripeClient, fake: FakeStripe) -> None:
    subscription = await subscribe(client, "pm_card_visa", await price(client), trial_period_days=14)
    assert (subscription.status, await invoices(client, subscription)) == ("trialing", [])
    await fake.advance(days=15)
    assert (await client.v1.subscriptions.retrieve_async(subscription.id)).status == "active"
    assert await invoices(client, subscription) == [("paid", 900)]


async def test_a_subscription_ends_with_its_period_or_at_once(
    client: stripe.StripeClient, fake: FakeStripe, inbox: Inbox
) -> None:
    first, second = [await subscribe(client, "pm_card_visa", await price(client)) for _ in range(2)]
    await client.v1.subscriptions.update_async(first.id, {"cancel_at_period_end": True})
    assert (await client.v1.subscriptions.cancel_async(second.id)).status == "canceled"
    assert (await client.v1.subscriptions.retrieve_async(first.id)).status == "active"
    await fake.advance(days=32)
    assert (await client.v1.subscriptions.retrieve_async(first.id)).status == "canceled"
    await inbox.wait_for(lambda box: box.types().count("customer.subscription.deleted") == 2)


async def test_a_price_is_found_by_its_key_which_can_move(client: stripe.StripeClient) -> None:
    first = await price(client, lookup_key="pro")
    with pytest.raises(stripe.InvalidRequestError):
        await price(client, lookup_key="pro")
    second = await price(client, lookup_key="pro", transfer_lookup_key=True)
    found = await client.v1.prices.list_async({"lookup_keys": ["pro"]})
    assert [one.id for one in found.data] == [second.id]
    assert (await client.v1.prices.retrieve_async(first.id)).lookup_key is None


async def test_two_fakes_share_nothing(client: stripe.StripeClient) -> None:
    await client.v1.customers.create_async()
    async with run_fake() as other:
        assert (await other.http.get("/v1/customers")).json()["data"] == []
