"""Disputes: a shopper's bank takes the money back; what is disputed neither ships nor is refunded."""

from infra.embedded.stripe.disputes import close_dispute, open_dispute
from tests.campaigns.merchant import transition
from tests.payments.till import DEPOSIT, DISPUTED, Till
from tests.support.shop import Document


async def disputes(till: Till, preorder: Document) -> list[tuple[int, str]]:
    return [(one["amount_minor"], one["status"]) for one in (await till.ledger(preorder))["disputes"]]


async def close(till: Till, status: str) -> None:
    dispute = next(iter(till.books.table("dispute").values()))
    close_dispute(till.books, dispute, status)
    await till.settle()


async def test_p4_a_dispute_holds_a_preorder_up_until_the_bank_has_decided(till: Till) -> None:
    await till.launch()
    preorder = await till.join(card=DISPUTED)
    assert await till.states(preorder) == ("joined", "disputed")
    assert await disputes(till, preorder) == [(1000, "needs_response")]

    await close(till, "won")

    assert await till.states(preorder) == ("joined", "paid")
    assert await disputes(till, preorder) == [(1000, "won")]


async def test_p4_a_dispute_that_is_lost_is_money_gone_and_not_given_back_again(till: Till) -> None:
    await till.launch()
    preorder = await till.join(card=DISPUTED)

    await close(till, "lost")
    assert await till.states(preorder) == ("joined", "refunded")
    move = {"id": preorder["preorder_id"], "to": "cancelled"}
    assert (await till.shop.api.post("/v1/preorders:move", json=move)).status_code == 200
    await till.round()

    assert (await till.ledger(preorder))["refunds"] == []
    assert till.money() == (1000, 0)


async def test_p4_a_deposit_whose_dispute_was_won_is_a_deposit_again(till: Till) -> None:
    await till.launch(payment=DEPOSIT)
    preorder = await till.join(card=DISPUTED)
    await close(till, "won")
    assert await till.states(preorder) == ("joined", "deposit_paid")


async def test_p4_what_is_owed_back_of_a_disputed_preorder_waits_for_the_bank(till: Till) -> None:
    await till.launch()
    preorder = await till.join(card=DISPUTED)
    move = {"id": preorder["preorder_id"], "to": "cancelled"}
    assert (await till.shop.api.post("/v1/preorders:move", json=move)).status_code == 200
    await till.round()
    assert till.money() == (1000, 0)

    await close(till, "won")
    await till.round()

    assert await till.states(preorder) == ("cancelled", "refunded")
    assert till.money() == (1000, 1000)


async def test_p4_shuffled_words_of_one_dispute_end_the_same(till: Till) -> None:
    await till.launch()
    preorder = await till.join(card=DISPUTED)
    await close(till, "won")
    events = [one["event_id"] for one in (await till.shop.api.get("/v1/stripe-events")).json()["items"]]

    for again in (events, events[::-1]):
        answer = await till.shop.api.post("/v1/stripe-events:replay", json={"event_ids": again})
        assert sorted(answer.json()["event_ids"]) == sorted(events)
        await till.settle()

    assert await till.states(preorder) == ("joined", "paid")


async def test_p4_what_a_lost_dispute_took_away_is_not_owed_back_when_the_campaign_is_cancelled_later(
    till: Till,
) -> None:
    await till.launch()
    preorder = await till.join(card=DISPUTED)
    await close(till, "lost")

    await transition(till.shop, "cancelled")
    await till.round()

    assert await till.states(preorder) == ("cancelled", "refunded")
    assert till.money() == (1000, 0)


async def test_p4_a_dispute_that_is_told_between_a_page_and_its_payment_holds_the_preorder_up(till: Till) -> None:
    await till.launch()
    preorder = await till.reserve()
    assert till.type_card(await till.session(preorder), DISPUTED)

    await till.settle_in_order("checkout.session.completed", "charge.dispute.created")

    assert await till.states(preorder) == ("joined", "disputed")


async def test_p4_what_a_lost_dispute_took_away_is_not_charged_anew_with_the_balance(till: Till) -> None:
    await till.launch(payment=DEPOSIT)
    preorder = await till.join()
    await till.lose_card(preorder)
    await till.confirm()
    assert await till.states(preorder) == ("confirmed", "failed")
    open_dispute(till.books, next(iter(till.books.table("charge").values())), "fraudulent")
    await close(till, "lost")

    assert till.type_card(await till.session(preorder))
    await till.settle()

    assert (await till.charges(preorder))[-1] == ("balance", 700, "succeeded")
    assert (await till.read(preorder))["paid_minor"] == 1000
