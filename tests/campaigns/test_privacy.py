"""What campaigns know of a person: exported, erased, followed when two become one (B7); and the worker's round (P1)."""

import json
from datetime import datetime, timedelta
from uuid import UUID

import pytest

from api.campaign_work import MOVE_CAMPAIGNS, start_campaign_rounds
from api.worker import work
from infra.clock import Clock
from tenants.jobs import keep_retention
from tests.campaigns.merchant import ask, campaign, join, later, launch, look, read, reserve, state, wish
from tests.privacy.people import erase, export, store
from tests.privacy.scan import find_everywhere
from tests.support.databases import own_database
from tests.support.polling import until
from tests.support.problems import check_problem
from tests.support.service import run_service
from tests.support.shop import Document, ShopClient, open_test_shop

pytestmark = pytest.mark.filterwarnings("ignore:EdDSA is deprecated")
PERSON = {"id": "ann", "email": "ann.canary@example.com", "email_verified": True}


async def link_of(shop: ShopClient, preorder: Document) -> str:
    answer = await shop.api.post("/v1/preorders:link", json={"id": preorder["preorder_id"]})
    link: str = answer.json()["url"].rpartition("/")[2]
    return link


async def _is_past(clock: Clock, moment: datetime) -> bool:
    return clock() > moment


async def test_b7_an_erased_shopper_leaves_sums_without_a_name_and_dead_links(shop: ShopClient) -> None:
    await shop.push("shoppers", [PERSON])
    await launch(shop)
    assert (await shop.api.post("/v1/campaigns:interest", json={"id": "c1", "shopper_id": "ann"})).status_code == 200
    mine, as_guest = await join(shop, shopper_id="ann"), await reserve(shop, guest_email=PERSON["email"])
    links = [await link_of(shop, one) for one in (mine, as_guest)]

    await erase(shop, shopper_id="ann")

    for preorder in (mine, as_guest):
        after = await read(shop, preorder)
        assert (after["shopper_id"], after["guest_email"], after["total_minor"]) == (None, None, 1000)
    for link in links:
        assert (await shop.page.get(f"/p/v1/preorder/{link}")).status_code == 404
    assert await find_everywhere(shop.service.settings, "ann.canary") == []
    assert check_problem(await ask(shop, guest_email=PERSON["email"]), 422)["errors"][0]["field"] == "guest_email"


async def test_b7_a_guest_is_erased_by_their_address(shop: ShopClient) -> None:
    await launch(shop)
    preorder = await reserve(shop, guest_email="Guest.Canary@Example.com")
    assert preorder["guest_email"] == "guest.canary@example.com"

    await erase(shop, email="guest.canary@example.com")

    assert (await read(shop, preorder))["guest_email"] is None
    assert await find_everywhere(shop.service.settings, "guest.canary") == []


async def test_b7_an_erased_shopper_is_invited_nowhere_and_cannot_be_again(shop: ShopClient) -> None:
    early: Document = {"early_for": {"shoppers": ["ann", "bea"]}}
    await shop.push("shoppers", [{"id": "ann"}])
    await launch(shop, **early)

    await erase(shop, shopper_id="ann")

    assert (await look(shop))["early_for"]["shoppers"] == ["bea"]
    refused = await shop.api.put("/v1/campaigns/c2", json=campaign(shop, "c2", **early))
    assert check_problem(refused, 422)["errors"][0]["field"] == "early_for.shoppers"


async def test_b7_a_shopper_gets_their_preorders_with_their_data(shop: ShopClient) -> None:
    await shop.push("shoppers", [PERSON])
    await launch(shop)
    preorder = await join(shop, shopper_id="ann", quantity=3)
    await link_of(shop, preorder)

    archive = await export(shop, "ann")

    told = {name: archive.read(name).decode() for name in archive.namelist()}
    assert preorder["preorder_id"] in "".join(told.values())
    assert "sha256" not in "".join(told.values())


async def test_b7_reservations_that_nobody_paid_go_after_ninety_days(shop: ShopClient) -> None:
    await launch(shop, ends_at=None)
    gone, kept = await reserve(shop), await join(shop)
    with later(shop, days=91):
        async with shop.service.db.tenant(shop.keys.tenant_id) as conn:
            await conn.execute(
                "update preorders set fulfilment = 'expired' where preorder_id = $1", UUID(gone["preorder_id"])
            )
        done = await keep_retention(shop.service.db, store(shop), shop.keys.tenant_id, clock=shop.service.clock)

    assert done["expired_preorders"] == 1
    assert (await shop.api.get(f"/v1/preorders/{gone['preorder_id']}")).status_code == 404
    assert (await read(shop, kept))["fulfilment"] == "joined"


async def test_b7_preorders_of_a_merged_shopper_go_with_them_and_come_back(shop: ShopClient) -> None:
    await shop.push("shoppers", [{"id": "ann"}, {"id": "old"}])
    await launch(shop)
    before = await reserve(shop, shopper_id="old")
    merged = (await shop.api.post("/v1/merges", json={"keep": "ann", "absorb": "old"})).json()["merge_id"]
    since = await reserve(shop, shopper_id="old")

    assert [(await read(shop, one))["shopper_id"] for one in (before, since)] == ["ann", "ann"]
    assert (await shop.api.post(f"/v1/merges/{merged}/undo")).status_code == 200
    assert [(await read(shop, one))["shopper_id"] for one in (before, since)] == ["old", "old"]


async def test_b7_an_idempotent_reservation_is_made_once(shop: ShopClient) -> None:
    await launch(shop)
    key = {"Idempotency-Key": "same"}

    answers = [await shop.api.post("/v1/preorders", json=wish(), headers=key) for _ in range(2)]

    assert [answer.status_code for answer in answers] == [201, 201]
    assert json.loads(answers[0].content) == json.loads(answers[1].content)


async def test_p1_the_worker_moves_what_is_due_and_queues_nothing_else(shop: ShopClient) -> None:
    """In a database of its own: the round looks at every tenant."""
    async with own_database(shop.service.settings) as settings, run_service(settings) as service:
        busy, idle = await open_test_shop(service), await open_test_shop(service)
        async with busy.api, busy.page, idle.api, idle.page:
            starts = service.clock() + timedelta(seconds=2)
            for one in (busy, idle):
                await launch(one, starts_at=starts.isoformat())
            async with service.db.tenant(idle.keys.tenant_id) as conn:
                await conn.execute("update campaigns set starts_at = starts_at + interval '1 day'")
            await until(lambda: _is_past(service.clock, starts))

            await start_campaign_rounds(settings)
            async with service.db.system() as conn:
                queued = await conn.fetch("select args from procrastinate_jobs where task_name = $1", MOVE_CAMPAIGNS)
            await work(settings, until_empty=True)

            assert [row["args"]["tenant_id"] for row in queued] == [busy.tenant_id]
            assert [await state(one) for one in (busy, idle)] == ["open", "scheduled"]
