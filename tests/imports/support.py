"""Support: a file sent to the API, its job done here, its report read through the API."""

import csv
import io
from typing import Any
from uuid import UUID

import httpx2

from api.import_work import make_tools
from infra.database import open_database
from tenants.imports.job import run_import
from tests.support.shop import Document, ShopClient

COUNTED = ("created", "updated", "unchanged", "duplicate", "rejected")


async def send(shop: ShopClient, content: bytes | str, kind: str = "products", **query: Any) -> httpx2.Response:
    """Only sent; the job waits."""
    body = content.encode() if isinstance(content, str) else content
    return await shop.api.post("/v1/imports", params={"kind": kind, **query}, content=body)


async def import_bytes(shop: ShopClient, content: bytes | str, kind: str = "products", **query: Any) -> Document:
    """Sent, done, and the report; its counts add up to the rows read, or nothing does."""
    answer = await send(shop, content, kind, **query)
    assert answer.status_code == 202, answer.text
    return await finish(shop, answer.json()["import_id"])


async def finish(shop: ShopClient, import_id: str) -> Document:
    """Do the job as the worker does."""
    settings = shop.service.settings
    assert settings.database_url is not None
    db = await open_database(settings.database_url, pool_size=1)
    try:
        await run_import(make_tools(settings, db), shop.keys.tenant_id, UUID(import_id))
    finally:
        await db.close()
    return await report(shop, import_id)


async def report(shop: ShopClient, import_id: str) -> Document:
    answer = await shop.api.get(f"/v1/imports/{import_id}")
    assert answer.status_code == 200, answer.text
    run: Document = answer.json()
    assert sum(run[name] for name in COUNTED) == run["rows_read"]
    return run


def counts(run: Document) -> dict[str, int]:
    """Those that are not 0."""
    return {name: run[name] for name in COUNTED if run[name]}


async def rejects(shop: ShopClient, run: Document) -> list[tuple[int, str, str]]:
    """Line, field and reason of each."""
    answer = await shop.api.get(f"/v1/imports/{run['import_id']}/rejects")
    assert answer.status_code == 200, answer.text
    rows = list(csv.reader(io.StringIO(answer.text)))
    assert rows[0] == ["line", "field", "reason"]
    return [(int(line), field, reason) for line, field, reason in rows[1:]]


async def stored(shop: ShopClient, kind: str = "products") -> dict[str, Document]:
    """All documents by id."""
    answer = await shop.api.get(f"/v1/{kind}", params={"limit": 1000})
    return {item["id"]: item for item in answer.json()["items"]}
