"""/v1/placements through the front door: four standard ones, the shop's own, and what is overridden comes back."""

from typing import get_args

import pytest

from tenants.placements import STANDARD, Strategy, read_placements
from tests.support.problems import check_problem
from tests.support.shop import Document, ShopClient

STANDARD_NAMES = ["cart-for-you", "home-for-you", "home-made-for-you", "home-popular", "product-similar"]


async def names(shop: ShopClient, query: str = "") -> list[str]:
    return [one["id"] for one in (await shop.api.get(f"/v1/placements{query}")).json()["items"]]


async def test_r5_the_standard_placements_are_there_from_the_start(shop: ShopClient) -> None:
    assert await names(shop) == STANDARD_NAMES
    read = (await shop.api.get("/v1/placements/home-popular")).json()
    assert read == {
        "id": "home-popular", "strategy": "popular", "fallbacks": [], "heading": "Popular now",
        "headings": {"zh": "近期热销"}, "layout": "carousel", "fields": ["image", "brand", "title", "price"],
        "limit": 12, "diversity": 0, "rotation": 0, "strict": False, "filter": None, "exclude_purchased": False,
        "standard": True,        "created_at": None, "updated_at": None,
    }  # fmt: skip


async def test_r5_a_placement_of_ones_own_is_stored_and_deleted(shop: ShopClient) -> None:
    own: Document = {
        "id": "basket-new", "strategy": "new", "heading": "Just in", "limit": 4, "diversity": 0.5, "rotation": 1,
        "strict": True, "filter": 'product.brand == "Acme"', "exclude_purchased": True,
    }  # fmt: skip
    assert (await shop.api.put("/v1/placements/basket-new", json=own)).json()["result"] == "created"
    read = (await shop.api.get("/v1/placements/basket-new")).json()
    assert {name: read[name] for name in own} == own
    assert read["standard"] is False
    assert await names(shop) == ["basket-new", *STANDARD_NAMES]

    assert (await shop.api.delete("/v1/placements/basket-new")).status_code == 204
    check_problem(await shop.api.get("/v1/placements/basket-new"), 404)
    check_problem(await shop.api.delete("/v1/placements/basket-new"), 404)


async def test_r5_deleting_an_overridden_standard_placement_brings_the_standard_back(shop: ShopClient) -> None:
    mine = {"id": "home-for-you", "strategy": "trending", "heading": "Hot"}
    await shop.api.put("/v1/placements/home-for-you", json=mine)
    read = (await shop.api.get("/v1/placements/home-for-you")).json()
    assert (read["strategy"], read["heading"], read["standard"]) == ("trending", "Hot", False)
    assert await names(shop) == STANDARD_NAMES
    async with shop.service.db.tenant(shop.keys.tenant_id) as conn:
        assert (await read_placements(conn))["home-for-you"].strategy == "trending"

    assert (await shop.api.delete("/v1/placements/home-for-you")).status_code == 204
    read = (await shop.api.get("/v1/placements/home-for-you")).json()
    assert (read["strategy"], read["standard"]) == ("for_you", True)
    async with shop.service.db.tenant(shop.keys.tenant_id) as conn:
        assert await read_placements(conn) == STANDARD
    check_problem(await shop.api.delete("/v1/placements/home-for-you"), 422)


async def test_r5_pages_hold_stored_and_standard_placements_once_and_in_order(shop: ShopClient) -> None:
    own = ["Zebra", "a", "dove", "home-for-you", "home-gifts", "x", "é", "ключ"]
    await shop.push("placements", [{"id": name, "strategy": "popular"} for name in own])
    for limit in (1, 2, 3, 50):
        found, after = list[str](), ""
        while after is not None:
            page = await shop.api.get("/v1/placements", params={"limit": limit} | ({"after": after} if after else {}))
            found += [one["id"] for one in page.json()["items"]]
            after = page.json()["next"]
        assert found == sorted({*own, *STANDARD_NAMES}), limit


@pytest.mark.parametrize("strategy", get_args(Strategy))
async def test_r5_every_strategy_can_be_placed(shop: ShopClient, strategy: str) -> None:
    assert (await shop.api.put("/v1/placements/x", json={"id": "x", "strategy": strategy})).status_code == 200


@pytest.mark.parametrize(("fields", "field"), [
    ({"strategy": "best"}, "strategy"), ({"limit": 0}, "limit"), ({"limit": 51}, "limit"),
    ({"diversity": 1.01}, "diversity"), ({"rotation": -0.1}, "rotation"), ({"filter": "product."}, "filter"),
    ({"filter": "product.nothing == 1"}, "filter"), ({"strict": "yes"}, "strict"), ({"standard": True}, ""),
    ({"heading": "x" * 501}, "heading"), ({"layout": "wall"}, "layout"), ({"fields": ["image", "stock"]}, "fields[1]"),
    ({"fields": []}, "fields"), ({"fields": ["price"]}, ""), ({"fields": ["title", "title"]}, ""),
    ({"headings": {"not a locale": "x"}}, ""), ({"headings": {"en": ""}}, "headings[...]"),
    ({"headings": {"zh-CN": "x", "zh-cn": "y"}}, ""), ({"fallbacks": ["best"]}, "fallbacks[0]"),
    ({"fallbacks": ["new"]}, ""), ({"fallbacks": ["popular", "popular"]}, ""),
])  # fmt: skip
async def test_r5_a_placement_that_cannot_be_is_refused(shop: ShopClient, fields: Document, field: str) -> None:
    answer = await shop.api.put("/v1/placements/x", json={"id": "x", "strategy": "new"} | fields)

    assert check_problem(answer, 422)["errors"][0]["field"] == field
    assert await names(shop) == STANDARD_NAMES


async def test_r5_a_placement_of_one_tenant_is_unknown_to_another(shop: ShopClient, other_shop: ShopClient) -> None:
    for name in ("mine", "home-for-you"):
        await shop.api.put(f"/v1/placements/{name}", json={"id": name, "strategy": "new"})

    check_problem(await other_shop.api.get("/v1/placements/mine"), 404)
    check_problem(await other_shop.api.delete("/v1/placements/mine"), 404)
    assert (await other_shop.api.get("/v1/placements/home-for-you")).json()["standard"] is True
    assert await names(other_shop) == STANDARD_NAMES
