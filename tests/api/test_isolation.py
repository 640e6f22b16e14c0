"""Isolation: with A's credentials, no address, body, cursor or key brings out a byte of B."""

from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any
from uuid import uuid4

import httpx2
import pytest
from redis.asyncio import Redis

from api.app import ENDPOINTS
from api.paging import make_cursor
from infra.settings import Settings
from tests.again.isolation import ask_again
from tests.campaigns.isolation import ask_campaigns
from tests.collections.isolation import ask_collections
from tests.demand.isolation import ask_demand
from tests.imports.isolation import ask_imports
from tests.include.isolation import ask_include
from tests.made_for_you.isolation import ask_made_for_you
from tests.made_orders.isolation import ask_made_to_order
from tests.notices.isolation import ask_notices
from tests.options.isolation import ask_options
from tests.payments.isolation import ask_payments
from tests.placements.isolation import ask_placements
from tests.record_book.isolation import ask_record_book
from tests.sizes.isolation import ask_sizes
from tests.support.polling import until
from tests.support.service import Service
from tests.support.shop import Document, ShopClient, event, open_test_shop, order, product

KINDS = ("products", "orders", "events", "shoppers", "people", "attributes", "rules", "placements")
IDS = ("same", "same-2", "only-b")
VISITOR = "visitor-0001"
PARTS = (
    ask_campaigns,
    ask_demand,
    ask_payments,
    ask_notices,
    partial(ask_record_book, ids=IDS),
    ask_made_for_you,
    ask_collections,
    ask_imports,
    ask_include,
    ask_made_to_order,
    ask_options,
    ask_placements,
    ask_sizes,
    ask_again,
)


@dataclass(frozen=True, slots=True)
class Pair:
    """Two tenants with the same ids, B with a few more; the canaries stand in B's rows only."""

    a: ShopClient
    b: ShopClient
    canaries: list[str]
    version: str
    """B's model."""


@pytest.fixture(scope="module")
async def pair(service: Service) -> AsyncIterator[Pair]:
    a, b = await open_test_shop(service), await open_test_shop(service)
    async with a.api, a.page, b.api, b.page:
        word, price = f"canary{uuid4().hex}", uuid4().int % 10**9 + 10**12
        await fill(a, IDS[:2], "plain", 1000, keep="A")
        await fill(b, IDS, word, price, keep="B")
        version = str((await b.train()).version_id)
        yield Pair(a, b, [word, str(price), version, b.tenant_id], version)


async def fill(shop: ShopClient, ids: tuple[str, ...], word: str, price: int, *, keep: str) -> None:
    for kind, documents in rows(ids, word, price).items():
        for name in ids:
            answer = await shop.api.put(
                f"/v1/{kind}/{name}", json=documents[name], headers={"Idempotency-Key": f"{kind}-{name}"}
            )
            assert answer.json() == {"id": name, "result": "created"}, answer.text
    await shop.page.post("/public/v1/events", json=beacon(shop, "same"))


def rows(ids: tuple[str, ...], word: str, price: int) -> dict[str, dict[str, Document]]:
    # Shoppers before orders, so that an order makes none.
    return {
        "shoppers": {i: {"id": i, "name": word, "email": f"{word}@x.example"} for i in ids},
        "products": {
            i: product(i, title=word, brand=word, price_minor=price, url=f"https://{word}.example/") for i in ids
        },
        "orders": {i: order(i, ["same", "same-2"], shopper_id=i, total_minor=price) for i in ids},
        "events": {i: event(i, shopper_id=i, product_id=i, properties={"note": word}) for i in ids},
        "people": {i: {"id": i, "shopper_id": i, "relation": "child", "name": word} for i in ids},
        "attributes": {i: {"id": i, "type": "text", "ask_text": {"en": word}} for i in ids},
        "rules": {i: {"id": i, "action": "boost", "products": [i, word], "note": word} for i in ids},
        "placements": {i: {"id": i, "strategy": "popular", "heading": word} for i in ids},
    }


def beacon(shop: ShopClient, product_id: str, token: str | None = None) -> Document:
    told = {"id": f"event-{uuid4()}", "type": "view", "product": product_id}
    body = {"key": shop.keys.publishable.secret, "visitor": VISITOR, "events": [told]}
    return body if token is None else body | {"token": token}


