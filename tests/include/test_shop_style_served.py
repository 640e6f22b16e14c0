"""/w/v1/shop.css as pages fetch it: soon as published, kept by browsers, one shop's alone."""

from tests.support.polling import until
from tests.support.problems import check_problem
from tests.support.shop import ShopClient


async def sheet(shop: ShopClient, channel: str = "v1", **headers: str) -> str:
    answer = await shop.page.get(
        f"/w/{channel}/shop.css", params={"key": shop.keys.publishable.secret}, headers=headers
    )
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "text/css; charset=utf-8"
    return answer.text


async def test_the_sheet_has_looks_theme_and_room_within_ten_seconds(shop: ShopClient) -> None:
    before = await sheet(shop)
    assert ".lastbook-card" in before
    assert 'lastbook-slot[name="home-popular"]{--lb-n:12;' in before
    assert "--lastbook-gap:8px" not in before
    await shop.api.put("/v1/theme", json={"gap": "8px"})
    place = {"id": "late", "strategy": "popular", "limit": 3, "layout": "grid"}
    assert (await shop.api.put("/v1/placements/late", json=place)).status_code == 200

    async def there() -> bool:
        text = await sheet(shop)
        return "--lastbook-gap:8px" in text and 'lastbook-slot[name="late"]{--lb-n:3;' in text

    await until(there, seconds=10)


async def test_another_shop_sees_nothing_of_it(shop: ShopClient, other_shop: ShopClient) -> None:
    await shop.api.put("/v1/theme", json={"sale": "#123456"})
    await shop.api.put("/v1/placements/secret-plan", json={"id": "secret-plan", "strategy": "new"})
    assert "#123456" in await sheet(shop)
    theirs = await sheet(other_shop)
    assert ("#123456" in theirs, "secret-plan" in theirs) == (False, False)


async def test_a_browser_keeps_it_and_is_told_when_it_is_the_same(shop: ShopClient) -> None:
    query = {"key": shop.keys.publishable.secret}
    first = await shop.page.get("/w/v1/shop.css", params=query)
    assert first.headers["cache-control"] == "public, max-age=300, stale-while-revalidate=86400"
    assert first.headers["access-control-allow-origin"] == "*"
    assert first.headers["content-encoding"] == "gzip"
    again = await shop.page.get("/w/v1/shop.css", params=query, headers={"If-None-Match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")


async def test_without_a_key_of_a_page_there_is_none(shop: ShopClient) -> None:
    for key in ("", "lb_pk_x", shop.keys.secret.secret):
        check_problem(await shop.page.get("/w/v1/shop.css", params={"key": key}), 401)


async def test_a_pinned_version_has_a_sheet_of_its_own_looks(shop: ShopClient) -> None:
    current = (await shop.page.get("/w/v1/versions")).json()["current"]
    assert await sheet(shop, current) == await sheet(shop)
    query = {"key": shop.keys.publishable.secret}
    check_problem(await shop.page.get("/w/0.0.0-000000000000/shop.css", params=query), 404)


async def test_a_hostile_name_of_a_placement_stays_a_name(shop: ShopClient) -> None:
    name = '"]{}*{display:none}/*</style><script>'
    stored = await shop.push("placements", [{"id": name, "strategy": "popular", "layout": "grid"}])
    assert stored.json()["created"] == 1, stored.text

    async def there() -> bool:
        return r"\2a " in await sheet(shop)

    await until(there, seconds=10)
    text = await sheet(shop)
    for part in ("display:none}/*", "</style", "<script"):
        assert part not in text
