"""Ingest: order lines a second through HTTP, against raw unnest upserts of the same rows into the same tables."""

import asyncio
import time
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx2
import msgspec

from api.onboarding import NewShop, open_shop
from infra.database import Database, open_database
from infra.migrate import migrate
from infra.settings import Settings
from tests.support.processes import run_lastbook, run_machines

ORDERS, BATCH, LINES_EACH, ROUNDS, LANES = 10_000, 1_000, 10, 3, 4
Batch = Sequence[dict[str, Any]]  # JSON documents


def run() -> dict[str, object]:
    """`ratio`: lines a second of new orders through the API over those of the bare statements, in turns.

    The reference upserts the same orders and lines from columns that are ready, a transaction a batch, as many at once.
    `lines_only_ratio` is over a reference that is not charged for its orders: they are there before it starts.
    """
    with run_machines() as settings:
        assert settings.database_owner_url is not None
        asyncio.run(migrate(settings.database_owner_url))
        with run_lastbook(settings) as serving:
            return asyncio.run(_measure(serving))


async def _measure(settings: Settings) -> dict[str, object]:
    assert settings.database_url is not None
    db = await open_database(settings.database_url)
    ours = again = reference = lines_only = 0.0
    for number in range(ROUNDS):
        reference += await _upsert(db, await _open(settings, f"raw-{number}"))
        lines_only += await _upsert(db, await _open(settings, f"lines-{number}"), lines_only=True)
        shop = await _open(settings, f"http-{number}")
        ours += await _push(settings, shop, "created")
        again += await _push(settings, shop, "unchanged")
    await db.close()
    lines = ROUNDS * ORDERS * LINES_EACH
    return {
        "name": "ingest",
        "ratio": round(reference / ours, 3),
        "lines_per_second": round(lines / ours),
        "replayed_lines_per_second": round(lines / again),
        "reference_lines_per_second": round(lines / reference),
        "lines_only_ratio": round(lines_only / ours, 3),
        "lines": lines,
        "orders_per_call": BATCH,
        "lanes": LANES,
    }


async def _open(settings: Settings, slug: str) -> NewShop:
    return await open_shop(settings, slug=slug, name=slug, currency="EUR", owner_email="bench@example.com")


async def _push(settings: Settings, shop: NewShop, outcome: str) -> float:
    """Seconds for all batches over `LANES` connections; every row must come out as `outcome`."""
    bodies = iter([msgspec.json.encode(batch) for batch in _batches()])
    headers = {"Authorization": f"Bearer {shop.secret.secret}", "Content-Type": "application/json"}
    async with httpx2.AsyncClient(base_url=settings.public_url, headers=headers, trust_env=False, timeout=60) as api:

        async def lane() -> None:
            for body in bodies:
                answer = (await api.post("/v1/orders:batch", content=body)).json()
                assert answer[outcome] == BATCH, answer

        started = time.perf_counter()
        await asyncio.gather(*(lane() for _ in range(LANES)))
        return time.perf_counter() - started


async def _upsert(db: Database, shop: NewShop, *, lines_only: bool = False) -> float:
    """Seconds for all batches by the bare statements."""
    batches = iter([(_headers(batch), _columns(batch)) for batch in _batches()])
    if lines_only:
        async with db.tenant(shop.tenant_id) as conn:
            for batch in _batches():
                await conn.execute(_UPSERT_ORDERS, *_headers(batch))

    async def lane() -> None:
        for headers, columns in batches:
            async with db.tenant(shop.tenant_id) as conn:
                if not lines_only:
                    await conn.execute(_UPSERT_ORDERS, *headers)
                await conn.execute(_UPSERT_LINES, *columns)

    started = time.perf_counter()
    await asyncio.gather(*(lane() for _ in range(LANES)))
    return time.perf_counter() - started


def _batches() -> list[Batch]:
    return [_batch(first) for first in range(0, ORDERS, BATCH)]


def _batch(first: int) -> Batch:
    start = datetime(2026, 1, 1, tzinfo=UTC)
    return [
        {
            "id": f"order-{number:08}",
            "shopper_id": f"shopper-{number % 2500}",
            "ordered_at": (start + timedelta(minutes=number)).isoformat(),
            "currency": "EUR",
            "lines": [_line(number, place) for place in range(LINES_EACH)],
        }
        for number in range(first, first + BATCH)
    ]


def _line(number: int, place: int) -> dict[str, object]:
    return {"product_id": f"{(number * 7 + place * 13) % 12_000}", "quantity": 1 + place % 3, "unit_price_minor": 199}


def _headers(batch: Batch) -> Sequence[Sequence[object]]:
    return [order["id"] for order in batch], [datetime.fromisoformat(order["ordered_at"]) for order in batch]


def _columns(batch: Batch) -> Sequence[Sequence[object]]:
    rows = [
        (order["id"], str(place + 1), line["product_id"], None, line["quantity"], line["unit_price_minor"], 0)
        for order in batch
        for place, line in enumerate(order["lines"])
    ]
    return [list(column) for column in zip(*rows, strict=True)]


_UPSERT_ORDERS = """
insert into orders (order_id, ordered_at, currency, digest)
select order_id, ordered_at, 'EUR', '' from unnest($1::text[], $2::timestamptz[]) as sent (order_id, ordered_at)
on conflict (tenant_id, order_id) do update
set ordered_at = excluded.ordered_at, currency = excluded.currency, digest = excluded.digest
"""

_UPSERT_LINES = """
insert into order_lines (order_id, line_id, product_id, variant_id, quantity, unit_price_minor, discount_minor)
select *
from unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::integer[], $6::bigint[], $7::bigint[])
on conflict (tenant_id, order_id, line_id) do update
set product_id = excluded.product_id,
    variant_id = excluded.variant_id,
    quantity = excluded.quantity,
    unit_price_minor = excluded.unit_price_minor,
    discount_minor = excluded.discount_minor
"""
