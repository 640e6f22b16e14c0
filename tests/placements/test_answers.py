"""Answers: what a slot says beside its products, in whose language, and which products a page's context leaves."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from tests.support.polling import until
from tests.support.problems import check_problem
from tests.support.service import Service
from tests.support.shop import Document, ShopClient, open_test_shop

BEER, TEA = [f"beer-{n}" for n in range(6)], [f"tea-{n}" for n in range(6)]
LOOKS: Document = {
    "strategy": "popular", "heading": "Hot", "headings": {"zh": "热", "de-AT": "Heiß"}, "layout": "grid",
    "fields": ["reason", "title", "image"],
}  # fmt: skip
PLACEMENTS: list[Document] = [
    {"id": "looks", **LOOKS},
    {
        "id": "chain",
        "strategy": "recently_viewed",
        "heading": "Seen",
        "fallbacks": ["similar", "for_you"],
        "strict": True,
    },
    {"id": "again", "strategy": "buy_again", "heading": "Again", "strict": True},
]

pytestmark = pytest.mark.filterwarnings("ignore:EdDSA is deprecated")


@pytest.fixture(scope="module")
async def trained(service: Service) -> AsyncIterator[ShopClient]:
    """Beer in euros and tea in pounds, each with a category of its own and one in common. Tests only ask."""
    shop = await open_test_shop(service)
    async with shop.api, shop.page:
        await shop.stock(*BEER, categories=["Drinks", "Beer"], currency="EUR")
        await shop.stock(*TEA, categories=["Drinks", "Tea"], currency="GBP")
        await shop.sell({f"b{n}": BEER[n % 3 :] for n in range(9)} | {f"t{n}": TEA[n % 3 :] for n in range(7)})
        assert (await shop.train()).status == "active"
        await shop.push("placements", PLACEMENTS)

        async def in_force() -> bool:
            return bool(await shop.shown("looks"))

        await until(in_force, seconds=5)
        yield shop


async def slot(shop: ShopClient, wish: Document | str, **more: Any) -> Document:
    answer = await shop.ask(wish, **more)
    assert answer.status_code == 200, answer.text
    found: Document = answer.json()["slots"][0]
    return found


def ids(filled: Document) -> list[str]:
    return [card["id"] for card in filled["products"]]


async def test_r2_a_slot_says_how_it_is_shown(trained: ShopClient) -> None:
    own, standard = await slot(trained, "looks"), await slot(trained, "home-popular")
    names = ("layout", "fields", "heading", "locale")
    assert [own[name] for name in names] == ["grid", ["image", "title", "reason"], "Hot", "en"]
    assert [standard[name] for name in names] == [
        "carousel", ["image", "brand", "title", "price"], "Popular now", "en",
    ]  # fmt: skip


@pytest.mark.parametrize(("locale", "heading", "ours"), [
    ("zh", "热", "zh"), ("zh-CN", "热", "zh"), ("ZH-hant-tw", "热", "zh"), ("de-AT-1996", "Heiß", "en"),
    ("de", "Hot", "en"), ("fr", "Hot", "en"), ("en-GB", "Hot", "en"),
])  # fmt: skip
async def test_r2_a_page_is_answered_in_its_locale(trained: ShopClient, locale: str, heading: str, ours: str) -> None:
    filled = await slot(trained, "looks", locale=locale)
    assert (filled["heading"], filled["locale"]) == (heading, ours)


async def test_r6_reasons_and_our_own_headings_are_chinese_on_a_chinese_page(trained: ShopClient) -> None:
    similar = await slot(trained, {"name": "product-similar", "product": "tea-0"}, locale="zh-CN")
    assert (similar["heading"], similar["products"][0]["reason"]) == (
        "您可能也喜欢", {"code": "similar", "text": "与“Product tea-0”相似", "product": "tea-0"},
    )  # fmt: skip
    fallen_back = await slot(trained, "home-for-you", locale="zh")
    assert (fallen_back["source"], fallen_back["heading"]) == ("popular", "近期热销")
    assert fallen_back["products"][0]["reason"]["text"] == "近期热销"
    assert (await slot(trained, "again", locale="zh"))["why"] == "这位顾客没有买过需要再次购买的商品。"
    assert (await slot(trained, "nowhere", locale="zh"))["why"] == "没有这个名称的展示位。"
    assert (await slot(trained, "home-for-you"))["products"][0]["reason"]["text"] == "Popular now"


async def test_r6_a_server_asks_in_a_locale_too(trained: ShopClient) -> None:
    body = {"slots": [{"name": "home-popular"}], "locale": "zh"}
    answer = (await trained.api.post("/v1/recommendations", json=body)).json()["slots"][0]
    assert (answer["heading"], answer["locale"]) == ("近期热销", "zh")
    explained = {"slot": {"name": "home-popular"}, "products": [answer["products"][0]["id"]], "locale": "zh"}
    item = (await trained.api.post("/v1/recommendations:explain", json=explained)).json()["items"][0]
    assert item["reason"]["text"] == "近期热销"


@pytest.mark.parametrize("locale", ["", "x" * 36, "zh_CN", "<b>", 7, None])
async def test_r2_what_is_no_locale_is_refused(trained: ShopClient, locale: object) -> None:
    body = check_problem(await trained.ask("looks", locale=locale), 422)
    assert body["errors"][0]["field"] == "locale"


@pytest.mark.parametrize("name", ["home-for-you", "home-popular", "product-similar", "looks"])
async def test_r2_a_page_of_a_category_shows_no_other(trained: ShopClient, name: str) -> None:
    for shopper in (None, "b1", "t1"):
        for category, wanted in (("Beer", BEER), ("Tea", TEA), ("Drinks", [*BEER, *TEA])):
            filled = await slot(trained, {"name": name, "category": category, "limit": 50}, shopper=shopper)
            assert set(ids(filled)) == set(wanted), (shopper, category)


async def test_r2_an_unknown_category_shows_nothing_and_says_why(trained: ShopClient) -> None:
    filled = await slot(trained, {"name": "home-popular", "category": "Wine"})
    assert (ids(filled), filled["why"]) == (
        [], "No product that this place may show is of that category and currency.",
    )  # fmt: skip


async def test_r2_a_page_in_one_currency_shows_prices_in_that_only(trained: ShopClient) -> None:
    for currency, wanted in (("EUR", BEER), ("GBP", TEA), ("USD", [])):
        filled = await slot(trained, {"name": "home-popular", "currency": currency, "limit": 50})
        assert set(ids(filled)) == set(wanted)
    both = {"name": "home-popular", "currency": "EUR", "category": "Tea"}
    assert ids(await slot(trained, both)) == []


async def test_r3_what_is_in_the_cart_leads_to_others_and_is_not_shown(trained: ShopClient) -> None:
    filled = await slot(trained, {"name": "cart-for-you", "cart": ["tea-1", "unknown"], "limit": 4})
    assert filled["source"] == "session"
    assert "tea-1" not in ids(filled)
    assert filled["products"][0]["reason"] == {
        "code": "because_in_cart", "text": "Goes with Product tea-1 in your cart", "product": "tea-1",
    }  # fmt: skip
    everything = await slot(trained, {"name": "home-popular", "cart": [*BEER, "tea-0"], "limit": 50})
    assert set(ids(everything)) == {*TEA[1:]}


async def test_b7_a_cart_leads_nowhere_for_one_who_wants_what_everybody_sees(trained: ShopClient) -> None:
    with_cart = await slot(trained, {"name": "home-for-you", "cart": ["tea-1"], "limit": 3}, personalised=False)
    without = await slot(trained, {"name": "home-for-you", "exclude": ["tea-1"], "limit": 3}, personalised=False)
    assert with_cart == without
    assert with_cart["source"] == "popular"


async def test_r2_a_chain_of_strategies_is_gone_through_in_turn(trained: ShopClient) -> None:
    beside = await slot(trained, {"name": "chain", "product": "tea-0", "limit": 4})
    assert (beside["source"], beside["heading"]) == ("similar", "You may also like")
    own = await slot(trained, {"name": "chain", "limit": 3}, shopper="b1")
    assert (own["source"], own["heading"]) == ("model", "Picked for you")
    nobody = await slot(trained, "chain")
    assert (ids(nobody), nobody["why"]) == ([], "Nothing was looked at in the last half hour.")


async def test_r9_what_the_page_leaves_out_is_explained(trained: ShopClient) -> None:
    for context, code in (
        ({"category": "Beer"}, "other_category"),
        ({"currency": "EUR"}, "other_currency"),
        ({"cart": ["tea-1"]}, "in_cart"),
    ):  # fmt: skip
        body = {"slot": {"name": "home-popular", **context}, "products": ["tea-1"]}
        item = (await trained.api.post("/v1/recommendations:explain", json=body)).json()["items"][0]
        assert code in [one["code"] for one in item["obstacles"]], item


async def test_r2_a_product_that_changes_its_category_is_found_there(shop: ShopClient) -> None:
    await shop.stock("boots", categories=["Summer"])

    async def shown(category: str) -> list[str]:
        return await shop.shown({"name": "home-popular", "category": category})

    async def there(category: str) -> bool:
        return await shown(category) == ["boots"]

    await until(lambda: there("Summer"), seconds=5)
    await shop.stock("boots", categories=["Winter", "Sale"])
    await until(lambda: there("Sale"), seconds=5)
    assert (await shown("Summer"), await shown("Winter")) == ([], ["boots"])
