"""Slots: what a page shows to whom."""

from collections.abc import AsyncIterator

import pytest

from tests.support.polling import until
from tests.support.problems import check_problem
from tests.support.service import Service
from tests.support.shop import Document, ShopClient, open_test_shop
from tests.support.tokens import make_token

BEER, TEA = [f"beer-{n}" for n in range(8)], [f"tea-{n}" for n in range(8)]
UNSOLD = "unsold"

pytestmark = pytest.mark.filterwarnings("ignore:EdDSA is deprecated")


@pytest.fixture(scope="module")
async def trained(service: Service) -> AsyncIterator[ShopClient]:
    """Two kinds of household, a model, and one product that nobody bought. Tests only ask."""
    shop = await open_test_shop(service)
    async with shop.api, shop.page:
        await shop.stock(*BEER, *TEA, UNSOLD)
        await shop.sell(
            {f"beer-{n}": [*BEER[n % 4 :], BEER[0]] for n in range(12)} | {f"tea-{n}": TEA[n % 4 :] for n in range(10)}
        )
        assert (await shop.train()).status == "active"
        yield shop


async def slot(shop: ShopClient, wish: Document | str, **more: str) -> Document:
    answer = await shop.ask(wish, **more)
    assert answer.status_code == 200, answer.text
    found: Document = answer.json()["slots"][0]
    return found


def ids(filled: Document) -> list[str]:
    return [card["id"] for card in filled["products"]]


async def test_two_households_see_different_products_from_the_model(trained: ShopClient) -> None:
    beer, tea = [await slot(trained, "home-for-you", shopper=name) for name in ("beer-1", "tea-1")]

    assert (beer["source"], tea["source"]) == ("model", "model")
    assert (len(set(ids(beer)[:5]) & set(BEER)), len(set(ids(tea)[:5]) & set(TEA))) == (5, 5)


async def test_a_stranger_sees_what_sells(trained: ShopClient) -> None:
    stranger, nobody = await slot(trained, "home-for-you"), await slot(trained, "home-for-you", shopper="nobody")

    assert (stranger["source"], nobody["source"]) == ("popular", "popular")
    assert ids(stranger) == ids(nobody)
    assert (await slot(trained, "home-popular"))["source"] == "popular"


async def test_a_token_of_a_known_and_of_a_missing_shopper_differ_in_the_products_only(trained: ShopClient) -> None:
    known, missing = [await trained.ask("home-for-you", shopper=name) for name in ("beer-1", "nobody")]

    assert (known.status_code, missing.status_code) == (200, 200)
    for one in (known, missing):
        assert one.headers.keys() == known.headers.keys()
    differing = {name for name, value in known.json()["slots"][0].items() if missing.json()["slots"][0][name] != value}
    assert differing <= {"products", "source", "heading"}


async def test_similar_is_never_the_product_itself(trained: ShopClient) -> None:
    for name in (*BEER, *TEA):
        filled = await slot(trained, {"name": "product-similar", "product": name, "limit": 50})
        assert filled["source"] == "similar"
        assert name not in ids(filled)
        assert ids(filled)[0][:3] == name[:3]


@pytest.mark.parametrize("name", [UNSOLD, "never-heard-of", "'; drop table products; --", "💥"])
async def test_similar_to_an_unknown_product_is_what_sells(trained: ShopClient, name: str) -> None:
    filled = await slot(trained, {"name": "product-similar", "product": name})

    assert filled["source"] == "popular"
    assert name not in ids(filled)
    assert len(ids(filled)) == 12


async def test_slots_of_one_page_never_repeat_a_product(trained: ShopClient) -> None:
    wish = [{"name": name, "limit": 4} for name in ("home-for-you", "home-popular", "cart-for-you", "home-popular")]
    answer = (await trained.ask(*wish, {"name": "product-similar", "product": "tea-0"}, shopper="tea-1")).json()
    shown = [card["id"] for filled in answer["slots"] for card in filled["products"]]

    assert [filled["name"] for filled in answer["slots"]] == [*(one["name"] for one in wish), "product-similar"]
    assert len(shown) == len(set(shown)) == 4 * 4 + 1, "16 of the 17, without the page's own product, are left"


async def test_an_excluded_product_is_not_shown(trained: ShopClient) -> None:
    everything = await trained.shown({"name": "home-for-you", "limit": 50}, shopper="beer-1")
    without = await trained.shown(
        {"name": "home-for-you", "limit": 50, "exclude": [*everything[:3], "unknown"]}, shopper="beer-1"
    )

    assert without == everything[3:]


@pytest.mark.parametrize("limit", [1, 2, 12, 17, 50])
async def test_a_slot_holds_as_many_as_asked_for_and_there_are(trained: ShopClient, limit: int) -> None:
    shown = await trained.shown({"name": "home-for-you", "limit": limit}, shopper="tea-1")

    assert len(shown) == len(set(shown)) == min(limit, len(BEER) + len(TEA) + 1)


async def test_the_answer_names_the_model(trained: ShopClient) -> None:
    versions = (await trained.api.get("/v1/models")).json()["items"]

    assert (await trained.ask("home-popular")).json()["model"] == versions[0]["version_id"]


