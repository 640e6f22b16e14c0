"""Deaths between any two steps, a Stripe that dies after yes, is down or slow: healed, and nothing done twice."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from uuid import UUID

import pytest

from api.campaign_work import move_due
from api.payment_work import begin_charging, open_due, return_what_is_owed
from api.payments import open_payments
from infra.database import open_database
from tests.campaigns.merchant import transition
from tests.payments.blade import Blade, under, watch_calls
from tests.payments.till import DEPOSIT, SAVED, Till, later, open_till
from tests.support.databases import as_admin
from tests.support.shop import Document, ShopClient

STEPS = range(10)
"""More than there are: the last of them lives."""


async def write_charges(till: Till) -> None:
    """The campaign is confirmed, the rows of its charges are written, and their jobs wait."""
    assert (await transition(till.shop, "closed")).status_code == 200
    await move_due(till.payments.db, till.tenant_id, clock=till.payments.clock)
    await begin_charging(till.payments, till.tenant_id)
    await open_due(till.payments, till.tenant_id)


async def heal(till: Till) -> None:
    """Three minutes later, and twice."""
    with later(till.shop, minutes=3):
        await till.round()
        await till.round()


@pytest.mark.parametrize("after", STEPS)
async def test_p4_a_process_that_dies_while_a_shopper_joins_leaves_one_page_that_can_be_paid(
    till: Till, after: int
) -> None:
    await till.launch(payment=DEPOSIT)
    preorder = await till.reserve()
    blade = Blade()
    dying = under(blade, till.payments)
    with blade.falling(after):
        await dying.check_out(till.tenant_id, UUID(preorder["preorder_id"]))
    await heal(till)

    assert till.type_card(await till.session(preorder))
    await till.settle()
    assert len(till.books.table("checkout.session")) == len(till.books.table("customer")) == 1
    assert await till.states(preorder) == ("joined", "deposit_paid")
    assert till.money() == (300, 0)


@pytest.mark.parametrize("after", STEPS)
@pytest.mark.parametrize("forgotten", [False, True])
async def test_p4_a_charge_whose_worker_died_is_healed_by_reading_it_back_and_never_made_twice(
    till: Till, after: int, forgotten: bool
) -> None:
    await till.launch(payment=SAVED)
    preorder = await till.join()
    blade = Blade()
    dying = replace(till, payments=under(blade, till.payments))
    await write_charges(till)

    with blade.falling(after):
        await dying.do_jobs()
    if forgotten:
        # As Stripe may do after a day.
        await till.fake.control("POST", "forget-keys")
    # The webhooks are lost, too.
    till.world.outbox.pending.clear()
    await heal(till)

    assert await till.states(preorder) == ("confirmed", "paid")
    assert [one for one in await till.charges(preorder) if one[2] == "succeeded"][1:] == [("full", 1000, "succeeded")]
    assert len(till.books.table("charge")) == 1
    assert till.money() == (1000, 0)


@pytest.mark.parametrize("after", STEPS)
@pytest.mark.parametrize("forgotten", [False, True])
async def test_p4_a_refund_whose_worker_died_is_made_once(till: Till, after: int, forgotten: bool) -> None:
    """Of a half: Stripe itself would let it be made twice."""
    await till.launch(cancellation={"until": "close", "fee_basis_points": 5000})
    preorder = await till.join()
    await till.cancel_by_link(preorder)
    blade = Blade()
    dying = replace(till, payments=under(blade, till.payments))
    await return_what_is_owed(till.payments, till.tenant_id)

    with blade.falling(after):
        await dying.do_jobs()
    if forgotten:
        await till.fake.control("POST", "forget-keys")
    till.world.outbox.pending.clear()
    await heal(till)

    assert await till.states(preorder) == ("cancelled", "partly_refunded")
    assert len(till.books.table("refund")) == 1
    assert till.money() == (1000, 500)


async def test_p4_stripe_that_dies_after_saying_yes_has_charged_once(till: Till) -> None:
    await till.launch(payment=SAVED)
    preorder = await till.join()
    # More often than the package asks again by itself.
    await till.fake.fault(kind="die", method="POST", path="/v1/payment_intents", times=3)
    await till.fake.control("POST", "forget-keys")

    await till.confirm()
    await heal(till)

    assert await till.states(preorder) == ("confirmed", "paid")
    assert till.money() == (1000, 0)


async def test_p4_charges_wait_while_stripe_is_down_and_no_try_is_lost(till: Till) -> None:
    await till.launch(payment=SAVED)
    preorder = await till.join()
    await till.fake.fault(kind="status", status=500, times=100)
    await till.confirm()
    with later(till.shop, minutes=10):
        await till.round()
    assert await till.states(preorder) == ("confirmed", "charging")

    await till.fake.control("DELETE", "faults")
    with later(till.shop, hours=30):
        await till.round()

    assert await till.states(preorder) == ("confirmed", "paid")
    assert await till.charges(preorder) == [("setup", 0, "succeeded"), ("full", 1000, "succeeded")]


async def test_p4_who_cancels_before_stripe_heard_of_the_charge_is_not_charged(till: Till) -> None:
    await till.launch(payment=DEPOSIT)
    preorder = await till.join()
    # The row of the charge is written, its job is not done.
    await write_charges(till)
    assert await till.states(preorder) == ("confirmed", "charging")
    move = {"id": preorder["preorder_id"], "to": "cancelled"}
    assert (await till.shop.api.post("/v1/preorders:move", json=move)).status_code == 200

    await till.round()

    assert await till.states(preorder) == ("cancelled", "refunded")
    assert await till.charges(preorder) == [("deposit", 300, "succeeded"), ("balance", 700, "cancelled")]
    assert till.money() == (300, 300)


@pytest.mark.parametrize("after", STEPS)
async def test_p4_what_is_charged_in_the_moment_of_a_cancellation_goes_back_whole(till: Till, after: int) -> None:
    await till.launch(payment=DEPOSIT, cancellation={"until": "close", "fee_basis_points": 5000})
    preorder = await till.join()
    blade = Blade()
    dying = replace(till, payments=under(blade, till.payments))
    await write_charges(till)
    with blade.falling(after):
        await dying.do_jobs()
    till.world.outbox.pending.clear()

    move = {"id": preorder["preorder_id"], "to": "cancelled"}
    assert (await till.shop.api.post("/v1/preorders:move", json=move)).status_code == 200
    await heal(till)

    taken, returned = till.money()
    assert (taken, taken - returned) in ((300, 0), (1000, 0))
    assert await till.states(preorder) == ("cancelled", "refunded")


@asynccontextmanager
async def watched_till(shop: ShopClient, seen: list[int]) -> AsyncIterator[Till]:
    """A till with connections of its own; at every call to Stripe, how many of them have a transaction open."""
    settings, name = shop.service.settings, f"pay-{shop.tenant_id}"[:60]
    assert settings.database_url is not None
    mark = "&" if "?" in settings.database_url else "?"
    db = await open_database(f"{settings.database_url}{mark}application_name={name}")
    try:
        async with open_till(shop) as till, open_payments(settings, db, shop.service.clock) as payments:

            async def look() -> None:
                async with as_admin(settings) as admin:
                    seen.append(await admin.fetchval(_OPEN, name))

            watch_calls(payments, look, look)
            yield replace(till, payments=payments)
    finally:
        await db.close()


_OPEN = "select count(*) from pg_stat_activity where application_name = $1 and xact_start is not null"


async def test_p4_no_transaction_is_open_during_a_call_to_a_slow_stripe(shop: ShopClient) -> None:
    seen: list[int] = []
    async with watched_till(shop, seen) as till:
        # A control: the query does see a transaction that is open.
        async with till.payments.db.tenant(till.tenant_id) as conn, as_admin(shop.service.settings) as admin:
            name = await conn.fetchval("show application_name")
            assert await admin.fetchval(_OPEN, name) == 1
        await till.fake.fault(kind="slow", ms=30, times=1000)
        try:
            await live_through_everything(till)
        finally:
            till.world.faults.waiting.clear()

    assert len(seen) > 20
    assert set(seen) == {0}


async def live_through_everything(till: Till) -> None:
    """Connecting, joining, an abandoned page, charging, healing, giving back; all by this till's own connections."""
    await till.payments.connect(till.tenant_id, back_to="https://shop.example/admin")
    await till.launch(payment=DEPOSIT)
    paid: list[Document] = []
    for email in ("a@example.com", "b@example.com", "c@example.com"):
        preorder = await till.reserve(guest_email=email)
        url = await till.payments.check_out(till.tenant_id, UUID(preorder["preorder_id"]))
        if email != "c@example.com":
            assert till.type_card(till.books.get("checkout.session", url.rpartition("/")[2]))
            paid.append(preorder)
    with later(till.shop, minutes=40):
        await till.round()
        await till.round()
        await till.confirm()
        assert await till.states(paid[0]) == ("confirmed", "paid")
        move = {"id": paid[0]["preorder_id"], "to": "cancelled"}
        assert (await till.shop.api.post("/v1/preorders:move", json=move)).status_code == 200
        await till.round()
        assert await till.states(paid[0]) == ("cancelled", "refunded")
