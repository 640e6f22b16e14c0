"""/w/v1/include: a slot as markup for a shop's server, and nothing of a shopper in its address."""

import re
from typing import Any

import httpx2
import pytest

from tests.support.polling import until
from tests.support.problems import check_problem
from tests.support.shop import ShopClient


async def get(
    shop: ShopClient, name: str = "home-popular", *, shopper: str | None = None, **more: str
) -> httpx2.Response:
    query = {"key": shop.keys.publishable.secret, "name": name, **more}
    headers = {} if shopper is None else {"Lastbook-Token": shop.token(shopper)}
    return await shop.page.get("/w/v1/include", params=query, headers=headers)


def shown(answer: httpx2.Response) -> list[str]:
    assert answer.status_code == 200, answer.text
    return re.findall(r'data-lb-product="([^"]*)"', answer.text)


async def stocked(shop: ShopClient, *names: str, **fields: Any) -> None:
    await shop.stock(*names, **fields)

    async def there() -> bool:
        return {*await shop.shown("home-popular")} >= {*names}

    await until(there, seconds=5)


async def test_the_markup_shows_what_a_page_would_be_answered(shop: ShopClient) -> None:
    await stocked(shop, "boots", "socks", "hat")
    answer = await get(shop, limit="2", exclude="hat")
    asked = (await shop.ask({"name": "home-popular", "limit": 2, "exclude": ["hat"]})).json()["slots"][0]
    cards = asked["products"]
    assert shown(answer) == [card["id"] for card in cards]
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    start = answer.text[: answer.text.index(">") + 1]
    for attribute in ('name="home-popular"', 'limit="2"', 'exclude="hat"', 'state="ready"', "included="):
        assert attribute in start
    assert (f"<h2>{asked['heading']}</h2>" in answer.text, "€10.00" in answer.text) == (True, True)
    tokens = re.findall(r'data-lb-token="([^"]*)"', answer.text)
    assert tokens == [card["token"] for card in cards if "token" in card]


async def test_the_page_speaks_the_language_that_is_asked_for(shop: ShopClient) -> None:
    await stocked(shop, "boots", sale_price_minor=900, price_minor=123_456)
    chinese, german = await get(shop, locale="zh-CN"), await get(shop, locale="de-DE")
    heading = (await shop.ask("home-popular", locale="zh-CN")).json()["slots"][0]["heading"]
    assert not heading.isascii()
    assert ("上一组商品" in chinese.text, heading in chinese.text, "€1,234.56" in chinese.text) == (True, True, True)
    assert ("1.234,56\u00a0€" in german.text, "Regular price" in german.text) == (True, True)


async def test_a_stranger_s_markup_may_be_kept_and_is_told_by_its_etag(shop: ShopClient) -> None:
    await stocked(shop, "boots")
    first = await get(shop)
    assert first.headers["cache-control"] == "public, max-age=60, stale-while-revalidate=600"
    assert first.headers["vary"] == "Lastbook-Token"
    query = {"key": shop.keys.publishable.secret, "name": "home-popular"}
    again = await shop.page.get("/w/v1/include", params=query, headers={"If-None-Match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    await stocked(shop, "socks")
    changed = await shop.page.get("/w/v1/include", params=query, headers={"If-None-Match": first.headers["etag"]})
    assert (changed.status_code, shown(changed) != shown(first)) == (200, True)


async def test_b7_a_shopper_s_markup_is_kept_by_nobody(shop: ShopClient) -> None:
    await stocked(shop, "boots", "socks")
    await shop.sell({"ada": ["boots"]})
    answer = await get(shop, "home-for-you", shopper="ada")
    assert shown(answer)
    assert answer.headers["cache-control"] == "private, no-store"
    assert "etag" not in answer.headers
    assert "set-cookie" not in answer.headers


@pytest.mark.parametrize("more", [{"cart": "boots"}, {"person": "my-child"}])
async def test_b7_markup_for_a_cart_or_a_person_is_kept_by_nobody(shop: ShopClient, more: dict[str, str]) -> None:
    answer = await get(shop, **more)
    assert (answer.status_code, answer.headers["cache-control"]) == (200, "private, no-store")
    assert "etag" not in answer.headers


@pytest.mark.parametrize("more", [{"token": "x"}, {"visitor": "visitor-0001"}, {"shopper": "ada"}, {"css": "x"}])
async def test_b7_an_address_names_no_shopper(shop: ShopClient, more: dict[str, str]) -> None:
    query = {"key": shop.keys.publishable.secret, "name": "home-popular", **more}
    check_problem(await shop.page.get("/w/v1/include", params=query), 400)


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("name=home-popular", 401), ("key=lb_pk_x&name=home-popular", 401), ("key={key}", 422),
        ("key={key}&name=home-popular&limit=0", 422), ("key={key}&name=home-popular&limit=51", 422),
        ("key={key}&name=home-popular&limit=many", 422), ("key={key}&name=home-popular&currency=euro", 422),
        ("key={key}&name=a&name=b", 400),
        ("key={key}&name=%00", 422), ("key={key}&name=" + "x" * 101, 422),
    ],
)  # fmt: skip
async def test_what_cannot_be_asked_is_refused_in_a_sentence(shop: ShopClient, query: str, status: int) -> None:
    check_problem(await shop.page.get("/w/v1/include?" + query.format(key=shop.keys.publishable.secret)), status)


async def test_a_wrong_token_is_refused(shop: ShopClient, other_shop: ShopClient) -> None:
    query = {"key": shop.keys.publishable.secret, "name": "home-for-you"}
    for token in ("x", other_shop.token("ada")):
        check_problem(await shop.page.get("/w/v1/include", params=query, headers={"Lastbook-Token": token}), 401)


async def test_nothing_to_show_is_an_empty_element(shop: ShopClient) -> None:
    for name in ("home-popular", "no-such-place"):
        answer = await get(shop, name)
        assert answer.status_code == 200
        assert re.fullmatch(rf'<lastbook-slot name="{name}"[^<>]* state="empty"[^<>]*></lastbook-slot>', answer.text)


async def test_markup_opened_as_a_page_may_do_nothing(shop: ShopClient) -> None:
    answer = await get(shop)
    assert answer.headers["content-security-policy"] == "default-src 'none'; sandbox; frame-ancestors 'none'"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert (await shop.page.post("/w/v1/include")).status_code == 405
