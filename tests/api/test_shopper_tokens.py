"""Shopper tokens: only the shop's own server can say who is looking at a page."""

import base64
import json
from datetime import timedelta
from typing import Any
from uuid import uuid4

import httpx2
import pytest

from tenants.keys import revoke_key
from tests.support.polling import until
from tests.support.problems import check_problem
from tests.support.shop import ShopClient
from tests.support.tokens import encode_part, forge_with_public_key, make_token

# Many merchants' libraries still sign under the older name of Ed25519.
pytestmark = pytest.mark.filterwarnings("ignore:EdDSA is deprecated")


async def show(shop: ShopClient, token: str) -> httpx2.Response:
    return await shop.ask("home-for-you", token=token)


async def tell(shop: ShopClient, token: str) -> httpx2.Response:
    event = {"id": f"event-{uuid4()}", "type": "view", "product": "p1"}
    body = {"key": shop.keys.publishable.secret, "token": token, "events": [event]}
    return await shop.page.post("/public/v1/events", json=body)


async def told_names(shop: ShopClient) -> set[str | None]:
    """In whose name the page's events were recorded."""
    return {one.get("shopper_id") for one in (await shop.api.get("/v1/events")).json()["items"]}


async def check_refused(shop: ShopClient, token: str) -> None:
    """No slot is filled, and an event is refused or recorded without a name (a page that is left may be late)."""
    await shop.push("shoppers", [{"id": "s1"}, {"id": "s2"}])
    check_problem(await show(shop, token), 401, 422)
    before, beacon = await told_names(shop), await tell(shop, token)
    if beacon.status_code != 202:
        check_problem(beacon, 401, 422)
    assert await told_names(shop) <= before | {None}


@pytest.mark.parametrize("algorithm", ["EdDSA", "Ed25519"])
async def test_control_a_right_token_is_accepted(shop: ShopClient, algorithm: str) -> None:
    await shop.push("shoppers", [{"id": "s1"}])
    token = make_token(shop, header={"alg": algorithm})
    assert ((await show(shop, token)).status_code, (await tell(shop, token)).status_code) == (200, 202)
    assert await told_names(shop) == {"s1"}


@pytest.mark.parametrize(
    "header",
    [
        {"alg": "none"}, {"alg": "HS256"}, {"alg": "ES256"}, {"alg": None}, {"alg": ["EdDSA"]}, {"kid": None},
        {"kid": "nobody"}, {"kid": "01a20140-aed0-7362-8fd6-ca3385410000"}, {"kid": 7}, {"crit": ["x"]}, [], "x", 7,
        b"", b"{", b"\xff", b"[" * 2500, b'{"a":' * 500,
    ],
    ids=lambda header: str(header)[:40],
)  # fmt: skip
async def test_a_token_with_another_header_is_refused(shop: ShopClient, header: Any) -> None:
    await check_refused(shop, make_token(shop, header=header))


@pytest.mark.parametrize(
    "claims",
    [
        {"aud": "elsewhere"}, {"aud": ["lastbook"]}, {"aud": None}, {"sub": ""}, {"sub": 7}, {"sub": None},
        {"sub": "x" * 201}, {"sub": "a\0b"}, {"sub": "\ud800"}, {"exp": "soon"}, {"exp": None}, {"exp": True},
        {"exp": 1.5e9}, {"exp": 0}, {"exp": 10**30}, {"exp": -(10**30)}, [], "x", 7, b"", b"{", b"\xff", b"[" * 2500,
        b'{"exp": NaN}', b'{"exp": 1e999}',
    ],
    ids=lambda claims: repr(claims)[:40],
)  # fmt: skip
async def test_a_token_with_wrong_claims_is_refused(shop: ShopClient, claims: Any) -> None:
    await check_refused(shop, make_token(shop, claims=claims))


@pytest.mark.parametrize("name", ["aud", "sub", "exp"])
async def test_a_token_without_a_claim_is_refused(shop: ShopClient, name: str) -> None:
    await check_refused(shop, make_token(shop, drop=name))


@pytest.mark.parametrize("seconds", [-61, -3600, 15 * 60 + 120, 86_400])
async def test_a_token_that_ended_or_lives_too_long_is_refused(shop: ShopClient, seconds: int) -> None:
    ends = int(shop.service.clock().timestamp()) + seconds
    await check_refused(shop, make_token(shop, claims={"exp": ends}))


async def test_a_token_that_was_good_ends_with_its_time(shop: ShopClient) -> None:
    token = make_token(shop)
    assert (await show(shop, token)).status_code == 200
    shop.service.clock.ahead = timedelta(minutes=12)
    try:
        await check_refused(shop, token)
    finally:
        shop.service.clock.ahead = timedelta()


async def test_a_forged_token_is_refused(shop: ShopClient, other_shop: ShopClient) -> None:
    right = make_token(shop)
    head, claims, signature = right.split(".")
    richer = encode_part(json.loads(base64.urlsafe_b64decode(claims + "==")) | {"sub": "s2"})
    forged = [
        forge_with_public_key(shop), make_token(shop, signer=other_shop), make_token(other_shop),
        f"{head}.{richer}.{signature}", f"{head}.{claims}.", f"{head}.{claims}", f"{head}.{claims}.{signature}.",
        f"{head}.{claims}.{signature}.x.y", right[:-6], right + "A", "", ".", "..", "x", "ключ.ключ.ключ", "x" * 4001,
        f"{encode_part({'alg': 'none', 'kid': str(shop.keys.signing.key_id)})}.{claims}.",
    ]  # fmt: skip
    for token in forged:
        await check_refused(shop, token)


async def test_a_token_of_a_revoked_signing_key_is_refused_at_once(shop: ShopClient) -> None:
    token = make_token(shop)
    assert (await show(shop, token)).status_code == 200
    async with shop.service.db.tenant(shop.keys.tenant_id) as conn:
        await revoke_key(conn, shop.keys.signing.key_id)

    async def refused() -> bool:
        return (await show(shop, token)).status_code == 401

    await until(refused, seconds=2)
    await check_refused(shop, token)
    await check_refused(shop, make_token(shop, claims={"sub": "s3"}))


@pytest.mark.parametrize("name", ["shopper", "shopper_id", "sub", "user_id", "email"])
async def test_a_raw_shopper_id_beside_a_publishable_key_is_an_unknown_field(still_shop: ShopClient, name: str) -> None:
    key = still_shop.keys.publishable.secret
    slot, event = {"name": "home-for-you"}, {"id": "event-0001", "type": "view", "product": "p1"}
    for path, body in (
        ("slots", {"key": key, name: "s1", "slots": [slot]}),
        ("slots", {"key": key, "slots": [{**slot, name: "s1"}]}),
        ("events", {"key": key, name: "s1", "events": [event]}),
        ("events", {"key": key, "events": [{**event, name: "s1"}]}),
    ):
        refused = check_problem(await still_shop.page.post(f"/public/v1/{path}", json=body), 422)
        assert name in refused["detail"]


async def test_an_event_under_a_token_makes_no_shopper_and_tells_nothing(shop: ShopClient) -> None:
    await shop.push("shoppers", [{"id": "s1"}])
    known, unknown = make_token(shop), make_token(shop, claims={"sub": "nobody"})

    first, second = await tell(shop, known), await tell(shop, unknown)
    assert (first.status_code, second.status_code) == (202, 202)
    assert first.json() == {"accepted": 1, "duplicate": 0}
    assert [one["id"] for one in (await shop.api.get("/v1/shoppers")).json()["items"]] == ["s1"]
