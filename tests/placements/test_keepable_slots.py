"""GET /public/v1/slots: the same answer for everybody, which a browser keeps and need not fetch twice."""

import json
from typing import Any

import httpx2
import pytest

from tests.support.polling import until
from tests.support.problems import check_problem
from tests.support.shop import ShopClient

ADDRESS = "/public/v1/slots"


async def get(shop: ShopClient, *, key: str | None = None, etag: str | None = None, **page: Any) -> httpx2.Response:
    page.setdefault("slots", [{"name": "home-popular"}])
    query = {"key": shop.keys.publishable.secret if key is None else key, "page": json.dumps(page)}
    return await shop.page.get(ADDRESS, params=query, headers={} if etag is None else {"If-None-Match": etag})


async def stocked(shop: ShopClient, *names: str) -> None:
    await shop.stock(*names)

    async def there() -> bool:
        return {*await shop.shown("home-popular")} >= {*names}

    await until(there, seconds=5)


async def test_r3_the_answer_is_the_one_that_is_posted_for(shop: ShopClient) -> None:
    await stocked(shop, "boots", "socks")
    answer = await get(shop, locale="zh", region="DE")
    posted = await shop.ask("home-popular", locale="zh", region="DE")
    assert (answer.status_code, answer.json()) == (200, posted.json())
    assert answer.headers["cache-control"] == "public, max-age=60, stale-while-revalidate=600"
    assert answer.headers["access-control-allow-origin"] == "*"
    assert "set-cookie" not in answer.headers


async def test_r3_who_has_the_answer_is_told_so_until_it_changes(shop: ShopClient) -> None:
    await stocked(shop, "boots")
    first = await get(shop)
    etag = first.headers["etag"]
    assert etag[0] == etag[-1] == '"'
    for known in (etag, f'"other", W/{etag}', "*"):
        again = await get(shop, etag=known)
        assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", etag)
    for other in ('"other"', etag.strip('"'), ""):
        assert (await get(shop, etag=other)).status_code == 200
    await stocked(shop, "socks")
    changed = await get(shop, etag=etag)
    assert (changed.status_code, changed.headers["etag"] == etag) == (200, False)


@pytest.mark.parametrize("more", [{"token": "x"}, {"visitor": "visitor-0001"}, {"personalised": True}, {"key": "x"}])
async def test_b7_an_answer_that_is_kept_names_nobody(shop: ShopClient, more: dict[str, Any]) -> None:
    query = {"key": shop.keys.publishable.secret, "page": json.dumps({"slots": [{"name": "home-popular"}], **more})}
    check_problem(await shop.page.get(ADDRESS, params=query), 422)


@pytest.mark.parametrize("more", [{"cart": ["boots"]}, {"person": "my-child"}])
async def test_b7_an_address_that_caches_know_holds_no_cart_and_no_person(
    shop: ShopClient, more: dict[str, Any]
) -> None:
    answer = await get(shop, slots=[{"name": "home-popular"}, {"name": "home-for-you", **more}])
    assert check_problem(answer, 400)["hint"] == "POST it."
    assert "cache-control" not in answer.headers


async def test_b7_an_identifier_beside_the_question_changes_nothing(shop: ShopClient) -> None:
    await stocked(shop, "boots")
    query = {"key": shop.keys.publishable.secret, "page": json.dumps({"slots": [{"name": "home-popular"}]})}
    more = {"token": shop.token("ann"), "visitor": "visitor-0001", "shopper_id": "ann"}
    plain, named = [await shop.page.get(ADDRESS, params=one) for one in (query, query | more)]
    assert plain.content == named.content


@pytest.mark.parametrize(("page", "status"), [
    ("", 400), ("{", 400), ("[]", 422), ('{"slots":[]}', 422), ('{"slots":[{"name":"\\u0000"}]}', 422),
    ('{"slots":[{"name":"x"}],"locale":7}', 422), ("x" * 8_001, 413),
])  # fmt: skip
async def test_r3_what_cannot_be_read_is_refused_with_the_reason(shop: ShopClient, page: str, status: int) -> None:
    answer = await shop.page.get(ADDRESS, params={"key": shop.keys.publishable.secret, "page": page})
    check_problem(answer, status)
    assert "cache-control" not in answer.headers


async def test_b8_a_wrong_key_is_refused(shop: ShopClient) -> None:
    for key in ("", "lb_pk_wrong", shop.keys.secret.secret, "💥"):
        check_problem(await get(shop, key=key), 401)
    check_problem(await shop.page.get(ADDRESS, params={"page": '{"slots":[{"name":"x"}]}'}), 401)


async def test_b8_each_shop_has_its_own_answer(shop: ShopClient, other_shop: ShopClient) -> None:
    await stocked(shop, "boots")
    await stocked(other_shop, "canary")
    mine, theirs = [await get(one) for one in (shop, other_shop)]
    assert "canary" not in mine.text
    assert (await get(shop, etag=theirs.headers["etag"])).status_code == 200
