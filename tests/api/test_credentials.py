"""Keys: who may use the server API and the public API, and who may not."""

import httpx2
import pytest

from api.app import ENDPOINTS
from api.endpoints import Endpoint
from infra.settings import Settings
from tenants.keys import make_secret, open_key, revoke_key
from tests.support.polling import until
from tests.support.problems import check_problem
from tests.support.shop import Document, ShopClient, product

KEYED = [endpoint for endpoint in ENDPOINTS if endpoint.scope is not None]
PUBLIC = ["/public/v1/slots", "/public/v1/events"]
EVERY_ENDPOINT = pytest.mark.parametrize("endpoint", KEYED, ids=lambda one: f"{one.method} {one.path}")


def body_for(path: str, key: str) -> Document:
    if path.endswith("slots"):
        return {"key": key, "slots": [{"name": "home-popular"}]}
    return {"key": key, "events": [{"id": "event-0001", "type": "view", "product": "p1"}]}


async def call(shop: ShopClient, endpoint: Endpoint, key: str | None, **headers: str) -> httpx2.Response:
    """The endpoint with a body that would be refused last."""
    path = endpoint.path.replace("{id:path}", "x").replace("{id}", "x")
    keyed = headers if key is None else {"Authorization": f"Bearer {key}", **headers}
    return await shop.page.request(endpoint.method, path, json={}, headers=keyed)


def with_typo(key: str) -> str:
    """One character in the middle is another one: only the checksum can tell without asking the database."""
    middle = len(key) // 2
    return key[:middle] + ("A" if key[middle] != "A" else "B") + key[middle + 1 :]


@EVERY_ENDPOINT
async def test_the_server_api_refuses_everything_but_a_secret_key(still_shop: ShopClient, endpoint: Endpoint) -> None:
    keys = still_shop.keys
    unknown = make_secret("secret", keys.tenant_id)
    bad = [None, "garbage", "lb_sk_", "lb_sk_AAAA", with_typo(keys.secret.secret), unknown, keys.secret.secret + "A",
           keys.publishable.secret, keys.signing.secret, keys.secret.secret.replace("lb_sk_", "lb_pk_")]  # fmt: skip
    for key in bad:
        check_problem(await call(still_shop, endpoint, key), 401)
    for scheme in ("", "Basic ", "Bearer", "Bearer  , "):
        header = {"Authorization": f"{scheme}{keys.secret.secret}".strip()}
        check_problem(await call(still_shop, endpoint, None, **header), 401)


@EVERY_ENDPOINT
async def test_a_secret_key_from_a_browser_is_refused(still_shop: ShopClient, endpoint: Endpoint) -> None:
    for origin in ("https://shop.example", "null"):
        answer = await call(still_shop, endpoint, still_shop.keys.secret.secret, Origin=origin)
        assert "revoke it now" in check_problem(answer, 403)["hint"]

    preflight = {"Origin": "https://shop.example", "Access-Control-Request-Headers": "authorization"}
    path = endpoint.path.replace("{id:path}", "x").replace("{id}", "x")
    assert "access-control-allow-headers" not in (await still_shop.page.options(path, headers=preflight)).headers


@EVERY_ENDPOINT
async def test_a_key_without_the_scope_is_refused(shop: ShopClient, endpoint: Endpoint) -> None:
    assert endpoint.scope is not None
    others = sorted({one.scope for one in KEYED if one.scope} - {endpoint.scope})
    async with shop.service.db.tenant(shop.keys.tenant_id) as conn:
        narrow = await open_key(conn, "secret", scopes=others)

    answer = await call(shop, endpoint, narrow.secret)
    assert endpoint.scope in check_problem(answer, 403)["detail"]


@pytest.mark.parametrize("path", PUBLIC)
async def test_the_public_api_refuses_everything_but_a_publishable_key(still_shop: ShopClient, path: str) -> None:
    keys = still_shop.keys
    bad = ["", "garbage", "lb_pk_", "ключ", "lb_pk_ü", with_typo(keys.publishable.secret), keys.secret.secret,
           make_secret("publishable", keys.tenant_id), keys.signing.secret, "x" * 200]  # fmt: skip
    for key in bad:
        refused = check_problem(await still_shop.page.post(path, json=body_for(path, key)), 401)
        assert "lb_sk_" not in refused["hint"], "a page must never be told to send a secret key"
    without_key = {name: value for name, value in body_for(path, "").items() if name != "key"}
    header = {"Authorization": f"Bearer {keys.secret.secret}"}
    check_problem(await still_shop.page.post(path, json=without_key, headers=header), 422)


async def test_a_revoked_key_is_refused_at_once(shop: ShopClient) -> None:
    async def statuses() -> tuple[int, int]:
        listed = await shop.api.get("/v1/products")
        return listed.status_code, (await shop.ask("home-popular")).status_code

    assert await statuses() == (200, 200)
    async with shop.service.db.tenant(shop.keys.tenant_id) as conn:
        await revoke_key(conn, shop.keys.secret.key_id)
        await revoke_key(conn, shop.keys.publishable.key_id)

    async def refused() -> bool:
        return await statuses() == (401, 401)

    await until(refused, seconds=2)
    check_problem(await shop.api.get("/v1/products"), 401)


async def test_two_keys_work_side_by_side_while_one_replaces_the_other(shop: ShopClient) -> None:
    async with shop.service.db.tenant(shop.keys.tenant_id) as conn:
        new = await open_key(conn, "secret")
    for key in (shop.keys.secret.secret, new.secret):
        answer = await shop.page.get("/v1/products", headers={"Authorization": f"Bearer {key}"})
        assert answer.status_code == 200


async def test_no_column_holds_a_key_in_the_clear(shop: ShopClient, settings: Settings) -> None:
    secrets = [shop.keys.secret.secret, shop.keys.publishable.secret, shop.keys.signing.secret]
    async with shop.service.db.tenant(shop.keys.tenant_id) as conn:
        stored = str([dict(row) for row in await conn.fetch("select * from api_keys")])
        tails = [row["hint"] for row in await conn.fetch("select hint from api_keys")]

    assert sorted(tails) == sorted(f"…{secret[-4:]}" for secret in secrets)
    for secret in secrets:
        body = secret.split("_", 2)[2]
        assert not [start for start in range(len(body) - 8) if body[start : start + 8] in stored]


async def test_a_key_reaches_its_own_tenant_only(shop: ShopClient, other_shop: ShopClient) -> None:
    await other_shop.stock("theirs")

    assert (await shop.api.get("/v1/products")).json()["items"] == []
    check_problem(await shop.api.get("/v1/products/theirs"), 404)
    assert (await shop.api.put("/v1/products/theirs", json=product("theirs", title="Mine"))).json() == {
        "id": "theirs",
        "result": "created",
    }
    assert (await other_shop.api.get("/v1/products/theirs")).json()["title"] == "Product theirs"


async def test_a_key_made_for_another_tenant_is_unknown(shop: ShopClient, other_shop: ShopClient) -> None:
    """The tenant is read from the key's own text: text alone must not open it."""
    forged = make_secret("secret", other_shop.keys.tenant_id)
    check_problem(await shop.page.get("/v1/products", headers={"Authorization": f"Bearer {forged}"}), 401)
