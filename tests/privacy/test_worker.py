"""The worker does what the API promised: in a database of its own, so that it takes nobody else's jobs."""

from collections.abc import AsyncIterator
from datetime import timedelta
from uuid import uuid4

import pytest

from api.worker import start_daily_rounds, work
from infra.settings import Settings
from tests.privacy.people import days
from tests.privacy.scan import find_in_redis
from tests.support.databases import as_admin, own_database
from tests.support.service import run_service
from tests.support.shop import Document, ShopClient, event, open_test_shop


@pytest.fixture
async def own_shop(settings: Settings) -> AsyncIterator[ShopClient]:
    async with own_database(settings) as own, run_service(own) as service:
        shop = await open_test_shop(service)
        async with shop.api, shop.page:
            yield shop


async def test_b7_the_worker_finishes_erasures_and_exports_and_keeps_to_the_rules(own_shop: ShopClient) -> None:
    shop, settings = own_shop, own_shop.service.settings
    await shop.push("shoppers", [{"id": "ann"}, {"id": "bob"}])
    old = (shop.service.clock() - days(2000)).isoformat()
    await shop.push(
        "events", [event("old", occurred_at=old), event("new", occurred_at=shop.service.clock().isoformat())]
    )
    export: Document = (await shop.api.post("/v1/exports", json={"shopper_id": "bob"})).json()
    erasure: Document = (await shop.api.post("/v1/erasures", json={"shopper_id": "ann"})).json()
    await start_daily_rounds(settings)

    await work(settings, until_empty=True)

    assert (await shop.api.get(f"/v1/erasures/{erasure['erasure_id']}")).json()["finished_at"] is not None
    assert (await shop.api.get(f"/v1/exports/{export['export_id']}")).json()["status"] == "ready"
    assert (await shop.api.get(f"/v1/exports/{export['export_id']}/archive")).status_code == 200
    assert [one["id"] for one in (await shop.api.get("/v1/events")).json()["items"]] == ["new"]


async def view(shop: ShopClient, visitor: str) -> None:
    viewed = {"id": uuid4().hex, "type": "view", "product": "p1"}
    body = {"key": shop.keys.publishable.secret, "visitor": visitor, "events": [viewed]}
    assert (await shop.page.post("/public/v1/events", json=body)).status_code == 202


async def test_b7_a_session_that_a_process_kept_before_it_heard_of_the_erasure_goes_within_a_minute(
    own_shop: ShopClient,
) -> None:
    shop, settings, visitor, stranger = own_shop, own_shop.service.settings, uuid4().hex, uuid4().hex
    await shop.push("events", [event("e1", shopper_id="ann", visitor_id=visitor)])
    await view(shop, stranger)

    async with as_admin(settings) as admin, admin.transaction():
        # Who was erased is read together with this table: the process that serves pages does not hear of it.
        await admin.execute("lock table privacy_settings in access exclusive mode")
        assert (await shop.api.post("/v1/erasures", json={"shopper_id": "ann"})).status_code == 200
        await view(shop, visitor)
        assert len(await find_in_redis(settings, visitor.encode())) == 1

    async with as_admin(settings) as admin:
        wait = await admin.fetchval("select scheduled_at - requested_at from procrastinate_jobs, erasures " + _FORGET)
        await admin.execute("update procrastinate_jobs set scheduled_at = now() " + _FORGET)
    assert timedelta(seconds=20) <= wait < timedelta(seconds=60)
    await work(settings, until_empty=True)
    assert await find_in_redis(settings, visitor.encode()) == []
    assert len(await find_in_redis(settings, stranger.encode())) == 1


_FORGET = "where task_name = 'forget_sessions' and status = 'todo'"
