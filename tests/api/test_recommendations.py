"""/v1/recommendations: what a merchant's server asks, and what it is told about single products."""

from typing import Any

from tests.support.polling import until
from tests.support.shop import ShopClient, order


async def open_shop(shop: ShopClient) -> None:
    await shop.stock("boots", "laces", "socks", "coat", brand="Acme")
    await shop.stock("drill", brand="Bolt")
    await shop.sell({f"s{number}": ["boots", "laces", "socks"] for number in range(6)})
    assert (await shop.train()).status == "active"


async def recommend(shop: ShopClient, **asked: Any) -> list[dict[str, Any]]:
    answer = await shop.api.post("/v1/recommendations", json=asked)
    assert answer.status_code == 200, answer.text
    slots: list[dict[str, Any]] = answer.json()["slots"]
    return slots


async def test_r2_a_server_asks_for_several_placements_of_a_shopper_at_once(shop: ShopClient) -> None:
    await open_shop(shop)
    slots = await recommend(
        shop, shopper_id="s1", slots=[{"name": "home-for-you", "limit": 2}, {"name": "home-popular"}]
    )
    assert [slot["source"] for slot in slots] == ["model", "popular"]
    shown = [card["id"] for slot in slots for card in slot["products"]]
    assert len(shown) == len(set(shown)) == 5
    assert all(card["reason"]["text"] for slot in slots for card in slot["products"])


async def test_r7_needs_are_met_before_anything_is_ranked(shop: ShopClient) -> None:
    await open_shop(shop)
    needs = [{"field": "brand", "value": "Bolt"}]
    slots = await recommend(shop, shopper_id="s1", slots=[{"name": "home-for-you", "needs": needs}])
    assert [card["id"] for card in slots[0]["products"]] == ["drill"]


async def test_b7_a_shopper_who_objected_gets_what_a_stranger_gets(shop: ShopClient) -> None:
    await open_shop(shop)
    await shop.push("shoppers", [{"id": "s1"}])
    consent = {
        "purpose": "personalisation", "granted": False, "source": "call centre", "at": "2026-03-02T12:00:00Z"
    }  # fmt: skip
    assert (await shop.api.put("/v1/consents/s1", json=consent)).status_code == 200

    async def a_stranger() -> bool:
        slots = await recommend(shop, shopper_id="s1", slots=[{"name": "home-for-you"}])
        return bool(slots[0]["source"] == "popular")

    await until(a_stranger)


async def test_r9_a_server_is_told_why_and_why_not(shop: ShopClient) -> None:
    await open_shop(shop)
    asked = {"shopper_id": "s1", "slot": {"name": "home-for-you", "limit": 1}, "products": ["boots", "drill", "gone"]}
    answer = await shop.api.post("/v1/recommendations:explain", json=asked)
    assert answer.status_code == 200, answer.text
    boots, drill, gone = answer.json()["items"]
    assert boots["position"] == 1 or boots["obstacles"]
    assert drill["obstacles"][0]["code"] in ("no_candidate", "outranked")
    assert gone["obstacles"] == [{"code": "unknown_product", "text": "The catalogue holds no such product."}]


async def test_r9_an_unknown_placement_is_404(shop: ShopClient) -> None:
    asked = {"slot": {"name": "nowhere"}, "products": ["boots"]}
    answer = await shop.api.post("/v1/recommendations:explain", json=asked)
    assert (answer.status_code, answer.json()["type"].rsplit("/", 1)[-1]) == (404, "no_placement")


async def test_r3_what_a_shopper_just_bought_is_gone_for_the_server_as_for_the_page(shop: ShopClient) -> None:
    await open_shop(shop)
    bought = order("now", ["coat"], shopper_id="s1", ordered_at=shop.service.clock())
    assert (await shop.push("orders", [bought])).status_code == 200

    slots = await recommend(shop, shopper_id="s1", slots=[{"name": "home-for-you"}])
    seen = [card["id"] for card in slots[0]["products"]]
    assert "coat" not in seen
    assert seen == await shop.shown(shopper="s1")

    told = await recommend(shop, shopper_id="s1", session={}, slots=[{"name": "home-for-you"}])
    assert "coat" in [card["id"] for card in told[0]["products"]]
    asked = {"shopper_id": "s1", "slot": {"name": "home-for-you"}, "products": ["coat"]}
    answer = await shop.api.post("/v1/recommendations:explain", json=asked)
    assert answer.json()["items"][0]["obstacles"][0]["code"] == "already_bought"
