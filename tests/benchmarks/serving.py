"""Serving: a personalised slot of 12 products against a bare route that answers as many bytes."""

import asyncio
import json
import random
from collections.abc import Sequence
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
SLOTS = [{"name": "home-for-you", "limit": 12}]
CONNECTIONS, ROUNDS, ROUND_SECONDS = 16, 4, 4.0

Document = dict[str, Any]  # JSON, as it travels


def run() -> dict[str, object]:
    """`ratio`: our requests a second over the bare route's, in turns, for known shoppers with a session.

    `session_ratio`: the same for anonymous visitors, who are shown what is near their session's products.
    """
    with run_machines() as settings, run_lastbook(_prepared(settings)) as serving:
        shop = asyncio.run(_fill(serving))
        known, unknown = _known(shop), _unknown(shop)
        asyncio.run(_browse(serving, [*known, *unknown]))
        example = _ask(serving, known[0], "model")
        _ask(serving, unknown[0], "session")
        measured = {"": Measured(), "bare_": Measured(), "session_": Measured()}
        with run_bare(example) as bare_url:
            _load(serving.public_url, known, Measured())  # warm: tokens verified, lists touched
            for _ in range(ROUNDS):
                _load(serving.public_url, known, measured[""])
                _load(bare_url, known, measured["bare_"])
                _load(serving.public_url, unknown, measured["session_"])
    return {
        "name": "serving",
        "ratio": _ratio(measured[""], measured["bare_"]),
        "session_ratio": _ratio(measured["session_"], measured["bare_"]),
        **{name: figure for kind, one in measured.items() for name, figure in _figures(kind, one).items()},
        "failures": sum(one.failures for one in measured.values()),
        "connections": CONNECTIONS,
        "answer_bytes": len(example),
        "products": PRODUCTS,
        "shoppers": SHOPPERS,
    }


def _ratio(ours: Measured, bare: Measured) -> float:
    return round(ours.per_second / bare.per_second, 3)


def _figures(kind: str, measured: Measured) -> dict[str, float]:
    return {
        f"{kind}requests_per_second": round(measured.per_second),
        f"{kind}p50_ms": round(measured.percentile_ms(50), 2),
        f"{kind}p99_ms": round(measured.percentile_ms(99), 2),
    }


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


def _known(shop: NewShop) -> list[Document]:
    """Who asks for a slot: a shopper each, with a token and a browser of their own."""
    key, now = SigningKey(str(shop.signing.key_id), signing_seed(shop.signing.secret)), datetime.now(UTC)
    tokens = (sign_shopper_token(key, f"s{number}", now) for number in range(SHOPPERS))
    return [
        {"key": shop.publishable.secret, "token": token, "visitor": f"known-{number:06}"}
        for number, token in enumerate(tokens)
    ]


def _unknown(shop: NewShop) -> list[Document]:
    """The same by a browser alone."""
    return [{"key": shop.publishable.secret, "visitor": f"visitor-{number:06}"} for number in range(SHOPPERS)]


async def _browse(settings: Settings, viewers: Sequence[Document]) -> None:
    """Everybody looks at three products and puts one of them into the cart."""
    async with httpx2.AsyncClient(base_url=settings.public_url, trust_env=False, timeout=60) as page:
        for number, viewer in enumerate(viewers):
            deeds = [("view", 1), ("view", 2), ("view", 3), ("cart", 2)]
            events = [
                {"id": f"event-{number}-{place}", "type": kind, "product": f"p{(number * 7 + step) % PRODUCTS}"}
                for place, (kind, step) in enumerate(deeds)
            ]
            answer = await page.post("/public/v1/events", json={**viewer, "events": events})
            assert answer.json() == {"accepted": 4, "duplicate": 0}, answer.text


def _ask(settings: Settings, viewer: Document, source: str) -> bytes:
    """An answer, which must come from there."""
    url = f"{settings.public_url}/public/v1/slots"
    answer = httpx2.post(url, json={**viewer, "slots": SLOTS}, trust_env=False)
    slot = answer.json()["slots"][0]
    assert (len(slot["products"]), slot["source"]) == (12, source), answer.text
    return answer.content


def _load(url: str, viewers: Sequence[Document], into: Measured) -> None:
    bodies = (json.dumps({**viewer, "slots": SLOTS}).encode() for viewer in viewers)
    requests = [make_request(url, "/public/v1/slots", body) for body in bodies]
    load(url, requests, connections=CONNECTIONS, seconds=ROUND_SECONDS, into=into)


def _products() -> list[Document]:
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


def _orders() -> list[Document]:
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
