"""Charging: a saved card is charged while its owner is away, tried again, mended, or given up; never twice."""

from datetime import timedelta

import pytest

from tests.payments.till import ASKS, DEPOSIT, FAILS_LATER, SAVED, VISA, Till, later
from tests.support.shop import Document


@pytest.mark.parametrize(
    ("payment", "charges"),
    [
        (SAVED, [("setup", 0, "succeeded"), ("full", 1000, "succeeded")]),
        (DEPOSIT, [("deposit", 300, "succeeded"), ("balance", 700, "succeeded")]),
    ],
)
async def test_p4_what_is_left_is_charged_when_the_campaign_is_confirmed(
    till: Till, payment: Document, charges: list[tuple[str, int, str]]
) -> None:
    await till.launch(payment=payment)
    preorder = await till.join()

    await till.confirm()

    assert await till.states(preorder) == ("confirmed", "paid")
    assert await till.charges(preorder) == charges
    assert (await till.read(preorder))["paid_minor"] == 1000 == till.money()[0]


async def test_p4_a_card_is_charged_on_the_day_that_its_owner_chose(till: Till) -> None:
    published = await till.launch(payment={**SAVED, "charge_within_days": 10})
    day = (till.shop.service.clock() + timedelta(days=12)).date()
    preorder = await till.join(charge_on=str(day))
    other = await till.join(guest_email="other@example.com")
    assert published["payment"]["charge_within_days"] == 10

    with later(till.shop, days=8):
        await till.round()
        await till.round()
        assert await till.states(preorder) == ("confirmed", "card_saved")
        assert await till.states(other) == ("confirmed", "paid")
    with later(till.shop, days=13):
        await till.round()
        assert await till.states(preorder) == ("confirmed", "paid")
    assert till.money() == (2000, 0)


async def test_p4_a_card_is_charged_at_nine_by_the_clock_of_the_shops_calendar(till: Till) -> None:
    calendar = (await till.shop.api.get("/v1/work-calendar")).json()
    stored = await till.shop.api.put("/v1/work-calendar", json=calendar | {"time_zone": "Pacific/Honolulu"})
    assert stored.status_code == 200
    await till.launch(payment={**SAVED, "charge_within_days": 10})
    now = till.shop.service.clock()
    midnight = (now + timedelta(days=12)).replace(hour=0, minute=0)
    preorder = await till.join(charge_on=str(midnight.date()))

    for hours, payment in ((18, "card_saved"), (20, "paid")):
        with later(till.shop, seconds=(midnight + timedelta(hours=hours) - now).total_seconds()):
            await till.round()
            await till.round()
            assert (await till.states(preorder))[1] == payment


async def test_p4_a_declined_card_is_tried_every_48_hours_for_7_days_a_last_time_and_dropped(till: Till) -> None:
    await till.launch(payment=SAVED)
    preorder = await till.join(card=FAILS_LATER)
    await till.confirm()
    assert await till.states(preorder) == ("confirmed", "failed")

    tried = []
    for hours in range(0, 200, 12):
        with later(till.shop, hours=hours, minutes=1):
            before = len(await till.charges(preorder))
            await till.round()
            tried += [hours] * (len(await till.charges(preorder)) - before)

    assert tried == [48, 96, 144, 168]
    assert await till.states(preorder) == ("cancelled", "dropped")
    assert {status for _, _, status in (await till.charges(preorder))[1:]} == {"failed"}
    assert till.money() == (0, 0)


async def test_p4_the_patience_is_the_tenants_own(till: Till) -> None:
    policy = {"every_hours": 24, "for_days": 1}
    assert (await till.shop.api.put("/v1/payment-retries", json=policy)).json() == policy
    await till.launch(payment=SAVED)
    preorder = await till.join(card=FAILS_LATER)
    await till.confirm()

    with later(till.shop, hours=25):
        await till.round()

    assert await till.states(preorder) == ("cancelled", "dropped")


async def test_p4_who_is_dropped_gets_the_deposit_back_less_the_fee_that_was_agreed_to(till: Till) -> None:
    await till.shop.api.put("/v1/payment-retries", json={"for_days": 0})
    await till.launch(payment=DEPOSIT, cancellation={"until": "close", "fee_basis_points": 1000})
    preorder = await till.join()
    await till.lose_card(preorder)
    await till.confirm()

    assert await till.states(preorder) == ("cancelled", "partly_refunded")
    assert till.money() == (300, 270)


async def test_p4_a_bank_that_wants_to_ask_is_answered_by_the_shopper_on_a_fresh_page(till: Till) -> None:
    await till.launch(payment=SAVED)
    preorder = await till.reserve()
    session = await till.session(preorder)
    till.type_card(session, ASKS)
    await till.ask_bank(session)
    await till.settle()
    await till.confirm()
    assert await till.states(preorder) == ("confirmed", "action_required")

    assert till.type_card(await till.session(preorder), VISA)
    await till.settle()

    assert await till.states(preorder) == ("confirmed", "paid")
    assert [one[2] for one in await till.charges(preorder)] == ["succeeded", "action_required", "succeeded"]
    with later(till.shop, days=8):
        await till.round()
    assert till.money() == (1000, 0)


async def test_p4_no_retry_runs_beside_an_open_page_and_it_goes_on_when_the_page_is_over(till: Till) -> None:
    await till.launch(payment=SAVED)
    preorder = await till.join(card=FAILS_LATER)
    await till.confirm()

    with later(till.shop, hours=47):
        await till.session(preorder)
    with later(till.shop, hours=49):
        await till.round()
        assert [one[2] for one in await till.charges(preorder)] == ["succeeded", "failed", "pending"]
        # Asking again gives the same page.
        assert await till.session(preorder) == await till.session(preorder)
    with later(till.shop, hours=52):
        till.world.settle()
        await till.settle()
        await till.round()
    assert [one[2] for one in await till.charges(preorder)] == ["succeeded", "failed", "cancelled", "failed"]


async def test_p4_an_unpaid_preorder_does_not_ship(till: Till) -> None:
    await till.launch(payment=DEPOSIT)
    preorder = await till.join()
    await till.lose_card(preorder)
    await till.confirm()
    move = {"id": preorder["preorder_id"], "to": "in_production"}
    assert (await till.shop.api.post("/v1/preorders:move", json=move)).status_code == 200

    refused = await till.shop.api.post("/v1/preorders:move", json=move | {"to": "shipped"})

    assert refused.status_code == 409
    assert refused.json()["type"].endswith("/preorder_not_paid")


async def test_p4_nothing_is_to_be_paid_of_what_is_paid(till: Till) -> None:
    await till.launch()
    preorder = await till.join()

    refused = await till.check_out(preorder)

    assert refused.status_code == 409
    assert refused.json()["type"].endswith("/nothing_to_pay")


@pytest.mark.parametrize("currency", ["ISK", "MGA", "UGX"])
async def test_p4_a_currency_that_stripe_counts_in_another_unit_is_refused(till: Till, currency: str) -> None:
    await till.launch()
    await till.shop.stock("p1", currency=currency)

    refused = await till.check_out(await till.reserve())

    assert (refused.status_code, refused.json()["type"].rpartition("/")[2]) == (409, "currency_not_taken")
