"""Story: a merchant's whole life in the stand-in, so that every kind of object is there in many states."""

import contextlib
from typing import Any

import stripe

from tests.stripe_fake.people import pay, saved_card
from tests.support.stripe import FakeStripe


async def tell_story(client: stripe.StripeClient, fake: FakeStripe) -> None:
    """Payments of every outcome, refunds, disputes, sessions, subscriptions; on the platform and on an account."""
    merchant = await fake.merchant()
    await _connect(client, fake)
    await client.v1.webhook_endpoints.create_async(
        {"url": "http://127.0.0.1:9/none", "enabled_events": ["invoice.voided"]}
    )
    for account in (None, merchant):
        await _pay_in_every_way(client, fake, account)
        await _give_back(client, fake, account)
        await _save_cards(client, fake, account)
        await _check_out(client, fake, account)
        await _subscribe(client, fake, account)


# Any: parameters and options of many calls.
def _on(account: str | None) -> Any:
    return {"stripe_account": account} if account else {}


async def _connect(client: stripe.StripeClient, fake: FakeStripe) -> None:
    account = await client.v1.accounts.create_async({"type": "standard", "country": "GB", "email": "a@shop.example"})
    await client.v1.accounts.update_async(account.id, {"business_profile": {"name": "Shop"}, "metadata": {"a": "b"}})
    await fake.control("POST", f"accounts/{account.id}", {"charges_enabled": False})


async def _pay_in_every_way(client: stripe.StripeClient, fake: FakeStripe, account: str | None) -> None:
    fee = {"application_fee_amount": 300} if account else {}
    for card in ("pm_card_visa", "pm_card_amex", "pm_card_chargeDeclined", "pm_card_radarBlock"):
        with contextlib.suppress(stripe.CardError):
            await pay(client, card, account=account, description="Shoes", metadata={"a": "b"}, **fee)
    held = await pay(client, "pm_card_visa", account=account, capture_method="manual", **fee)
    await client.v1.payment_intents.capture_async(held.id, {"amount_to_capture": 1000}, _on(account))
    given_up = await pay(client, "pm_card_visa", account=account, capture_method="manual")
    await client.v1.payment_intents.cancel_async(given_up.id, {"cancellation_reason": "abandoned"}, _on(account))
    for passed in (True, False):
        asked = await pay(client, "pm_card_authenticationRequired", account=account, return_url="https://shop.example")
        await fake.control("POST", f"authenticate/{asked.id}", {"passed": passed})
    await pay(client, "pm_card_authenticationRequired", account=account)
    customer, method = await saved_card(client, "pm_card_visa", account=account)
    address = {"name": "A", "address": {"line1": "Road 1", "city": "York", "country": "GB"}}
    await pay(client, method, account=account, customer=customer, off_session=True, shipping=address)


async def _give_back(client: stripe.StripeClient, fake: FakeStripe, account: str | None) -> None:
    for card in ("pm_card_visa", "pm_card_pendingRefund", "pm_card_refundFail"):
        fee = {"application_fee_amount": 300} if account else {}
        paid = await pay(client, card, account=account, **fee)
        wanted: Any = {"payment_intent": paid.id, "amount": 500, "reason": "requested_by_customer"}
        await client.v1.refunds.create_async(
            wanted | ({"refund_application_fee": True} if account else {}), _on(account)
        )
    await fake.advance(seconds=120)
    for card in ("pm_card_createDispute", "pm_card_createDisputeInquiry", "pm_card_createDisputeProductNotReceived"):
        await pay(client, card, account=account)
    disputes = await client.v1.disputes.list_async({}, _on(account))
    evidence: Any = {"evidence": {"uncategorized_text": "winning_evidence"}}
    await client.v1.disputes.update_async(disputes.data[0].id, evidence, _on(account))
    await client.v1.disputes.close_async(disputes.data[1].id, {}, _on(account))


