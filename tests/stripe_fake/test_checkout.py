"""Checkout sessions: the shopper types a test card on the stand-in's own page."""

from typing import Any

import httpx2
import pytest
import stripe

from tests.support.stripe import FakeStripe, Inbox

SUCCESS = "https://shop.example/thanks?session={CHECKOUT_SESSION_ID}"
LINES: list[Any] = [
    {"price_data": {"currency": "eur", "unit_amount": 4500, "product_data": {"name": "Boots <b>"}}, "quantity": 2}
]


# Any: parameters of one call.
async def open_session(client: stripe.StripeClient, account: str | None = None, **more: Any) -> stripe.checkout.Session:
    wanted: Any = {"mode": "payment", "success_url": SUCCESS, "cancel_url": "https://shop.example/cart", **more}
    options: Any = {"stripe_account": account} if account else {}
    return await client.v1.checkout.sessions.create_async(wanted, options)


async def send(fake: FakeStripe, session: stripe.checkout.Session, number: str, **more: str) -> httpx2.Response:
    """The page's form."""
    assert session.url is not None
    form = {"number": number, "expiry": "12 / 34", "cvc": "123", "email": "a@shop.example", "name": "A", **more}
    return await fake.http.post(session.url, data=form)


async def test_a_shopper_pays_and_comes_back(client: stripe.StripeClient, fake: FakeStripe, inbox: Inbox) -> None:
    data = {"metadata": {"preorder": "9"}}
    session = await open_session(client, line_items=LINES, payment_intent_data=data, client_reference_id="9")
    assert (session.status, session.payment_status, session.amount_total) == ("open", "unpaid", 9000)
    assert session.payment_intent is None
    page = await fake.http.get(str(session.url))
    assert "Boots &lt;b&gt;" in page.text
    assert "90.00 EUR" in page.text
    assert "frame-ancestors 'none'" in page.headers["content-security-policy"]
    answer = await send(fake, session, "4242 4242 4242 4242")
    assert (answer.status_code, answer.headers["location"]) == (303, SUCCESS.format(CHECKOUT_SESSION_ID=session.id))
    session = await client.v1.checkout.sessions.retrieve_async(session.id, {"expand": ["payment_intent"]})
    assert (session.status, session.payment_status, session.url) == ("complete", "paid", None)
    assert session.customer_details is not None
    assert session.customer_details.email == "a@shop.example"
    assert isinstance(session.payment_intent, stripe.PaymentIntent)
    assert (session.payment_intent.status, session.payment_intent.metadata["preorder"]) == ("succeeded", "9")
    await inbox.wait_for(lambda box: "checkout.session.completed" in box.types())


async def test_a_declined_card_can_be_followed_by_another(client: stripe.StripeClient, fake: FakeStripe) -> None:
    session = await open_session(client, line_items=LINES)
    answer = await send(fake, session, "4000 0000 0000 9995")
    assert (answer.status_code, "insufficient funds" in answer.text) == (402, True)
    assert (await send(fake, session, "4242424242424242")).status_code == 303
    session = await client.v1.checkout.sessions.retrieve_async(session.id)
    assert session.payment_status == "paid"
    assert len((await client.v1.payment_intents.list_async()).data) == 1


async def test_the_intent_of_an_open_session_belongs_to_its_page(client: stripe.StripeClient, fake: FakeStripe) -> None:
    session = await open_session(client, line_items=LINES)
    await send(fake, session, "4000 0000 0000 9995")
    intent = (await client.v1.payment_intents.list_async()).data[0]
    with pytest.raises(stripe.InvalidRequestError, match="belongs to an open Checkout Session"):
        await client.v1.payment_intents.cancel_async(intent.id)
    await client.v1.checkout.sessions.expire_async(session.id)
    assert (await client.v1.payment_intents.cancel_async(intent.id)).status == "canceled"


@pytest.mark.parametrize("typed", [{"number": "1234"}, {"expiry": "13/34"}, {"expiry": "soon"}, {"expiry": "01/20"}])
async def test_a_mistyped_card_is_said_on_the_page(
    client: stripe.StripeClient, fake: FakeStripe, typed: dict[str, str]
) -> None:
    session = await open_session(client, line_items=LINES)
    answer = await send(fake, session, **{"number": "4242424242424242", **typed})
    assert (answer.status_code, 'role="alert"' in answer.text) == (402, True)


@pytest.mark.parametrize("passed", [True, False])
async def test_a_shopper_is_asked_by_his_bank(client: stripe.StripeClient, fake: FakeStripe, *, passed: bool) -> None:
    session = await open_session(client, line_items=LINES)
    answer = await send(fake, session, "4000 0027 6000 3184")
    assert answer.status_code == 303
    bank = answer.headers["location"]
    assert "90.00 EUR" in (await fake.http.get(bank)).text
    answer = await fake.http.post(bank, data={"passed": "1"} if passed else {"failed": "1"})
    back = await fake.http.get(answer.headers["location"])
    if passed:
        assert back.headers["location"].startswith("https://shop.example/thanks")
    else:
        assert "failed authentication" in back.text
    session = await client.v1.checkout.sessions.retrieve_async(session.id)
    assert session.status == ("complete" if passed else "open")


