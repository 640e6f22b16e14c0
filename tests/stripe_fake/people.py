"""People: the short ways of these tests to pay and to save a card."""

from typing import Any

import pytest
import stripe


# Any: parameters of all kinds, also wrong ones.
async def pay(
    client: stripe.StripeClient, method: str, *, account: str | None = None, **more: Any
) -> stripe.PaymentIntent:
    """Pay 20.00 by card at once; `more` are parameters, None takes one away."""
    wanted: Any = {
        "amount": 2000,
        "currency": "usd",
        "payment_method": method,
        "allowed_payment_method_types": ["card"],
        "confirm": True,
        **more,
    }
    options: Any = {"stripe_account": account} if account else {}
    return await client.v1.payment_intents.create_async(wanted, options)


async def saved_card(client: stripe.StripeClient, method: str, *, account: str | None = None) -> tuple[str, str]:
    """A new customer and his saved card."""
    options: Any = {"stripe_account": account} if account else {}
    customer = await client.v1.customers.create_async({"email": "shopper@shop.example"}, options)
    attached = await client.v1.payment_methods.attach_async(method, {"customer": customer.id}, options)
    return customer.id, attached.id


# Any: which parts an error has depends on the error.
def told(caught: pytest.ExceptionInfo[stripe.StripeError]) -> Any:
    """The error object that Stripe answered."""
    assert caught.value.error is not None
    return caught.value.error
