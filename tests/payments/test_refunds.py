"""Giving back: what was taken and is not owed goes back, exactly once, and nobody else is charged."""

from infra.embedded.stripe.refunds import make_refund
from tenants.preorder_money import list_to_give_back
from tests.campaigns.merchant import transition
from tests.payments.till import DEPOSIT, REFUND_FAILS, REFUND_PENDING, SAVED, UPFRONT, Till, later
from tests.support.shop import Document
from tests.webhooks.receiver import deliveries, listen


async def cancel(till: Till, preorder: Document) -> None:
    """By the merchant."""
    move = {"id": preorder["preorder_id"], "to": "cancelled"}
    answer = await till.shop.api.post("/v1/preorders:move", json=move)
    assert answer.status_code == 200, answer.text


async def refunds(till: Till, preorder: Document) -> list[tuple[int, str, str]]:
    return [(one["amount_minor"], one["reason"], one["status"]) for one in (await till.ledger(preorder))["refunds"]]


async def test_p4_a_failed_campaign_gives_each_payer_everything_back_once_and_charges_nobody(till: Till) -> None:
    await till.launch(payment=DEPOSIT, minimum_units=50)
    payers = [await till.join(guest_email=f"payer{number}@example.com") for number in range(4)]
    idle = [await till.reserve(guest_email=f"idle{number}@example.com") for number in range(2)]
    await till.launch("c2", payment=SAVED, minimum_units=50)
    savers = [await till.join("c2", guest_email=f"saver{number}@example.com") for number in range(3)]

    with later(till.shop, hours=1):
        await till.confirm()
        await till.confirm("c2")
        for _ in range(3):
            await till.round()

        assert {await till.states(one) for one in payers} == {("cancelled", "refunded")}
        assert {await till.states(one) for one in savers} == {("cancelled", "card_saved")}
        assert {await till.states(one) for one in idle} == {("expired", "none")}
    assert [await refunds(till, one) for one in payers] == [[(300, "owed", "succeeded")]] * 4
    assert [one["amount"] for one in till.books.table("refund").values()] == [300] * 4
    assert len(till.books.table("charge")) == 4
    assert till.money() == (1200, 1200)


async def test_p4_who_cancels_gets_back_what_was_paid_less_the_fee(till: Till) -> None:
    await till.launch(payment=UPFRONT, cancellation={"until": "close", "fee_basis_points": 1250})
    preorder = await till.join()

    await till.cancel_by_link(preorder)
    await till.round()

    assert await till.states(preorder) == ("cancelled", "partly_refunded")
    assert till.money() == (1000, 875)


async def test_p4_deposit_and_balance_go_back_each_to_where_it_came_from(till: Till) -> None:
    await till.launch(payment=DEPOSIT)
    preorder = await till.join()
    await till.confirm()

    await cancel(till, preorder)
    await till.round()

    assert await till.states(preorder) == ("cancelled", "refunded")
    assert sorted(await refunds(till, preorder)) == [(300, "owed", "succeeded"), (700, "owed", "succeeded")]
    assert till.money() == (1000, 1000)


async def test_p4_a_refund_that_the_bank_still_works_on_is_back_when_it_says_so(till: Till) -> None:
    await till.launch()
    preorder = await till.join(card=REFUND_PENDING)
    await cancel(till, preorder)
    await till.round()
    assert await till.states(preorder) == ("cancelled", "refund_pending")

    await till.fake.advance(seconds=120)
    await till.settle()

    assert await till.states(preorder) == ("cancelled", "refunded")
    assert till.money() == (1000, 1000)


async def test_p4_a_refund_that_the_bank_sends_back_is_tried_again_a_day_later(till: Till) -> None:
    await till.launch()
    preorder = await till.join(card=REFUND_FAILS)
    await cancel(till, preorder)
    await till.round()
    assert await till.states(preorder) == ("cancelled", "refunded")

    await till.fake.advance(seconds=120)
    await till.settle()
    await till.round()
    assert await till.states(preorder) == ("cancelled", "refund_pending")
    assert (await till.read(preorder))["returned_minor"] == 0
    assert await refunds(till, preorder) == [(1000, "owed", "failed")]

    with later(till.shop, hours=25):
        await till.round()
        assert await refunds(till, preorder) == [(1000, "owed", "failed"), (1000, "owed", "succeeded")]
    assert till.money() == (1000, 1000)


