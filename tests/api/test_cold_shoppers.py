"""Cold shoppers through the front door: known by an attribute, not by a purchase."""

import json
from collections.abc import AsyncIterator

import pytest

from recommender.registry import find_active_version, load_model
from tests.privacy.people import decide, erase, export, source, store
from tests.profile.merchant import define, tell
from tests.support.polling import until
from tests.support.service import Service
from tests.support.shop import ShopClient, open_test_shop

BEER, TEA = [f"beer-{n}" for n in range(8)], [f"tea-{n}" for n in range(8)]


@pytest.fixture(scope="module")
async def trained(service: Service) -> AsyncIterator[ShopClient]:
    """Two kinds of household that bought, some that did not, and a kind that is too small. Tests only ask."""
    shop = await open_test_shop(service)
    async with shop.api, shop.page:
        await open_households(shop)
        await tell(shop, "quiet", taste="tea")
        await decide(shop, "quiet", granted=False)
        for n in range(9):
            await tell(shop, f"few-{n}", taste="few")
        await tell(shop, "few-cold", taste="few")
        await shop.sell({f"few-{n}": TEA[:2] for n in range(9)})
        assert (await shop.train()).status == "active"
        yield shop


async def open_households(shop: ShopClient) -> None:
    """Twelve who buy beer, twelve who buy tea, and one of each who buys nothing yet."""
    await shop.stock(*BEER, *TEA)
    await define(shop, "taste", "text")
    for n in range(12):
        await tell(shop, f"beer-{n}", taste="beer")
        await tell(shop, f"tea-{n}", taste="tea")
    await tell(shop, "cold-beer", taste="beer")
    await tell(shop, "cold-tea", taste="tea")
    await shop.sell({f"beer-{n}": BEER[n % 4 :] for n in range(12)} | {f"tea-{n}": TEA[n % 4 :] for n in range(12)})


async def test_r4_a_cold_shopper_sees_what_shoppers_alike_buy(trained: ShopClient) -> None:
    answer = (await trained.ask("home-for-you", shopper="cold-tea")).json()["slots"][0]
    assert answer["source"] == "segment"
    assert {card["id"].split("-")[0] for card in answer["products"][:6]} == {"tea"}
    assert answer["products"][0]["reason"]["code"] == "liked_by_similar_shoppers"


async def test_r4_another_value_of_the_attribute_shows_other_products(trained: ShopClient) -> None:
    beer, tea = [await trained.shown(shopper=one) for one in ("cold-beer", "cold-tea")]
    assert {one.split("-")[0] for one in beer[:6]} == {"beer"}
    assert not set(beer[:6]) & set(tea[:6])


@pytest.mark.parametrize("shopper", ["quiet", "few-cold", "nobody"])
async def test_r4_without_consent_a_large_segment_or_an_attribute_it_is_what_sells(
    trained: ShopClient, shopper: str
) -> None:
    assert await source(trained, shopper=shopper) == "popular"


async def test_r4_a_page_that_asks_for_nothing_personal_has_no_segment(trained: ShopClient) -> None:
    assert await source(trained, shopper="cold-tea", personalised=False) == "popular"


async def test_r4_an_archive_says_whose_list_a_cold_shopper_gets(trained: ShopClient) -> None:
    learned = json.loads((await export(trained, "cold-tea")).read("shopper.json"))["learned"]["cold-tea"]
    assert set(learned) == {"model_version", "segment", "segment_popular"}
    assert learned["segment"] == "taste=tea"
    assert learned["segment_popular"][0].startswith("tea-")


async def test_r4_an_objection_and_an_erasure_end_it_at_once_and_in_the_next_model(shop: ShopClient) -> None:
    await open_households(shop)
    assert (await shop.train()).status == "active"
    assert [await source(shop, shopper=one) for one in ("cold-beer", "cold-tea")] == ["segment", "segment"]
    await decide(shop, "cold-beer", granted=False)
    await erase(shop, shopper_id="cold-tea")

    async def forgotten() -> bool:
        return [await source(shop, shopper=one) for one in ("cold-beer", "cold-tea")] == ["popular", "popular"]

    await until(forgotten, seconds=5)
    assert await cold_shoppers(shop) == ["cold-beer", "cold-tea"]
    assert (await shop.train()).status == "active"
    assert await cold_shoppers(shop) == []


async def cold_shoppers(shop: ShopClient) -> list[str]:
    """Those that the active model knows."""
    async with shop.service.db.tenant(shop.keys.tenant_id) as conn:
        version = await find_active_version(conn)
    assert version is not None
    return list((await load_model(store(shop), shop.keys.tenant_id, version)).cold_shoppers)
