"""Connect: direct charges on a merchant's account, with a fee for the platform."""

from dataclasses import replace
from typing import Any

import pytest
import stripe

from infra.settings import Settings
from infra.stripe import open_stripe
from tests.stripe_fake.people import pay, saved_card
from tests.support.stripe import FakeStripe


async def test_a_direct_charge_is_the_merchants_and_the_fee_is_ours(
    client: stripe.StripeClient, fake: FakeStripe, merchant: str
) -> None:
    paid = await pay(client, "pm_card_visa", account=merchant, application_fee_amount=150)
    charge = await client.v1.charges.retrieve_async(str(paid.latest_charge), options={"stripe_account": merchant})
    fee = (await client.v1.application_fees.list_async({"charge": charge.id})).data[0]
    assert (fee.id, fee.account, fee.amount) == (charge.application_fee, merchant, 150)
    money = await fake.control("GET", "money")
    assert money[merchant]["usd"] == {"charge": 2000, "fee": 150 + 88}
    assert money["acct_platform"]["usd"] == {"application_fee": 150, "fee": 0}


async def test_accounts_do_not_see_each_other(client: stripe.StripeClient, fake: FakeStripe, merchant: str) -> None:
    other = await fake.merchant()
    customer, method = await saved_card(client, "pm_card_visa", account=merchant)
    paid = await pay(client, method, account=merchant, customer=customer)
    elsewhere: list[Any] = [{}, {"stripe_account": other}]
    for options in elsewhere:
        with pytest.raises(stripe.InvalidRequestError) as caught:
            await client.v1.payment_intents.retrieve_async(paid.id, options=options)
        assert (caught.value.code, caught.value.http_status) == ("resource_missing", 404)
        with pytest.raises(stripe.InvalidRequestError):
            await client.v1.customers.retrieve_async(customer, options=options)
        assert (await client.v1.payment_intents.list_async({}, options)).data == []


async def test_an_unknown_account_is_forbidden(client: stripe.StripeClient) -> None:
    with pytest.raises(stripe.PermissionError):
        await pay(client, "pm_card_visa", account="acct_unknown")


async def test_a_merchant_finishes_his_onboarding_and_may_charge(client: stripe.StripeClient, fake: FakeStripe) -> None:
    account = await client.v1.accounts.create_async({"type": "standard", "country": "DE", "email": "a@shop.example"})
    assert (account.charges_enabled, account.default_currency) == (False, "eur")
    with pytest.raises(stripe.PermissionError):
        await pay(client, "pm_card_visa", account=account.id)
    link = await client.v1.account_links.create_async(
        {
            "account": account.id,
            "type": "account_onboarding",
            "return_url": "https://shop.example/back",
            "refresh_url": "https://shop.example/again",
        }
    )
    assert "Connect your account" in (await fake.http.get(link.url)).text
    answer = await fake.http.post(link.url)
    assert (answer.status_code, answer.headers["location"]) == (303, "https://shop.example/back")
    assert (await client.v1.accounts.retrieve_async(account.id)).charges_enabled is True
    assert (await pay(client, "pm_card_visa", account=account.id)).status == "succeeded"


async def test_a_merchant_who_disconnects_is_out_of_reach(
    client: stripe.StripeClient, fake: FakeStripe, merchant: str
) -> None:
    await fake.control("DELETE", f"accounts/{merchant}")
    with pytest.raises(stripe.PermissionError):
        await pay(client, "pm_card_visa", account=merchant)


async def test_a_wrong_key_is_refused(stripe_settings: Settings, fake: FakeStripe) -> None:
    async with open_stripe(replace(stripe_settings, stripe_api_key="sk_test_other")) as stranger:
        with pytest.raises(stripe.AuthenticationError):
            await stranger.v1.customers.list_async()
    fake.http.headers.clear()
    assert (await fake.http.get("/_fake/clock")).status_code == 401
