"""Shop of a test: a fresh tenant with its keys, and a merchant's and a page's ways of talking to Lastbook."""

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import httpx2

from api.onboarding import NewShop, open_shop
from recommender.jobs import Trained, train_tenant
from tenants.keys import signing_seed
from tests.support.service import Service
from widgets.examples.shopper_token import SigningKey, sign_shopper_token

Document = dict[str, Any]  # JSON, as it travels
MONDAY = datetime(2026, 3, 2, 12, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class ShopClient:
    """A merchant's server (`api`, with the secret key) and a shop's page (`page`, with nothing but what it sends)."""

    service: Service
    keys: NewShop
    api: httpx2.AsyncClient
    page: httpx2.AsyncClient

    @property
    def tenant_id(self) -> str:
        return str(self.keys.tenant_id)

    async def push(self, kind: str, documents: Sequence[Document], **headers: str) -> httpx2.Response:
        """A batch through the server API."""
        return await self.api.post(f"/v1/{kind}:batch", json=list(documents), headers=headers)

    async def stock(self, *product_ids: str, **fields: Any) -> None:
        """Products with these ids, and fields that they share."""
        answer = await self.push("products", [product(product_id, **fields) for product_id in product_ids])
        assert answer.status_code == 200, answer.text
        assert answer.json()["rejected"] == 0, answer.text

    async def sell(self, baskets: Mapping[str, Sequence[str]], *, days_apart: int = 1) -> None:
        """Orders by shopper: each shopper buys the listed products, one order a product."""
        numbers = itertools.count()
        orders = [
            order(
                f"{shopper}-{number}", [bought], shopper_id=shopper, ordered_at=MONDAY + timedelta(days=days_apart * n)
            )
            for shopper, bought_products in baskets.items()
            for n, (number, bought) in enumerate(zip(numbers, bought_products, strict=False))
        ]
        answer = await self.push("orders", orders)
        assert answer.status_code == 200, answer.text
        assert answer.json()["rejected"] == 0, answer.text

    async def train(self) -> Trained:
        """A training as the worker runs it: in a child process."""
        return await train_tenant(self.service.settings, self.keys.tenant_id)

    async def ask(self, *slots: Document | str, shopper: str | None = None, **more: Any) -> httpx2.Response:
        """What a page asks; slots by name or in full; a shopper is vouched for by a token."""
        wanted = [{"name": slot} if isinstance(slot, str) else slot for slot in slots]
        body = {"key": self.keys.publishable.secret, "slots": wanted, **more}
        if shopper is not None:
            body["token"] = self.token(shopper)
        return await self.page.post("/public/v1/slots", json=body)

    async def shown(self, slot: Document | str = "home-for-you", **more: Any) -> list[str]:
        """The product ids in one slot."""
        answer = await self.ask(slot, **more)
        assert answer.status_code == 200, answer.text
        return [card["id"] for card in answer.json()["slots"][0]["products"]]

    def token(self, shopper: str) -> str:
        key = SigningKey(str(self.keys.signing.key_id), signing_seed(self.keys.signing.secret))
        return sign_shopper_token(key, shopper, self.service.clock())


async def open_test_shop(service: Service) -> ShopClient:
    """A tenant of its own. The caller closes `api` and `page`."""
    slug = f"t-{uuid4().hex[:20]}"
    keys = await open_shop(service.settings, slug=slug, name=slug, currency="EUR", owner_email=f"{slug}@example.com")
    return ShopClient(service, keys, _client(service.url, keys.secret.secret), _client(service.url, None))


def product(product_id: str, **fields: Any) -> Document:
    """A product in API form."""
    return {
        "id": product_id,
        "title": f"Product {product_id}",
        "url": f"https://shop.example/p/{product_id}",
        "image_urls": [f"https://shop.example/i/{product_id}.jpg"],
        "price_minor": 1000,
        "currency": "EUR",
    } | fields


def order(order_id: str, product_ids: Sequence[str], *, ordered_at: datetime = MONDAY, **fields: Any) -> Document:
    """An order in API form, one of each product."""
    lines = [{"product_id": product_id, "quantity": 1, "unit_price_minor": 1000} for product_id in product_ids]
    return {"id": order_id, "ordered_at": ordered_at.isoformat(), "currency": "EUR", "lines": lines} | fields


def event(event_id: str, **fields: Any) -> Document:
    """A view in API form."""
    return {"id": event_id, "type": "view", "occurred_at": MONDAY.isoformat(), "product_id": "p1"} | fields


def _client(url: str, key: str | None) -> httpx2.AsyncClient:
    headers = {"Authorization": f"Bearer {key}"} if key else {}
    return httpx2.AsyncClient(base_url=url, headers=headers, trust_env=False, timeout=60)