async def ask_everything(a: ShopClient, pair: Pair) -> AsyncIterator[tuple[str, str, httpx2.Response]]:
    """Every endpoint with A's keys and B's ids in every place that takes an id: template, what, answer."""
    for kind in KINDS:
        many, one = f"/v1/{kind}", f"/v1/{kind}/{{id:path}}"
        cursors = ["", *(make_cursor(name) for name in (*IDS, pair.b.tenant_id, f"{pair.b.tenant_id}:same"))]
        for query in ("", "?limit=1000", *(f"?after={cursor}&limit=1" for cursor in cursors)):
            yield f"GET {many}", query, await a.api.get(many + query)
        for name in (*IDS, f"{pair.b.tenant_id}/same"):
            yield f"GET {one}", name, await a.api.get(f"{many}/{name}")
        for name in ("only-b", f"{pair.b.tenant_id}/same"):
            yield f"DELETE {one}", name, await a.api.delete(f"{many}/{name}")
        for name, document in rows(IDS, "plain", 1000)[kind].items():
            for headers in ({}, {"Idempotency-Key": f"{kind}-{name}-{uuid4()}"}):
                answer = await a.api.put(f"{many}/{name}", json=document, headers=headers)
                yield f"PUT {one}", name, answer
            answer = await a.push(kind, [document, {"id": name}, document | {"tenant_id": pair.b.tenant_id}])
            yield f"POST {many}:batch", name, answer
    for name in (*IDS, pair.b.tenant_id):
        yield "GET /v1/profiles/{id:path}", name, await a.api.get(f"/v1/profiles/{name}")
    standard, strictness = "/v1/attributes:standard", "/v1/attributes:settings"
    yield f"GET {standard}", "", await a.api.get(standard)
    yield f"POST {standard}", "", await a.api.post(standard, json={"ids": ["birthday"]})
    yield f"GET {strictness}", "", await a.api.get(strictness)
    yield f"PUT {strictness}", "", await a.api.put(strictness, json={"strict": []})
    yield "GET /v1/rules:conflicts", "", await a.api.get("/v1/rules:conflicts")
    async for asked in ask_recommendations(a):
        yield asked
    async for asked in ask_identity(a, pair):
        yield asked
    for part in PARTS:
        async for asked in part(a, pair):
            yield asked
    yield "GET /v1/models", "", await a.api.get("/v1/models")
    yield "POST /v1/models:train", "", await a.api.post("/v1/models:train", headers={"X-Tenant": pair.b.tenant_id})
    for version in (pair.version, pair.b.tenant_id, "only-b"):
        answer = await a.api.post(f"/v1/models/{version}/promote")
        assert answer.status_code == 404
        yield "POST /v1/models/{id}/promote", version, answer
    for body in pages(a):
        yield "POST /public/v1/slots", str(body), await a.page.post("/public/v1/slots", json=body)
    for token in (None, a.token("same"), a.token("only-b"), pair.b.token("same")):
        for name in IDS:
            answer = await a.page.post("/public/v1/events", json=beacon(a, name, token))
            yield "POST /public/v1/events", name, answer
    for path in ("/public/v1/slots", "/public/v1/events"):
        yield f"OPTIONS {path}", "", await a.page.options(path, headers={"Origin": "https://x.example"})
    async for asked in ask_privacy(a, pair.b):
        yield asked


async def ask_recommendations(a: ShopClient) -> AsyncIterator[tuple[str, str, httpx2.Response]]:
    """B's ids as shopper, product, session and name of a place."""
    for name in IDS:
        person: Document = {"shopper_id": name, "session": {"viewed": [name], "carted": [name], "bought": [name]}}
        slots = [{"name": place, "product": name} for place in ("home-for-you", "product-similar", name)]
        answer = await a.api.post("/v1/recommendations", json={**person, "slots": slots})
        yield "POST /v1/recommendations", name, answer
        for place in ("home-for-you", name):
            asked = {**person, "slot": {"name": place, "product": name}, "products": [name]}
            answer = await a.api.post("/v1/recommendations:explain", json=asked)
            yield "POST /v1/recommendations:explain", name, answer