async def test_the_same_question_has_the_same_answer(trained: ShopClient) -> None:
    answers = {(await trained.ask("home-for-you", shopper="beer-2")).content for _ in range(5)}

    assert len(answers) == 1


@pytest.mark.parametrize("name", ["no-such-place", "home-for-you ", "HOME-FOR-YOU", "💥"])
async def test_an_unknown_placement_says_so(trained: ShopClient, name: str) -> None:
    filled = await slot(trained, name)

    assert (filled["name"], filled["products"], filled["source"]) == (name, [], "none")
    assert "no placement" in filled["why"]


async def test_an_empty_catalogue_says_so(still_shop: ShopClient) -> None:
    answer = (await still_shop.ask("home-for-you", "home-popular")).json()

    assert answer["model"] is None
    assert {(filled["source"], filled["why"]) for filled in answer["slots"]} == {("none", "The catalogue is empty.")}


async def test_before_a_model_the_newest_products_are_shown(shop: ShopClient) -> None:
    await shop.stock("older")
    await shop.stock("newer")

    for name in ("home-for-you", "home-popular", "cart-for-you"):
        filled = await slot(shop, name, shopper="s1")
        assert (filled["source"], ids(filled), filled["why"]) == ("new", ["newer", "older"], None)


async def test_a_new_product_is_shown_within_five_seconds(shop: ShopClient) -> None:
    assert await shop.shown() == []
    await shop.stock("p1")

    async def there() -> bool:
        return await shop.shown() == ["p1"]

    await until(there, seconds=5)


BAD: dict[str, Document] = {
    "no slots": {"slots": []},
    "51 slots": {"slots": [{"name": "home-popular"}] * 51},
    "limit 0": {"slots": [{"name": "home-popular", "limit": 0}]},
    "limit 51": {"slots": [{"name": "home-popular", "limit": 51}]},
    "limit text": {"slots": [{"name": "home-popular", "limit": "2"}]},
    "no name": {"slots": [{}]},
    "empty name": {"slots": [{"name": ""}]},
    "NUL": {"slots": [{"name": "home-popular", "product": "\0"}]},
    "long product": {"slots": [{"name": "home-popular", "product": "x" * 201}]},
    "201 excluded": {"slots": [{"name": "home-popular", "exclude": ["x"] * 201}]},
    "short visitor": {"slots": [{"name": "home-popular"}], "visitor": "x"},
    "long visitor": {"slots": [{"name": "home-popular"}], "visitor": "x" * 101},
    "unknown field": {"slots": [{"name": "home-popular", "tenant_id": "x"}]},
}


@pytest.mark.parametrize("body", BAD.values(), ids=BAD)
async def test_a_bad_wish_is_refused(still_shop: ShopClient, body: Document) -> None:
    answer = await still_shop.page.post("/public/v1/slots", json={"key": still_shop.keys.publishable.secret} | body)

    check_problem(answer, 422)


@pytest.mark.parametrize("path", ["/public/v1/slots", "/public/v1/events"])
async def test_a_body_that_is_no_wish_is_refused(still_shop: ShopClient, path: str) -> None:
    for body in (b"", b"{", b"[]", b"null", b"\xff", b"[" * 60_000, b'{"key": NaN}', b'{"key": "\\ud800"}'):
        check_problem(await still_shop.page.post(path, content=body, headers={"Content-Type": "text/plain"}), 400, 422)
    check_problem(await still_shop.page.post(path, content=b" " * 64_001, headers={"Content-Type": "text/plain"}), 413)
    check_problem(await still_shop.page.post(path, content=b"{}", headers={"Content-Type": "text/html"}), 415)
    gzip = {"Content-Type": "text/plain", "Content-Encoding": "gzip"}
    check_problem(await still_shop.page.post(path, content=b"{}", headers=gzip), 415)


async def test_a_models_products_are_the_tenants_own(trained: ShopClient, shop: ShopClient) -> None:
    """The same shoppers and orders' dates in another shop: its answers hold its own products only."""
    await shop.stock("mine-1", "mine-2")
    await shop.sell({f"beer-{n}": ["mine-1", "mine-2"] for n in range(6)})
    await shop.train()

    for name in ("home-for-you", "home-popular", {"name": "product-similar", "product": "beer-0"}):
        assert {*await shop.shown(name, token=make_token(shop, claims={"sub": "beer-1"}))} == {"mine-1", "mine-2"}


@pytest.mark.parametrize(
    ("need", "said"),
    [
        ({"field": "colour", "value": "red"}, "attributes."),
        ({"field": "attributes.", "value": "red"}, "attributes."),
        ({"field": "sale_price_minor", "value": 5}, "price_minor"),
        ({"field": "sale_from_s", "value": 5, "compare": "at_least"}, "price_minor"),
        ({"field": "price_minor", "value": "5", "compare": "at_most"}, "number"),
        ({"field": "price_minor", "value": True, "compare": "at_least"}, "number"),
    ],
)
async def test_r7_a_need_that_no_product_can_meet_or_that_asks_for_a_secret_is_refused(
    shop: ShopClient, need: Document, said: str
) -> None:
    answer = await shop.ask({"name": "home-popular", "needs": [need]})
    check_problem(answer, 422)
    assert answer.json()["errors"][0]["field"] == "slots[0].needs[0]"
    assert said in answer.json()["detail"]
