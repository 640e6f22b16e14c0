"""The worker itself does the payment jobs: webhooks, charges and refunds, from its own queue."""

from dataclasses import replace

from api.campaign_work import move_due
from api.payment_work import defer_payment_round
from api.worker import work
from infra.settings import Settings
from tests.campaigns.merchant import transition
from tests.payments.till import SAVED, Till, open_till
from tests.support.databases import own_database
from tests.support.service import run_service
from tests.support.shop import open_test_shop


async def test_p4_the_worker_takes_events_in_charges_and_gives_back(settings: Settings) -> None:
    async with own_database(settings) as own, run_service(replace(own, log_level="critical")) as service:
        shop = await open_test_shop(service)
        async with shop.api, shop.page, open_till(shop) as till:
            await till.launch(payment=SAVED)
            preorder = await till.reserve()
            assert till.type_card(await till.session(preorder))

            await let_it_work(till)
            assert await till.states(preorder) == ("joined", "card_saved")

            assert (await transition(shop, "closed")).status_code == 200
            await move_due(till.payments.db, till.tenant_id, clock=service.clock)
            await let_it_work(till)
            assert await till.states(preorder) == ("confirmed", "paid")

            move = {"id": preorder["preorder_id"], "to": "cancelled"}
            assert (await shop.api.post("/v1/preorders:move", json=move)).status_code == 200
            await let_it_work(till)
            assert await till.states(preorder) == ("cancelled", "refunded")


async def let_it_work(till: Till) -> None:
    """What Stripe tells, the round that the clock would start, and all jobs, also those that follow."""
    await till.deliver()
    async with till.payments.db.tenant(till.tenant_id) as conn:
        await defer_payment_round(conn, till.tenant_id)
    for _ in range(2):
        await work(till.shop.service.settings, until_empty=True)