async def ask_identity(a: ShopClient, pair: Pair) -> AsyncIterator[tuple[str, str, httpx2.Response]]:
    merged = (await pair.b.api.post("/v1/merges", json={"keep": "same", "absorb": "same-2"})).json()["merge_id"]
    for name in (*IDS, pair.b.tenant_id):
        path = f"/v1/shopper-identifiers/{name}"
        yield "GET /v1/shopper-identifiers/{id:path}", name, await a.api.get(path)
        email: Document = {"kind": "email", "value": f"{pair.canaries[0]}@x.example", "verified": True}
        answer = await a.api.post(path, json=email)
        # The address is A's own word from here on.
        sent = httpx2.Response(answer.status_code, text=answer.text.replace(email["value"], ""))
        yield "POST /v1/shopper-identifiers/{id:path}", name, sent
        named = {"kind": "email", "value": email["value"]}
        yield "DELETE /v1/shopper-identifiers/{id:path}", name, await a.api.delete(path, params=named)
        answer = await a.api.post(f"/v1/shopper-visitors/{name}", json={"visitor_id": VISITOR})
        yield "POST /v1/shopper-visitors/{id:path}", name, answer
    yield "POST /v1/merges", "", await a.api.post("/v1/merges", json={"keep": "same", "absorb": pair.b.tenant_id})
    for query in ("", f"?after={make_cursor(merged)}"):
        answer = await a.api.get(f"/v1/merges{query}")
        assert merged not in answer.text
        yield "GET /v1/merges", query, answer
    answer = await a.api.post(f"/v1/merges/{merged}/undo")
    assert answer.status_code == 404
    yield "POST /v1/merges/{id}/undo", merged, answer
    yield "GET /v1/identifier-kinds", "", await a.api.get("/v1/identifier-kinds")
    yield "PUT /v1/identifier-kinds", "", await a.api.put("/v1/identifier-kinds", json={"items": []})
    assert (await pair.b.api.post(f"/v1/merges/{merged}/undo")).status_code == 200


async def ask_privacy(a: ShopClient, b: ShopClient) -> AsyncIterator[tuple[str, str, httpx2.Response]]:
    theirs = (await b.api.post("/v1/exports", json={"shopper_id": "same"})).json()["export_id"]
    erased = (await b.api.post("/v1/erasures", json={"email": "erased-in-b@x.example"})).json()["erasure_id"]
    consent = {"purpose": "personalisation", "granted": True, "at": "2026-03-02T12:00:00Z", "source": "account"}
    bodies: dict[str, Document] = {"consents": consent, "contact-preferences": {"sms": False}}
    for name in (*IDS, b.tenant_id):
        for kind, body in bodies.items():
            yield f"PUT /v1/{kind}/{{id:path}}", name, await a.api.put(f"/v1/{kind}/{name}", json=body)
            yield f"GET /v1/{kind}/{{id:path}}", name, await a.api.get(f"/v1/{kind}/{name}")
        yield "POST /v1/exports", name, await a.api.post("/v1/exports", json={"shopper_id": name})
    for kind, found in (("exports", theirs), ("erasures", erased)):
        answer = await a.api.get(f"/v1/{kind}/{found}")
        assert answer.status_code == 404
        yield f"GET /v1/{kind}/{{id}}", found, answer
    yield "GET /v1/exports/{id}/archive", theirs, await a.api.get(f"/v1/exports/{theirs}/archive")
    for person in ({"shopper_id": "nobody"}, {"email": "erased-in-b@x.example"}):
        lifted = await a.api.post("/v1/erasures:lift", json=person)
        assert lifted.status_code == 404
        yield "POST /v1/erasures:lift", "", lifted
        yield "POST /v1/erasures", "", await a.api.post("/v1/erasures", json=person)
        assert (await a.api.post("/v1/erasures:lift", json=person)).status_code == 200
    for address in ("privacy-settings", "retention-rules", "vertical"):
        yield f"GET /v1/{address}", "", await a.api.get(f"/v1/{address}")
        yield f"PUT /v1/{address}", "", await a.api.put(f"/v1/{address}", json={})


