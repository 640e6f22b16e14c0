"""Serving: a personalised slot of 12 products against a bare route that answers as many bytes."""

import asyncio
import json
import random
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx2

from api.onboarding import NewShop, open_shop
from infra.migrate import migrate
from infra.settings import Settings
from recommender.jobs import train_tenant
from tenants.keys import signing_seed
from tests.benchmarks.load import Measured, load, make_request
from tests.benchmarks.processes import run_bare
from tests.support.processes import run_lastbook, run_machines
from widgets.examples.shopper_token import SigningKey, sign_shopper_token

PRODUCTS, SHOPPERS, ORDERS_EACH = 5_000, 1_000, 12
CONNECTIONS, ROUNDS, ROUND_SECONDS = 16, 4, 4.0


def run() -> dict[str, object]:
    """`ratio`: our requests a second over the bare route's, in turns."""
    with run_machines() as settings, run_lastbook(_prepared(settings)) as serving:
        shop = asyncio.run(_fill(serving))
        bodies = _bodies(shop)
        example = httpx2.post(f"{serving.public_url}/public/v1/slots", content=bodies[0], headers=JSON, trust_env=False)
        slot = example.json()["slots"][0]
        assert (len(slot["products"]), slot["source"]) == (12, "model")
        with run_bare(example.content) as bare_url:
            ours, bare = Measured(), Measured()
            _load(serving.public_url, bodies, Measured())  # warm: tokens verified, lists touched
            for _ in range(ROUNDS):
                _load(serving.public_url, bodies, ours)
                _load(bare_url, bodies, bare)
    return {
        "name": "serving",
        "ratio": round(ours.per_second / bare.per_second, 3),
        "requests_per_second": round(ours.per_second),
        "p50_ms": round(ours.percentile_ms(50), 2),
        "p99_ms": round(ours.percentile_ms(99), 2),
        "bare_requests_per_second": round(bare.per_second),
        "bare_p50_ms": round(bare.percentile_ms(50), 2),
        "bare_p99_ms": round(bare.percentile_ms(99), 2),
        "failures": ours.failures + bare.failures,
        "connections": CONNECTIONS,
        "answer_bytes": len(example.content),
        "products": PRODUCTS,
        "shoppers": SHOPPERS,
    }


JSON = {"Content-Type": "application/json"}


def _prepared(settings: Settings) -> Settings:
    assert settings.database_owner_url is not None
    asyncio.run(migrate(settings.database_owner_url))
    return settings


async def _fill(settings: Settings) -> NewShop:
    """A shop through the server API, trained as the worker trains."""
    shop = await open_shop(settings, slug="bench", name="Bench", currency="EUR", owner_email="bench@example.com")
    headers = {"Authorization": f"Bearer {shop.secret.secret}"}
    async with httpx2.AsyncClient(base_url=settings.public_url, headers=headers, trust_env=False, timeout=60) as api:
        for kind, documents in (("products", _products()), ("orders", _orders())):
            for start in range(0, len(documents), 1000):
                answer = await api.post(f"/v1/{kind}:batch", json=documents[start : start + 1000])
                assert answer.json()["rejected"] == 0, answer.text
    await train_tenant(settings, shop.tenant_id)
    return shop


def _bodies(shop: NewShop) -> list[bytes]:
    """One request a shopper, each with its own token."""
    key, now = SigningKey(str(shop.signing.key_id), signing_seed(shop.signing.secret)), datetime.now(UTC)
    asked = {"key": shop.publishable.secret, "slots": [{"name": "home-for-you", "limit": 12}]}
    tokens = (sign_shopper_token(key, f"s{number}", now) for number in range(SHOPPERS))
    return [json.dumps({**asked, "token": token}).encode() for token in tokens]


def _load(url: str, bodies: list[bytes], into: Measured) -> None:
    requests = [make_request(url, "/public/v1/slots", body) for body in bodies]
    load(url, requests, connections=CONNECTIONS, seconds=ROUND_SECONDS, into=into)


def _products() -> list[dict[str, Any]]:
    return [
        {
            "id": f"p{number}",
            "title": f"A product with a name of usual length {number}",
            "url": f"https://shop.example/products/a-product-of-usual-length-{number}",
            "image_urls": [f"https://images.shop.example/products/{number}/800.jpg"],
            "price_minor": 1000 + number,
            "currency": "EUR",
            "brand": f"Brand {number % 40}",
        }
        for number in range(PRODUCTS)
    ]


def _orders() -> list[dict[str, Any]]:
    """Shoppers who keep to a part of the shop each, so that there is something to learn."""
    dice, start = random.Random(7), datetime(2026, 1, 1, tzinfo=UTC)
    return [
        {
            "id": f"s{shopper}-{number}",
            "shopper_id": f"s{shopper}",
            "ordered_at": (start + timedelta(days=7 * number, minutes=shopper)).isoformat(),
            "currency": "EUR",
            "lines": [
                {"product_id": f"p{product}", "quantity": 1, "unit_price_minor": 1000}
                for product in {(shopper % 10) * 500 + int(dice.random() ** 2 * 500) for _ in range(4)}
            ],
        }
        for shopper in range(SHOPPERS)
        for number in range(ORDERS_EACH)
    ]
