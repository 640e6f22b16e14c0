"""Serving: a personalised slot of 12 products against a bare route that answers as many bytes."""

import asyncio
import json
import random
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx2

from api.onboarding import NewShop, open_shop
from infra.database import open_database
from infra.migrate import migrate
from infra.settings import Settings
from recommender.jobs import train_tenant
from tenants.keys import signing_seed
from tests.benchmarks.load import Measured, load, make_request
from tests.benchmarks.processes import run_bare
from tests.support.processes import run_lastbook, run_machines
from widgets.examples.shopper_token import SigningKey, sign_shopper_token

CATALOGUES = (5_000, 10_000, 100_000, 1_000_000)
SHOPPERS, ORDERS_EACH = 1_000, 12
SLOTS = [{"name": "home-for-you", "limit": 12}]
VARIED = 40_000
CONNECTIONS, ROUNDS, ROUND_SECONDS = 16, 3, 3.0

Document = dict[str, Any]  # JSON, as it travels
RULES: list[Document] = [
    {"id": "brand", "action": "hide", "when": 'product.brand == "Brand 7"'},
    {"id": "dear", "action": "only", "price_until_minor": 10**9},
    {"id": "red", "action": "boost", "when": 'product.attributes.colour == "red"', "strength": 2},
    {"id": "first", "action": "pin", "products": ["p3"], "position": 2, "placements": ["home-popular"]},
]
STOCK = """
insert into products
    (product_id, title, url, image_urls, price_minor, currency, brand, categories, attributes, digest)
select 'p' || n, 'A product with a name of usual length ' || n,
    'https://shop.example/products/a-product-of-usual-length-' || n,
    array['https://images.shop.example/products/' || n || '/800.jpg'], 1000 + n, 'EUR', 'Brand ' || n % 40,
    array['Everything', 'Category ' || n % 300], jsonb_build_object('colour', (array['red', 'blue'])[1 + n % 2]),
    decode(md5(n::text), 'hex')
from generate_series(0, $1::integer - 1) as n
"""
"""Products of usual size, made where they are stored."""


def run() -> dict[str, object]:
    """`ratio`: our requests a second over the bare route's, in turns, for known shoppers with a session and rules on.

    `session_ratio`: the same for anonymous visitors, who are shown what is near their session's products. Both again
    for larger catalogues under `catalogues`. Every shopper asks the same many times in a round, so that most answers
    are remembered; for `varied_ratio` no question comes twice, only the order of products is remembered.
    """
    with run_machines() as settings, run_lastbook(prepare(settings)) as serving:
        smallest, *larger = (_measure(serving, products) for products in CATALOGUES)
    return {
        "name": "serving",
        **smallest,
        "catalogues": larger,
        "connections": CONNECTIONS,
        "shoppers": SHOPPERS,
        "rules": len(RULES),
    }


def _measure(serving: Settings, products: int) -> dict[str, object]:
    shop = asyncio.run(fill_shop(serving, products))
    known, unknown = list_known(shop), _unknown(shop)
    varied = [{**known[n % SHOPPERS], "slots": [{**SLOTS[0], "exclude": [f"none-{n}"]}]} for n in range(VARIED)]
    asyncio.run(_browse(serving, [*known, *unknown], products))
    example = _ask(serving, known[0], "model")
    _ask(serving, unknown[0], "session")
    measured = {"": Measured(), "bare_": Measured(), "session_": Measured(), "varied_": Measured()}
    with run_bare(example) as bare_url:
        _load(serving.public_url, known, Measured())  # warm: tokens verified, lists touched
        for _ in range(ROUNDS):
            _load(serving.public_url, known, measured[""])
            _load(bare_url, known, measured["bare_"])
            _load(serving.public_url, unknown, measured["session_"])
            _load(serving.public_url, varied, measured["varied_"])
    return {
        "products": products,
        "ratio": _ratio(measured[""], measured["bare_"]),
        "varied_ratio": _ratio(measured["varied_"], measured["bare_"]),
        "session_ratio": _ratio(measured["session_"], measured["bare_"]),
        **{name: figure for kind, one in measured.items() for name, figure in _figures(kind, one).items()},
        "failures": sum(one.failures for one in measured.values()),
        "answer_bytes": len(example),
    }


