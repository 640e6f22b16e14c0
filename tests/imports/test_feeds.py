"""Feeds: an address imported once, and again at its interval."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from uuid import UUID

from api.import_work import make_tools
from infra.database import open_database
from tenants.imports.feeds import open_due
from tenants.imports.job import run_import
from tenants.imports.plans import Options
from tenants.imports.runs import open_run
from tests.imports.support import counts, report
from tests.support.problems import check_problem
from tests.support.shop import Document, ShopClient

CSV = b"id,title,url,price\np1,Mug,https://shop.example/p1,1.00\n"
FEED = {"url": "https://feeds.shop.example/products.csv", "kind": "products", "interval_minutes": 60}


async def test_b2_an_address_is_fetched_and_imported(shop: ShopClient) -> None:
    async with _serving(CSV) as url:
        run = await _finish(shop, await _open(shop, url), loopback=True)

    assert (run["status"], counts(run)) == ("done", {"created": 1}), run["error"]
    assert run["bytes_total"] == len(CSV)


async def test_b2_an_address_on_this_machine_is_refused_at_once_and_by_the_worker(shop: ShopClient) -> None:
    for url in ("http://127.0.0.1:1/x.csv", "https://localhost/x.csv", "https://10.0.0.1/x", "https://[::1]/x"):
        answer = await shop.api.post("/v1/imports", json={"kind": "products", "url": url})
        check_problem(answer, 422)
        check_problem(await shop.api.put("/v1/feeds/main", json=FEED | {"url": url}), 422)
    async with _serving(CSV) as url:
        run = await _finish(shop, await _open(shop, url), loopback=False)

    assert (run["status"], run["rows_read"]) == ("failed", 0)
    assert "must start with https://" in run["error"]


async def test_b2_a_feed_comes_again_when_its_last_import_has_ended(shop: ShopClient) -> None:
    put = await shop.api.put("/v1/feeds/main", json=FEED)
    assert put.status_code == 200, put.text
    now = shop.service.clock() + timedelta(seconds=1)
    asked = [await _due(shop, ahead) for ahead in (0, 0, 61)]
    (waiting,) = (await shop.api.get("/v1/imports")).json()["items"]
    await _end(shop, waiting["import_id"])
    asked += [await _due(shop, ahead) for ahead in (59, 61, 61)]

    assert asked == [1, 0, 0, 0, 1, 0]
    (feed,) = (await shop.api.get("/v1/feeds")).json()["items"]
    assert (feed["name"], feed["url"]) == ("main", FEED["url"])
    assert feed["next_run_at"] > now.isoformat()


async def test_b2_a_deleted_feed_is_fetched_no_more(shop: ShopClient) -> None:
    await shop.api.put("/v1/feeds/main", json=FEED)

    assert (await shop.api.delete("/v1/feeds/main")).status_code == 204
    check_problem(await shop.api.delete("/v1/feeds/main"), 404)
    assert await _due(shop, 0) == 0


async def test_b2_a_feed_of_another_shop_is_not_seen(shop: ShopClient, other_shop: ShopClient) -> None:
    await shop.api.put("/v1/feeds/main", json=FEED)

    assert (await other_shop.api.get("/v1/feeds")).json() == {"items": []}
    check_problem(await other_shop.api.delete("/v1/feeds/main"), 404)


async def _open(shop: ShopClient, url: str) -> str:
    """Past the API, which refuses this machine's address."""
    async with shop.service.db.tenant(shop.keys.tenant_id) as conn:
        return str(await open_run(conn, kind="products", mode="incremental", dry_run=False, options=Options(), url=url))


async def _finish(shop: ShopClient, import_id: str, *, loopback: bool) -> Document:
    settings = replace(shop.service.settings, fetch_loopback=loopback)
    assert settings.database_url is not None
    db = await open_database(settings.database_url, pool_size=1)
    try:
        await run_import(make_tools(settings, db), shop.keys.tenant_id, UUID(import_id))
    finally:
        await db.close()
    return await report(shop, import_id)


async def _due(shop: ShopClient, minutes_ahead: int) -> int:
    async with shop.service.db.tenant(shop.keys.tenant_id) as conn:
        return await open_due(conn, now=shop.service.clock() + timedelta(minutes=minutes_ahead))


async def _end(shop: ShopClient, import_id: str) -> None:
    async with shop.service.db.tenant(shop.keys.tenant_id) as conn:
        await conn.execute(
            "update imports set status = 'done', finished_at = now() where import_id = $1", UUID(import_id)
        )


@asynccontextmanager
async def _serving(content: bytes) -> AsyncIterator[str]:
    """A web server on this machine with one file."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(content) + content)
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    async with server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/products.csv"
