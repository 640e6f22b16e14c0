"""People of the privacy tests: a shop with two tastes, and what a merchant does for a shopper who asks."""

import io
import zipfile
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import httpx2

from infra.artifacts import Artifacts, open_artifacts
from recommender.exporting import export_shopper
from tenants.jobs import finish_erasure
from tests.support.shop import MONDAY, Document, ShopClient

BEER, TEA = [f"beer-{n}" for n in range(8)], [f"tea-{n}" for n in range(8)]


async def open_two_tastes(shop: ShopClient) -> None:
    """Twelve buy beer and ten buy tea; a model is served."""
    await shop.stock(*BEER, *TEA)
    await shop.sell(
        {f"beer-{n}": [*BEER[n % 4 :], BEER[0]] for n in range(12)} | {f"tea-{n}": TEA[n % 4 :] for n in range(10)}
    )
    assert (await shop.train()).status == "active"


async def decide(
    shop: ShopClient, shopper: str, purpose: str = "personalisation", *, granted: bool, at: datetime = MONDAY
) -> httpx2.Response:
    """A shopper's decision, as the merchant's server tells it."""
    consent = {"purpose": purpose, "granted": granted, "at": at.isoformat(), "source": "account", "text_version": "v1"}
    return await shop.api.put(f"/v1/consents/{shopper}", json=consent)


async def erase(shop: ShopClient, **person: str) -> Document:
    """Through the API, with the job that follows."""
    answer = await shop.api.post("/v1/erasures", json=person)
    assert answer.status_code == 200, answer.text
    erasure: Document = answer.json()
    await finish(shop, erasure["erasure_id"])
    return erasure


async def finish(shop: ShopClient, erasure_id: str) -> None:
    """The job."""
    service = shop.service
    await finish_erasure(service.db, store(shop), shop.keys.tenant_id, UUID(erasure_id), clock=service.clock)


async def export(shop: ShopClient, shopper: str) -> zipfile.ZipFile:
    """Asked for, made by the job, fetched."""
    asked = await shop.api.post("/v1/exports", json={"shopper_id": shopper})
    assert asked.status_code == 200, asked.text
    export_id = asked.json()["export_id"]
    await make_export(shop, export_id)
    fetched = await shop.api.get(f"/v1/exports/{export_id}/archive")
    assert fetched.status_code == 200, fetched.text
    assert fetched.headers["content-type"] == "application/zip"
    return zipfile.ZipFile(io.BytesIO(fetched.content))


async def make_export(shop: ShopClient, export_id: str) -> bool:
    """The job."""
    service = shop.service
    return await export_shopper(service.db, store(shop), shop.keys.tenant_id, UUID(export_id), clock=service.clock)


def store(shop: ShopClient) -> Artifacts:
    return open_artifacts(shop.service.settings.artifacts_url)


async def source(shop: ShopClient, **more: Any) -> str:
    """Where the products of 'Picked for you' come from."""
    answer = await shop.ask("home-for-you", **more)
    assert answer.status_code == 200, answer.text
    found: str = answer.json()["slots"][0]["source"]
    return found


def days(number: float) -> timedelta:
    return timedelta(days=number)