def _ratio(ours: Measured, bare: Measured) -> float:
    return round(ours.per_second / bare.per_second, 3)


def _figures(kind: str, measured: Measured) -> dict[str, float]:
    return {
        f"{kind}requests_per_second": round(measured.per_second),
        f"{kind}p50_ms": round(measured.percentile_ms(50), 2),
        f"{kind}p99_ms": round(measured.percentile_ms(99), 2),
    }


def prepare(settings: Settings) -> Settings:
    """With the schema in place."""
    assert settings.database_owner_url is not None
    asyncio.run(migrate(settings.database_owner_url))
    return settings


async def fill_shop(settings: Settings, products: int) -> NewShop:
    """A shop, trained as the worker trains; only its many products take a shorter road than the server API."""
    name = f"bench-{products}"
    shop = await open_shop(settings, slug=name, name=name, currency="EUR", owner_email=f"{name}@example.com")
    await _stock(settings, shop, products)
    headers = {"Authorization": f"Bearer {shop.secret.secret}"}
    async with httpx2.AsyncClient(base_url=settings.public_url, headers=headers, trust_env=False, timeout=600) as api:
        orders = _orders(products)
        for start in range(0, len(orders), 1000):
            answer = await api.post("/v1/orders:batch", json=orders[start : start + 1000])
            assert answer.json()["rejected"] == 0, answer.text
        answer = await api.post("/v1/rules:batch", json=RULES)
        assert answer.json()["rejected"] == 0, answer.text
    await train_tenant(settings, shop.tenant_id)
    return shop


async def _stock(settings: Settings, shop: NewShop, products: int) -> None:
    assert settings.database_url is not None
    db = await open_database(settings.database_url, pool_size=1, statement_cache_size=0, answer_seconds=None)
    try:
        async with db.tenant(shop.tenant_id) as conn:
            await conn.execute("set local statement_timeout = 0")
            await conn.execute(STOCK, products)
    finally:
        await db.close()


def list_known(shop: NewShop) -> list[Document]:
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


async def _browse(settings: Settings, viewers: Sequence[Document], products: int) -> None:
    """Everybody looks at three products and puts one of them into the cart."""
    async with httpx2.AsyncClient(base_url=settings.public_url, trust_env=False, timeout=600) as page:
        for number, viewer in enumerate(viewers):
            deeds = [("view", 1), ("view", 2), ("view", 3), ("cart", 2)]
            events = [
                {"id": f"event-{number}-{place}", "type": kind, "product": f"p{_seen(number, step, products)}"}
                for place, (kind, step) in enumerate(deeds)
            ]
            answer = await page.post("/public/v1/events", json={**viewer, "events": events})
            assert answer.json() == {"accepted": 4, "duplicate": 0}, answer.text


def _seen(number: int, step: int, products: int) -> int:
    """A product of a part of the shop that sells."""
    return (number % 10) * (products // 10) + (number * 7 + step) % 400


def _ask(settings: Settings, viewer: Document, source: str) -> bytes:
    """An answer, which must come from there."""
    url = f"{settings.public_url}/public/v1/slots"
    answer = httpx2.post(url, json={**viewer, "slots": SLOTS}, trust_env=False, timeout=600)
    slot = answer.json()["slots"][0]
    assert (len(slot["products"]), slot["source"]) == (12, source), answer.text
    return answer.content


def _load(url: str, viewers: Sequence[Document], into: Measured) -> None:
    bodies = (json.dumps({"slots": SLOTS, **viewer}).encode() for viewer in viewers)
    requests = [make_request(url, "/public/v1/slots", body) for body in bodies]
    load(url, requests, connections=CONNECTIONS, seconds=ROUND_SECONDS, into=into)


def _orders(products: int) -> list[Document]:
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
                for product in {(shopper % 10) * (products // 10) + int(dice.random() ** 2 * 500) for _ in range(4)}
            ],
        }
        for shopper in range(SHOPPERS)
        for number in range(ORDERS_EACH)
    ]
