"""The catalogue (B3): every field is stored, and only what can be bought now is ever shown."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.support.polling import until
from tests.support.shop import Document, ShopClient, product

SLOTS: list[Document] = [
    {"name": "home-for-you"},
    {"name": "home-popular"},
    {"name": "cart-for-you"},
    {"name": "product-similar", "product": "good"},
]
NOW = datetime.now(UTC).replace(microsecond=0)
YEAR = timedelta(days=365)
AWAY: dict[str, Document] = {
    "hidden": {"status": "hidden"},
    "archived": {"status": "archived"},
    "out of stock": {"stock_quantity": 0},
    "not yet there": {"available_from": (NOW + YEAR).isoformat()},
    "no longer there": {"available_until": (NOW - YEAR).isoformat()},
    "for some shoppers only": {"restricted_to_segments": ["vip"]},
    "out of stock in every size": {"variants": [{"id": "s", "stock_quantity": 0}, {"id": "m", "stock_quantity": 0}]},
}


@contextmanager
def later(shop: ShopClient, by: timedelta) -> Iterator[None]:
    """The service's clock runs ahead for a while."""
    shop.service.clock.ahead = by
    try:
        yield
    finally:
        shop.service.clock.ahead = timedelta()


async def shown_anywhere(shop: ShopClient, **who: Any) -> set[str]:
    """Ids in any slot, each slot asked by itself so that none takes from another."""
    return {name for slot in SLOTS for name in await shop.shown(slot, **who)}


async def wait_until_shown(shop: ShopClient, *product_ids: str) -> None:
    """Within the five seconds that a change may take to reach serving."""

    async def reached() -> bool:
        return await shown_anywhere(shop) - {"good"} == set(product_ids)

    await until(reached, seconds=5)


@pytest.mark.parametrize("change", AWAY.values(), ids=AWAY)
async def test_b3_what_cannot_be_bought_is_in_no_slot_until_it_can(shop: ShopClient, change: Document) -> None:
    await shop.stock("good", "other")
    await wait_until_shown(shop, "other")

    await shop.stock("other", **change)
    await wait_until_shown(shop)

    await shop.stock("other")
    await wait_until_shown(shop, "other")


async def test_b3_a_deleted_product_is_in_no_slot_until_it_is_back(shop: ShopClient) -> None:
    await shop.stock("good", "other")
    await wait_until_shown(shop, "other")
    assert (await shop.api.delete("/v1/products/other")).status_code == 204
    await wait_until_shown(shop)

    await shop.stock("other")
    await wait_until_shown(shop, "other")


async def test_b3_what_the_model_knows_is_not_shown_when_it_cannot_be_bought(shop: ShopClient) -> None:
    """The model was trained on all of them; the rules hold when a slot is filled."""
    away = [f"away-{number}" for number in range(len(AWAY))]
    await shop.stock("good", "deleted", *away)
    await shop.sell({f"s{n}": ["good", "deleted", *away] for n in range(6)})
    assert (await shop.train()).status == "active"
    assert away[0] in await shop.shown(shopper="s1")

    for product_id, change in zip(away, AWAY.values(), strict=True):
        await shop.stock(product_id, **change)
    await shop.api.delete("/v1/products/deleted")

    await wait_until_shown(shop)
    assert await shown_anywhere(shop, shopper="s1") == {"good"}
    assert await shop.shown(SLOTS[3], shopper="s1") == []


async def test_b3_a_product_comes_and_goes_at_its_times(shop: ShopClient) -> None:
    day = timedelta(days=1)
    await shop.stock("good")
    await shop.stock("other", available_from=(NOW + day).isoformat(), available_until=(NOW + 3 * day).isoformat())

    assert await shop.shown() == ["good"]
    with later(shop, 2 * day):
        assert sorted(await shop.shown()) == ["good", "other"]
    with later(shop, 4 * day):
        assert await shop.shown() == ["good"]


async def test_b3_the_sale_price_is_shown_at_its_times(shop: ShopClient) -> None:
    day = timedelta(days=1)
    sale = {"sale_from": (NOW + day).isoformat(), "sale_until": (NOW + 3 * day).isoformat()}
    await shop.stock("p1", price_minor=500, sale_price_minor=400, **sale)

    async def prices() -> tuple[int, int | None]:
        card = (await shop.ask("home-popular")).json()["slots"][0]["products"][0]
        return card["price_minor"], card["sale_price_minor"]

    assert await prices() == (500, None)
    with later(shop, 2 * day):
        assert await prices() == (500, 400)
    with later(shop, 4 * day):
        assert await prices() == (500, None)


async def test_b3_a_sale_price_without_times_counts_at_once(shop: ShopClient) -> None:
    await shop.stock("p1", price_minor=500, sale_price_minor=400)

    card = (await shop.ask("home-popular")).json()["slots"][0]["products"][0]
    assert card["sale_price_minor"] == 400


async def test_b3_changed_words_and_prices_reach_the_cards(shop: ShopClient) -> None:
    await shop.stock("p1", title="Old", price_minor=500)
    assert (await shop.ask("home-popular")).json()["slots"][0]["products"][0]["title"] == "Old"
    await shop.stock("p1", title="New </script>\u2028", price_minor=501, brand="B", image_urls=[], currency="USD")

    async def changed() -> bool:
        card: Document = (await shop.ask("home-popular")).json()["slots"][0]["products"][0]
        assert card.pop("token")
        return card == {
            "id": "p1",
            "title": "New </script>\u2028",
            "url": "https://shop.example/p/p1",
            "image": None,
            "brand": "B",
            "price_minor": 501,
            "sale_price_minor": None,
            "currency": "USD",
            "reason": {"code": "new", "text": "New in the shop"},
        }

    await until(changed, seconds=5)


async def test_b3_every_field_comes_back_as_it_was_stored(shop: ShopClient) -> None:
    full = product(
        "p1",
        title="Boot “Ä”",
        description="Long\nand\twide",
        price_minor=19900,
        sale_price_minor=14900,
        sale_from="2026-01-01T00:00:00Z",
        sale_until="2026-12-31T23:59:59.999999Z",
        brand="Last",
        categories=["Shoes", "Shoes > Boots"],
        attributes={"colour": "red", "weight_g": 812.5, "count": 3, "vegan": True, "none": None, "long": 10**15},
        variants=[
            {
                "id": "p1-42",
                "title": "42",
                "attributes": {"size": 42},
                "price_minor": 20000,
                "sale_price_minor": 1,
                "stock_quantity": 0,
                "image_url": "https://shop.example/42.jpg",
            }
        ],
        status="hidden",
        stock_quantity=10**12,
        available_from="2026-01-01T00:00:00Z",
        available_until="2199-01-01T00:00:00Z",
        pack_size=6,
        minimum_order_quantity=12,
        restricted_to_segments=["vip", "staff"],
        tax_class="reduced",
    )
    assert (await shop.api.put("/v1/products/p1", json=full)).status_code == 200

    stored = (await shop.api.get("/v1/products/p1")).json()
    assert {name: stored[name] for name in full} == full
    assert {*stored} - {*full} == {"created_at", "updated_at"}
    assert (await shop.api.put("/v1/products/p1", json=full)).json()["result"] == "unchanged"


async def test_b3_an_offset_in_a_time_is_the_same_moment(shop: ShopClient) -> None:
    await shop.stock("p1", available_from="2026-01-01T02:00:00+02:00")

    stored = (await shop.api.get("/v1/products/p1")).json()
    assert stored["available_from"] == "2026-01-01T00:00:00Z"