async def _save_cards(client: stripe.StripeClient, fake: FakeStripe, account: str | None) -> None:
    customer = (await client.v1.customers.create_async({"name": "A", "phone": "1"}, _on(account))).id
    for card in ("pm_card_visa", "pm_card_authenticationRequiredOnSetup", "pm_card_chargeDeclined"):
        wanted: Any = {
            "customer": customer,
            "payment_method": card,
            "allowed_payment_method_types": ["card"],
            "confirm": True,
        }
        try:
            setup = await client.v1.setup_intents.create_async(wanted, _on(account))
        except stripe.CardError:
            continue
        if setup.status == "requires_action":
            await fake.control("POST", f"authenticate/{setup.id}", {"passed": True})
    left: Any = {"customer": customer, "usage": "on_session"}
    setup = await client.v1.setup_intents.create_async(left, _on(account))
    await client.v1.setup_intents.cancel_async(setup.id, {"cancellation_reason": "abandoned"}, _on(account))


async def _check_out(client: stripe.StripeClient, fake: FakeStripe, account: str | None) -> None:
    common = {"success_url": "https://shop.example/{CHECKOUT_SESSION_ID}", "cancel_url": "https://shop.example"}
    price = {"currency": "usd", "unit_amount": 1250, "product_data": {"name": "Boots"}}
    again = price | {"recurring": {"interval": "month"}}
    sessions: list[Any] = [
        {"mode": "payment", "line_items": [{"price_data": price, "quantity": 2}], "customer_creation": "always"},
        {"mode": "setup", "currency": "usd", "customer_email": "b@shop.example"},
        {"mode": "subscription", "line_items": [{"price_data": again, "quantity": 1}]},
        {"mode": "payment", "line_items": [{"price_data": price, "quantity": 1}]},
    ]
    opened = [await client.v1.checkout.sessions.create_async(common | one, _on(account)) for one in sessions]
    for session in opened[:3]:
        await fake.control(
            "POST", f"checkout/{session.id}", {"number": "4242 4242 4242 4242", "email": "c@shop.example"}
        )
    await client.v1.checkout.sessions.expire_async(opened[3].id, {}, _on(account))


async def _subscribe(client: stripe.StripeClient, fake: FakeStripe, account: str | None) -> None:
    customer, method = await saved_card(client, "pm_card_visa", account=account)
    meter: Any = {"display_name": "Calls", "event_name": "calls", "default_aggregation": {"formula": "sum"}}
    made = await client.v1.billing.meters.create_async(meter, _on(account))
    product = await client.v1.products.create_async(
        {"name": "Plan", "images": ["https://shop.example/a"]}, _on(account)
    )
    metered: Any = {
        "currency": "usd",
        "product": product.id,
        "recurring": {"interval": "month", "usage_type": "metered", "meter": made.id},
        "billing_scheme": "tiered",
        "tiers_mode": "graduated",
        "tiers": [{"up_to": 100, "unit_amount": 0}, {"up_to": "inf", "unit_amount_decimal": "0.5"}],
    }
    prices = [await client.v1.prices.create_async(metered, _on(account))]
    counted: Any = {"currency": "usd", "product": product.id, "unit_amount": 900, "recurring": {"interval": "month"}}
    prices.append(await client.v1.prices.create_async(counted, _on(account)))
    for days in (0, 14):
        wanted: Any = {
            "customer": customer,
            "items": [{"price": price.id} for price in prices],
            "default_payment_method": method,
            **({"trial_period_days": days} if days else {}),
        }
        await client.v1.subscriptions.create_async(wanted, _on(account))
    event: Any = {"event_name": "calls", "payload": {"stripe_customer_id": customer, "value": "250"}}
    await client.v1.billing.meter_events.create_async(event, _on(account))
    await fake.advance(days=62)
    living = await client.v1.subscriptions.list_async({"customer": customer}, _on(account))
    await client.v1.subscriptions.update_async(living.data[0].id, {"cancel_at_period_end": True}, _on(account))
    await client.v1.subscriptions.cancel_async(living.data[1].id, {"invoice_now": True}, _on(account))
    await fake.advance(days=62)
