"""Rules and placements where they count: in what a page is shown, within seconds of a change."""

from collections.abc import Callable
from typing import Any

from tests.support.polling import until
from tests.support.shop import ShopClient


async def put(shop: ShopClient, kind: str, name: str, **document: Any) -> None:
    answer = await shop.api.put(f"/v1/{kind}/{name}", json={"id": name, **document})
    assert answer.status_code == 200, answer.text


async def becomes(shop: ShopClient, wanted: Callable[[list[str]], bool], slot: Any = "home-popular") -> list[str]:
    async def shown() -> list[str]:
        ids = await shop.shown(slot)
        return ids if wanted(ids) else []

    return await until(shown, seconds=5)


async def test_r5_a_hidden_product_is_gone_within_seconds_and_back_when_the_rule_is_deleted(shop: ShopClient) -> None:
    await shop.stock("boots", "socks", brand="Acme")
    await shop.stock("drill", brand="Bolt")
    await put(shop, "rules", "no-acme", action="hide", when='product.brand == "Acme"')
    await becomes(shop, lambda ids: ids == ["drill"])

    await shop.stock("coat", brand="Acme")
    await shop.stock("saw", brand="Bolt")
    assert "coat" not in await becomes(shop, lambda ids: "saw" in ids)

    assert (await shop.api.delete("/v1/rules/no-acme")).status_code in (200, 204)
    await becomes(shop, lambda ids: set(ids) == {"boots", "socks", "drill", "coat", "saw"})


async def test_r5_a_product_that_comes_to_break_a_rule_is_never_shown_again(shop: ShopClient) -> None:
    await shop.stock("boots", "socks", price_minor=1000)
    await put(shop, "rules", "cheap", action="only", price_until_minor=2000)
    await becomes(shop, lambda ids: set(ids) == {"boots", "socks"})

    await shop.stock("boots", price_minor=9000)
    await shop.stock("laces", price_minor=100)
    assert set(await becomes(shop, lambda ids: "laces" in ids)) == {"socks", "laces"}


async def test_r5_a_pin_stands_at_its_place_and_says_so(shop: ShopClient) -> None:
    await shop.stock("boots", "coat", "drill", "socks")
    await put(shop, "rules", "pin", action="pin", products=["boots"], position=2, placements=["home-popular"])
    await becomes(shop, lambda ids: ids[1:2] == ["boots"])
    cards = (await shop.ask("home-popular")).json()["slots"][0]["products"]
    assert cards[1]["reason"] == {"code": "pinned", "text": "Chosen by the shop"}


async def test_r2_a_placement_of_the_merchants_own_is_there_at_once(shop: ShopClient) -> None:
    await shop.stock("boots", brand="Acme")
    await shop.stock("drill", brand="Bolt")
    await put(
        shop, "placements", "aisle", strategy="new", heading="Our tools", limit=5, filter='product.brand == "Bolt"'
    )

    async def filled() -> Any:
        slot = (await shop.ask("aisle")).json()["slots"][0]
        return slot if slot["products"] else None

    slot = await until(filled, seconds=5)
    assert (slot["heading"], [card["id"] for card in slot["products"]]) == ("Our tools", ["drill"])


async def test_r9_an_explanation_names_the_rule_that_keeps_a_product_out(shop: ShopClient) -> None:
    await shop.stock("boots", "socks")
    await put(shop, "rules", "no-boots", action="hide", products=["boots"])
    await becomes(shop, lambda ids: ids == ["socks"])
    asked = {"slot": {"name": "home-popular"}, "products": ["boots"]}
    told = (await shop.api.post("/v1/recommendations:explain", json=asked)).json()["items"][0]
    assert told["rules"] == ["no-boots"]
    assert told["obstacles"][0] == {
        "code": "kept_out_by_rule", "text": "The rule 'no-boots' keeps it out.", "rule": "no-boots"
    }  # fmt: skip


async def test_r9_a_trial_shows_what_rules_and_placements_would_do_and_stores_nothing(shop: ShopClient) -> None:
    await shop.stock("boots", "socks", "coat")
    trial = {
        "rules": [{"id": "t", "action": "hide", "products": ["boots"]}],
        "placements": [{"id": "shelf", "strategy": "new", "heading": "Trial"}],
        "slots": [{"name": "shelf"}],
    }
    slot = (await shop.api.post("/v1/recommendations", json=trial)).json()["slots"][0]
    assert (slot["heading"], {card["id"] for card in slot["products"]}) == ("Trial", {"socks", "coat"})
    assert set(await shop.shown("home-popular")) == {"boots", "socks", "coat"}
    assert (await shop.api.get("/v1/rules")).json()["items"] == []

    wrong = {**trial, "rules": [{"id": "t", "action": "hide", "when": "product.brand =="}]}
    refused = await shop.api.post("/v1/recommendations", json=wrong)
    assert (refused.status_code, refused.json()["errors"][0]["field"]) == (422, "rules.t.when")


async def test_r9_a_look_ahead_obeys_the_windows_of_then(shop: ShopClient) -> None:
    await shop.stock("boots", "socks")
    window = {"valid_from": "2031-01-01T00:00:00Z", "valid_until": "2031-02-01T00:00:00Z"}
    await put(shop, "rules", "january", action="hide", products=["boots"], **window)
    await shop.stock("coat")
    await becomes(shop, lambda ids: "coat" in ids)
    for at, wanted in (
        ("2031-01-10T00:00:00Z", {"socks", "coat"}),
        ("2031-02-01T00:00:00Z", {"boots", "socks", "coat"}),
    ):
        asked = {"slots": [{"name": "home-popular"}], "at": at}
        slot = (await shop.api.post("/v1/recommendations", json=asked)).json()["slots"][0]
        assert {card["id"] for card in slot["products"]} == wanted
