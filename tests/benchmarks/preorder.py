"""Preorder: reservations a second at a cap that everybody wants, against a bare conditional update of the same row."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit
from uuid import UUID

import httpx2
import msgspec

from api.onboarding import NewShop, open_shop
from infra.database import Database, open_database
from infra.migrate import migrate
from infra.settings import Settings
from tenants.preorders import Buyer, Wish, open_preorder
from tests.benchmarks.load import Client, make_request
from tests.support.processes import run_lastbook, run_machines

LANES, SECONDS, ROUNDS = 32, 4.0, 3
POOL = 10
"""Connections, as many as the service's own pool has."""
Once = Callable[[int], Awaitable[bool]]
"""One reservation by this number; whether it was let in."""


def run() -> dict[str, object]:
    """`ratio`: reservations a second (`open_preorder`) over bare conditional updates a second, in turns, at one row.

    The reference is one transaction `update … set taken = taken + 1 where taken + 1 <= cap`, and nothing else, through
    the same driver, over as many connections as the service has. `http_ratio` is the same for reservations through
    the public API, with a second process to share the cores with. `oversold` is what was let in over a cap that was
    reached, by 500 at once.
    """
    with run_machines() as settings:
        assert settings.database_owner_url is not None
        asyncio.run(migrate(settings.database_owner_url))
        with run_lastbook(settings) as serving:
            return asyncio.run(_measure(serving))