def pages(a: ShopClient) -> Iterator[dict[str, Any]]:
    """A's pages, with everything that a page may name."""
    for name in ("home-for-you", "home-popular", "product-similar", "cart-for-you", "only-b"):
        for product_id in IDS:
            for exclude in ([], ["only-b"], ["same"], ["same", "same-2"]):
                slot = {"name": name, "product": product_id, "exclude": exclude, "limit": 50}
                for who in ({}, {"visitor": VISITOR}, {"token": a.token("same")}, {"token": a.token("only-b")}):
                    yield {"key": a.keys.publishable.secret, "slots": [slot, {"name": "home-popular"}], **who}


async def test_control_b_sees_its_own_canaries(pair: Pair) -> None:
    word, price, version, _ = pair.canaries
    for kind in KINDS:
        for answer in (await pair.b.api.get(f"/v1/{kind}"), await pair.b.api.get(f"/v1/{kind}/only-b")):
            assert (price if kind == "orders" else word) in answer.text
    assert version in (await pair.b.api.get("/v1/models")).text

    async def serves() -> bool:
        text = (await pair.b.ask("home-for-you", shopper="same")).text
        return word in text and price in text and version in text

    await until(serves, seconds=5)


async def test_no_answer_to_a_holds_a_byte_of_b(pair: Pair) -> None:
    asked, templates = 0, set[str]()
    async for template, what, answer in ask_everything(pair.a, pair):
        asked, templates = asked + 1, templates | {template}
        seen = answer.text + str(answer.headers)
        assert answer.status_code < 500, (template, what)
        # A's own request may name B: its echo in a sentence tells A nothing.
        found = [canary for canary in pair.canaries if canary in seen.replace(what or "-", "")]
        assert not found, (template, what, found)

    documented = {f"{endpoint.method} {endpoint.path}" for endpoint in ENDPOINTS}
    assert {one for one in templates if " /w/" not in one} == documented
    assert asked > 300


async def test_nothing_of_b_changed_by_what_a_sent(pair: Pair) -> None:
    before = [(await pair.b.api.get(f"/v1/{kind}/{name}")).content for kind in KINDS for name in IDS]
    async for _ in ask_everything(pair.a, pair):
        pass
    after = [(await pair.b.api.get(f"/v1/{kind}/{name}")).content for kind in KINDS for name in IDS]

    assert after == before
    assert pair.canaries[0].encode() in before[0]


async def test_an_idempotency_key_of_b_brings_a_its_own_answer(pair: Pair) -> None:
    """B stored these documents under these keys; A's same call is A's own first one."""
    word, price, *_ = pair.canaries
    document = rows(IDS, word, int(price))["products"]["only-b"]
    fresh = {"Idempotency-Key": "products-only-b"}
    await pair.a.api.delete("/v1/products/only-b")
    answer = await pair.a.api.put("/v1/products/only-b", json=document | {"title": "Mine"}, headers=fresh)

    assert answer.status_code == 200
    await pair.a.api.delete("/v1/products/only-b")


async def test_a_session_of_one_tenant_is_unknown_to_another(shop: ShopClient, other_shop: ShopClient) -> None:
    """The same visitor id in two shops is two visitors."""
    for one in (shop, other_shop):
        await one.stock("p1", "p2", "p3", "p4")
        await one.sell({f"s{n}": ["p1", "p2"] if n % 2 else ["p3", "p4"] for n in range(8)})
        await one.train()
    told = await shop.page.post("/public/v1/events", json=beacon(shop, "p1"))
    assert told.status_code == 202

    async def source(one: ShopClient) -> str:
        source: str = (await one.ask("home-for-you", visitor=VISITOR)).json()["slots"][0]["source"]
        return source

    async def remembered() -> bool:
        return await source(shop) == "session"

    await until(remembered, seconds=5)
    assert await source(other_shop) == "popular"


async def test_every_redis_key_starts_with_its_tenant(shop: ShopClient, settings: Settings) -> None:
    assert settings.redis_url is not None
    for visitor in ("visitor-0001", "{t:x}:visitor", "visitor\r\nDEL x", "визитёр-1"):
        body = beacon(shop, "p1") | {"visitor": visitor}
        assert (await shop.page.post("/public/v1/events", json=body)).status_code == 202

    async with Redis.from_url(settings.redis_url) as redis:
        names = [name.decode() async for name in redis.scan_iter(count=1000)]
    assert len([name for name in names if name.startswith(f"{{t:{shop.tenant_id}}}:session:")]) == 4
    assert [name for name in names if not name.startswith("{t:")] == []
