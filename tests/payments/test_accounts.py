"""The merchant's account at Stripe: opened once, told by Stripe, and without it nothing is taken."""

from infra.embedded.stripe.accounts import enable_account
from tests.payments.till import SAVED, Till, later
from tests.support.problems import check_problem
from tests.support.shop import Document, ShopClient

BACK = {"return_url": "https://shop.example/admin"}


async def account(shop: ShopClient) -> Document:
    answer = await shop.api.get("/v1/payment-account")
    assert answer.status_code == 200, answer.text
    found: Document = answer.json()
    return found


async def test_p4_an_account_is_opened_once_and_filled_in_at_stripe(shop: ShopClient) -> None:
    assert (await shop.api.get("/v1/payment-account")).status_code == 404
    first = (await shop.api.post("/v1/payment-account:connect", json=BACK)).json()
    again = (await shop.api.post("/v1/payment-account:connect", json=BACK)).json()

    assert first["account_id"] == again["account_id"]
    assert not first["charges_enabled"]
    assert first["onboarding_url"] != again["onboarding_url"]
    assert (await account(shop))["onboarding_url"] is None


async def test_p4_two_shops_have_two_accounts(till: Till, other_shop: ShopClient) -> None:
    theirs = (await other_shop.api.post("/v1/payment-account:connect", json=BACK)).json()

    assert theirs["account_id"] != till.account_id
    assert (await account(till.shop))["account_id"] == till.account_id


async def test_p4_what_stripe_lets_an_account_do_is_told_by_stripe_in_any_order(till: Till) -> None:
    assert (await account(till.shop))["charges_enabled"]
    for charges in (False, True, False):
        enable_account(till.books, till.world.find_account(till.account_id), charges=charges)
    till.world.outbox.pending.reverse()
    await till.settle()
    assert not (await account(till.shop))["charges_enabled"]

    await till.launch()
    preorder = await till.reserve()
    refused = await till.check_out(preorder)
    assert (refused.status_code, refused.json()["type"].rpartition("/")[2]) == (409, "no_payment_account")

    enable_account(till.books, till.world.find_account(till.account_id), charges=True)
    await till.settle()
    assert (await till.check_out(preorder)).status_code == 200


async def test_p4_a_merchant_who_disconnects_is_not_charged_for_and_loses_no_try(till: Till) -> None:
    await till.launch(payment=SAVED)
    preorder = await till.join()
    books = till.books

    await till.fake.control("DELETE", f"accounts/{till.account_id}")
    await till.settle()
    assert not (await account(till.shop))["charges_enabled"]
    await till.confirm()
    with later(till.shop, days=20):
        await till.round()

    assert await till.states(preorder) == ("confirmed", "card_saved")
    assert not books.table("payment_intent")


async def test_p4_a_payment_that_stripe_refuses_is_a_clear_no_and_can_be_tried_anew(till: Till) -> None:
    await till.launch()
    preorder = await till.reserve()
    await till.fake.fault(kind="status", status=400, path="/v1/checkout/sessions")

    refused = await till.check_out(preorder)

    assert (refused.status_code, refused.json()["type"].rpartition("/")[2]) == (409, "cannot_pay")
    assert await till.states(preorder) == ("reserved", "pending")
    assert (await till.check_out(preorder)).status_code == 200
    assert await till.charges(preorder) == [("upfront", 1000, "cancelled"), ("upfront", 1000, "pending")]


async def test_p4_patience_has_bounds_and_is_the_shops_own(shop: ShopClient, other_shop: ShopClient) -> None:
    assert (await shop.api.put("/v1/payment-retries", json={"for_days": 3})).status_code == 200
    assert (await shop.api.get("/v1/payment-retries")).json() == {"every_hours": 48, "for_days": 3}
    assert (await other_shop.api.get("/v1/payment-retries")).json() == {"every_hours": 48, "for_days": 7}
    for wrong in ({"for_days": 31}, {"every_hours": 0}, {"every_hours": "x"}, {"for_weeks": 1}):
        assert (await shop.api.put("/v1/payment-retries", json=wrong)).status_code == 422


async def _make_live(till: Till) -> None:
    """As after a start with a live key: what is known is of the mode before."""
    async with till.payments.db.tenant(till.tenant_id) as conn:
        await conn.execute("update payment_accounts set livemode = not livemode")


async def test_p4_an_account_of_stripes_other_mode_is_left_for_one_of_this(till: Till) -> None:
    await _make_live(till)
    answer = await till.shop.api.post("/v1/payment-account:connect", json=BACK)
    assert answer.status_code == 200, answer.text
    assert not (await account(till.shop))["livemode"]


async def test_p4_an_account_of_stripes_other_mode_stays_while_cards_are_saved_there(till: Till) -> None:
    await till.launch(payment=SAVED)
    await till.join()
    await _make_live(till)
    problem = check_problem(await till.shop.api.post("/v1/payment-account:connect", json=BACK), 409)
    assert problem["type"].rpartition("/")[2] == "other_stripe_mode"