async def _measure(settings: Settings) -> dict[str, object]:
    assert settings.database_url is not None
    db = await open_database(settings.database_url, pool_size=POOL)
    bare = subject = through_http = 0.0
    waits: list[float] = []
    for number in range(ROUNDS):
        shop = await _open(settings, f"round-{number}")
        bare += len(await _rush(_update(db, shop.tenant_id)))
        subject += len(await _rush(_reserve(db, shop.tenant_id)))
        answered = await _rush(await _ask(settings, shop))
        through_http += len(answered)
        waits += answered
    oversold = await _oversell(db, settings, await _open(settings, "full"))
    await db.close()
    return {
        "name": "preorder",
        "ratio": round(subject / bare, 3),
        "http_ratio": round(through_http / bare, 3),
        "reservations_per_second": round(subject / ROUNDS / SECONDS),
        "http_reservations_per_second": round(through_http / ROUNDS / SECONDS),
        "bare_updates_per_second": round(bare / ROUNDS / SECONDS),
        "http_p99_milliseconds": round(sorted(waits)[len(waits) * 99 // 100] * 1000, 1),
        "oversold": oversold,
        "lanes": LANES,
    }


async def _rush(once: Once) -> list[float]:
    """For so long, by all lanes at once; how many seconds each one that was let in took."""
    took: list[float] = []
    ends = time.perf_counter() + SECONDS

    async def lane(number: int) -> None:
        while (started := time.perf_counter()) < ends:
            assert await once(number)
            took.append(time.perf_counter() - started)

    await asyncio.gather(*(lane(number) for number in range(LANES)))
    return took


def _update(db: Database, tenant_id: UUID) -> Once:
    """The least that keeps a cap."""

    async def once(number: int) -> bool:
        async with db.tenant(tenant_id) as conn:
            taken = await conn.fetchval(
                """
                update campaign_caps
                set taken = taken + 1
                where campaign_id = 'bare' and scope = 'total' and taken + 1 <= cap
                returning taken
                """
            )
        return taken is not None

    return once


def _reserve(db: Database, tenant_id: UUID) -> Once:
    async def once(number: int) -> bool:
        wish = Wish(campaign_id="subject", product_id="p1", quantity=1, terms_version="v1")
        async with db.tenant(tenant_id) as conn:
            await open_preorder(conn, wish, Buyer(guest_email=f"g{number}@example.com"), now=datetime.now(UTC))
        return True

    return once


async def _ask(settings: Settings, shop: NewShop) -> Once:
    """As a page does it, over connections that stay open, by a client that costs next to nothing."""
    loop, address = asyncio.get_running_loop(), urlsplit(settings.public_url)
    host, port = address.hostname or "", address.port or 80
    lanes = [(await loop.create_connection(Client, host, port))[1] for _ in range(LANES)]
    wanted = {"key": shop.publishable.secret, "campaign": "busy", "product": "p1", "quantity": 1, "terms_version": "v1"}
    requests = [
        make_request(
            settings.public_url,
            "/public/v1/preorders:open",
            msgspec.json.encode(wanted | {"guest_email": f"g{number}@example.com"}),
        )
        for number in range(LANES)
    ]

    async def once(number: int) -> bool:
        return await lanes[number].ask(requests[number]) == b"201"

    return once


def _post(api: httpx2.AsyncClient, campaign_id: str) -> Once:
    async def once(number: int) -> bool:
        wish = {"campaign_id": campaign_id, "product_id": "p1", "quantity": 1, "terms_version": "v1"}
        answer = await api.post("/v1/preorders", json=wish | {"guest_email": f"g{number}@example.com"})
        assert answer.status_code in (201, 409), answer.text
        return answer.status_code == 201

    return once


async def _oversell(db: Database, settings: Settings, shop: NewShop) -> int:
    """500 at once for the 50 units of a campaign: how many more than 50 were let in, or are held."""
    async with _client(settings, shop) as api:
        await _launch(api, "full", 50)
        gate, once = asyncio.Semaphore(100), _post(api, "full")

        async def one(number: int) -> bool:
            async with gate:
                return await once(number)

        let_in = sum(await asyncio.gather(*(one(number) for number in range(500))))
    async with db.tenant(shop.tenant_id) as conn:
        held: int = await conn.fetchval("select sum(quantity) from preorders where campaign_id = 'full'")
    assert let_in >= 50, "units were left although 500 wanted them"
    return max(let_in, held) - 50


async def _open(settings: Settings, slug: str) -> NewShop:
    """With three campaigns that nobody can take all of, one for each way."""
    shop = await open_shop(settings, slug=slug, name=slug, currency="EUR", owner_email="bench@example.com")
    async with _client(settings, shop) as api:
        product = {"id": "p1", "title": "x", "url": "https://x.example", "price_minor": 1000, "currency": "EUR"}
        assert (await api.put("/v1/products/p1", json=product)).status_code == 200
        for campaign_id in ("bare", "subject", "busy"):
            await _launch(api, campaign_id, 1_000_000)
    return shop


async def _launch(api: httpx2.AsyncClient, campaign_id: str, total: int) -> None:
    now = datetime.now(UTC)
    document = {
        "id": campaign_id, "title": {"en": "x"}, "products": [{"product_id": "p1"}], "caps": {"total": total},
        "starts_at": (now - timedelta(hours=1)).isoformat(), "ends_at": (now + timedelta(days=7)).isoformat(),
        "payment": {"mode": "upfront"}, "ship_from": "2100-01-01", "ship_until": "2100-02-01",
        "terms": {"en": "x" * 5000}, "terms_version": "v1", "cancellation": {"until": "close"},
        "seller": {"name": "x", "address": "x", "email": "x@x.example"},
        "checklist": {"total_price_clear": True, "withdrawal_notice": {"en": "x"}},
    }  # fmt: skip
    stored = await api.put(f"/v1/campaigns/{campaign_id}", content=msgspec.json.encode(document))
    assert stored.status_code == 200, stored.text
    published = await api.post("/v1/campaigns:publish", json={"id": campaign_id})
    assert published.status_code == 200, published.text


def _client(settings: Settings, shop: NewShop) -> httpx2.AsyncClient:
    headers = {"Authorization": f"Bearer {shop.secret.secret}", "Content-Type": "application/json"}
    return httpx2.AsyncClient(base_url=settings.public_url, headers=headers, trust_env=False, timeout=60)