async def test_p4_what_the_merchant_gave_back_in_stripes_dashboard_is_known_and_not_charged_again(till: Till) -> None:
    await till.launch(payment=DEPOSIT)
    preorder = await till.join()
    charge = next(iter(till.books.table("charge").values()))
    make_refund(till.books, charge, 100, None, {})
    await till.settle()
    assert await refunds(till, preorder) == [(100, "outside", "succeeded")]

    await till.confirm()
    assert till.money() == (1000, 100)
    await cancel(till, preorder)
    await till.round()

    assert await till.states(preorder) == ("cancelled", "refunded")
    assert till.money() == (1000, 1000)


async def test_p4_what_was_given_back_whole_by_hand_does_not_ship(till: Till) -> None:
    await till.launch()
    preorder = await till.join()
    make_refund(till.books, next(iter(till.books.table("charge").values())), 1000, None, {})

    await till.settle()

    assert await till.states(preorder) == ("joined", "refunded")


async def test_p4_our_share_goes_back_with_the_money(till: Till) -> None:
    async with till.payments.db.tenant(till.tenant_id) as conn:
        await conn.execute("update payment_accounts set fee_basis_points = 500")
    await till.launch()
    preorder = await till.join()
    charge = next(iter(till.books.table("charge").values()))
    assert charge["application_fee_amount"] == 50

    await cancel(till, preorder)
    await till.round()

    fee = till.world.platform().get("application_fee", charge["application_fee"])
    assert fee["amount_refunded"] == 50


async def test_p4_a_refund_by_hand_after_all_is_shipped_gives_back_no_more_than_that(till: Till) -> None:
    await till.launch(payment=SAVED)
    preorder = await till.join(card=REFUND_PENDING)
    await till.confirm()
    await transition(till.shop, "in_production")
    move = {"id": preorder["preorder_id"], "to": "shipped"}
    assert (await till.shop.api.post("/v1/preorders:move", json=move)).status_code == 200
    for state in ("shipping", "completed"):
        assert (await transition(till.shop, state)).status_code == 200

    make_refund(till.books, next(iter(till.books.table("charge").values())), 100, None, {})
    await till.settle()
    await till.round()

    assert await till.states(preorder) == ("shipped", "paid")
    assert [amount for amount, _, _ in await refunds(till, preorder)] == [100]


async def test_p4_money_given_back_by_hand_before_its_payment_was_told_does_not_ship(till: Till) -> None:
    await till.launch()
    preorder = await till.reserve()
    assert till.type_card(await till.session(preorder))
    make_refund(till.books, next(iter(till.books.table("charge").values())), 1000, None, {})

    await till.settle_in_order("checkout.session.completed", "refund.created")

    assert await till.states(preorder) == ("joined", "refunded")


async def test_p8_the_merchants_server_hears_of_a_refund_that_failed(till: Till) -> None:
    await listen(till.shop, "http://127.0.0.1:1/", "preorder.refund_failed")
    await till.launch()
    preorder = await till.join(card=REFUND_FAILS)
    await cancel(till, preorder)
    await till.round()
    await till.fake.advance(seconds=120)
    await till.settle()

    (told,) = await deliveries(till.shop)
    assert (told["kind"], told["data"]["preorder_id"]) == ("preorder.refund_failed", preorder["preorder_id"])


async def test_p4_a_refund_that_no_bank_takes_is_left_to_the_merchant_after_ten_tries(till: Till) -> None:
    await till.launch()
    preorder = await till.join(card=REFUND_FAILS)
    await cancel(till, preorder)
    await till.round()
    await till.fake.advance(seconds=120)
    await till.settle()
    async with till.payments.db.tenant(till.tenant_id) as conn:
        await conn.execute(_NINE_MORE)

    with later(till.shop, days=2):
        async with till.payments.db.tenant(till.tenant_id) as conn:
            assert await list_to_give_back(conn, now=till.shop.service.clock(), limit=1) == []


_NINE_MORE = """
insert into refunds (
    charge_key, number, preorder_id, amount_minor, currency, reason, status, created_at, settled_at
)
select charge_key, number + more, preorder_id, amount_minor, currency, reason, status, created_at, settled_at
from refunds, generate_series(1, 9) as more
"""
