"""The worker does what the API promised: in a database of its own, so that it takes nobody else's jobs."""

from collections.abc import AsyncIterator

import pytest

from api.worker import start_daily_rounds, work
from infra.settings import Settings
from tests.privacy.people import days
from tests.support.databases import own_database
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