async def test_a_card_is_saved_for_later_on_a_merchants_account(
    client: stripe.StripeClient, fake: FakeStripe, merchant: str
) -> None:
    options: Any = {"stripe_account": merchant}
    customer = (await client.v1.customers.create_async({"email": "b@shop.example"}, options)).id
    data = {"metadata": {"preorder": "3"}}
    session = await open_session(
        client, merchant, mode="setup", currency="usd", customer=customer, setup_intent_data=data
    )
    assert (session.payment_status, session.amount_total) == ("no_payment_required", None)
    assert (await send(fake, session, "4000 0025 0000 3155")).status_code == 303
    setup = (await client.v1.setup_intents.list_async({}, options)).data[0]
    await fake.control("POST", f"authenticate/{setup.id}", {"passed": True})
    session = await client.v1.checkout.sessions.retrieve_async(session.id, {"expand": ["setup_intent"]}, options)
    assert isinstance(session.setup_intent, stripe.SetupIntent)
    assert session.setup_intent.metadata is not None
    assert (session.status, session.setup_intent.metadata["preorder"]) == ("complete", "3")
    wanted: Any = {
        "amount": 700,
        "currency": "usd",
        "customer": customer,
        "payment_method": session.setup_intent.payment_method,
        "off_session": True,
        "confirm": True,
        "application_fee_amount": 70,
    }
    assert (await client.v1.payment_intents.create_async(wanted, options)).status == "succeeded"


async def test_a_deposit_saves_the_card_too(client: stripe.StripeClient, fake: FakeStripe) -> None:
    session = await open_session(client, line_items=LINES, payment_intent_data={"setup_future_usage": "off_session"})
    await fake.control("POST", f"checkout/{session.id}", {"number": "4242424242424242", "email": "c@shop.example"})
    session = await client.v1.checkout.sessions.retrieve_async(session.id)
    cards = await client.v1.customers.payment_methods.list_async(str(session.customer))
    assert len(cards.data) == 1


async def test_a_subscription_begins_at_checkout(client: stripe.StripeClient, fake: FakeStripe) -> None:
    price: Any = {"currency": "usd", "unit_amount": 900, "recurring": {"interval": "month"}}
    lines = [{"price_data": price | {"product_data": {"name": "Plan"}}, "quantity": 3}]
    session = await open_session(client, mode="subscription", line_items=lines)
    assert (await send(fake, session, "4242424242424242")).status_code == 303
    session = await client.v1.checkout.sessions.retrieve_async(session.id, {"expand": ["subscription"]})
    assert isinstance(session.subscription, stripe.Subscription)
    assert (session.subscription.status, session.payment_status) == ("active", "paid")
    assert session.subscription["items"].data[0].quantity == 3


async def test_a_session_ends_after_a_day_or_when_told(
    client: stripe.StripeClient, fake: FakeStripe, inbox: Inbox
) -> None:
    first, second = await open_session(client, line_items=LINES), await open_session(client, line_items=LINES)
    await client.v1.checkout.sessions.expire_async(first.id)
    await fake.advance(days=1.1)
    for session in (first, second):
        assert (await client.v1.checkout.sessions.retrieve_async(session.id)).status == "expired"
        answer = await send(fake, session, "4242424242424242")
        assert (answer.status_code, "not open any more" in answer.text) == (410, True)
    assert await fake.control("GET", "money") == {}
    await inbox.wait_for(lambda box: box.types().count("checkout.session.expired") == 2)


async def test_a_completed_session_is_not_paid_twice(client: stripe.StripeClient, fake: FakeStripe) -> None:
    session = await open_session(client, line_items=LINES)
    for _ in range(2):
        assert (await send(fake, session, "4242424242424242")).status_code == 303
    assert (await fake.control("GET", "money"))["acct_platform"]["eur"]["charge"] == 9000


@pytest.mark.parametrize(
    ("wrong", "param"),
    [
        ({"line_items": []}, "line_items"),
        ({"mode": "setup"}, "currency"),
        ({"mode": "gift"}, "mode"),
        ({"success_url": ""}, "success_url"),
        ({"line_items": LINES, "expires_at": 1}, "expires_at"),
        ({"line_items": LINES, "setup_intent_data": {"description": "x"}}, "mode"),
        ({"line_items": LINES, "payment_intent_data": {"colour": "x"}}, "payment_intent_data[colour]"),
        ({"line_items": LINES, "customer": "cus_no"}, "customer"),
    ],
)
async def test_a_wrong_session_is_refused(client: stripe.StripeClient, wrong: dict[str, Any], param: str) -> None:
    with pytest.raises(stripe.InvalidRequestError) as caught:
        await open_session(client, **wrong)
    assert caught.value.param == param


async def test_an_unknown_page_is_said_plainly(fake: FakeStripe) -> None:
    answer = await fake.http.get("/pay/cs_test_no")
    assert (answer.status_code, "No such" in answer.text) == (404, True)
