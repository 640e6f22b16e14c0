"""An installation without any Stripe: it says so, takes no money, and no stand-in's either."""

from infra.settings import Settings
from infra.stripe import WEBHOOK_PATH
from tests.campaigns.merchant import launch
from tests.support.service import run_service
from tests.support.shop import open_test_shop


async def test_p4_without_a_stripe_payments_are_not_set_up_and_the_rest_works(settings: Settings) -> None:
    async with run_service(settings, with_stripe=False) as service:
        shop = await open_test_shop(service)
        async with shop.api, shop.page:
            refused = await shop.api.post(
                "/v1/payment-account:connect", json={"return_url": "https://shop.example/admin"}
            )
            told = await shop.page.post(WEBHOOK_PATH, json={}, headers={"stripe-signature": "t=1,v1=00"})
            await launch(shop)
            wanted = {"campaign": "c1", "product": "p1", "quantity": 1, "terms_version": "v1"}
            who = {"key": shop.keys.publishable.secret, "guest_email": "guest@example.com"}
            opened = await shop.page.post("/public/v1/preorders:open", json=wanted | who)

    assert (refused.status_code, refused.json()["type"].rpartition("/")[2]) == (503, "payments_not_set_up")
    assert "STRIPE_API_KEY" in refused.text
    assert told.status_code == 401
    assert (opened.status_code, opened.json()["checkout_url"]) == (201, None)
