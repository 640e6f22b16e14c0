"""Limited collections where they count: inside window and audience in the widget, outside either absent."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

import pytest

from tests.collections.shelf import BOOTS, LANTERNS, WIDGET, at, becomes, everywhere, open_shelf, put, shows_all
from tests.profile.merchant import define
from tests.support.polling import until
from tests.support.shop import MONDAY, ShopClient

pytestmark = pytest.mark.filterwarnings("ignore:EdDSA is deprecated")


@pytest.fixture
async def shelf(shop: ShopClient) -> ShopClient:
    await open_shelf(shop)
    for name, strategy in (("every-new", "new"), ("every-seen", "recently_viewed")):
        assert (await shop.api.put(f"/v1/placements/{name}", json={"id": name, "strategy": strategy})).is_success
    await shop.push("shoppers", [{"id": "mei"}, {"id": "lan"}])
    return shop


@asynccontextmanager
async def later(shop: ShopClient, **ahead: float) -> AsyncIterator[None]:
    """The clock so far ahead, for all who look at it."""
    shop.service.clock.ahead += timedelta(**ahead)
    try:
        yield
    finally:
        shop.service.clock.ahead -= timedelta(**ahead)


async def test_c9_inside_the_window_it_is_in_the_widget_and_outside_it_is_absent(shelf: ShopClient) -> None:
    await put(shelf, "lanterns", starts_at=at(shelf, minutes=5), ends_at=at(shelf, minutes=65))
    answer = await shelf.ask(WIDGET)
    assert answer.json()["slots"][0]["why"] == "No limited collection is open to this shopper."
    async with later(shelf, minutes=6):
        await shows_all(shelf)
        slot = (await shelf.ask(WIDGET)).json()["slots"][0]
        assert ([card["id"] for card in slot["products"]], slot["source"]) == (LANTERNS, "collections")
        assert slot["products"][0]["reason"] == {"code": "collection", "text": "In a limited collection"}
    async with later(shelf, minutes=64):
        assert await shelf.shown(WIDGET) == LANTERNS
    async with later(shelf, minutes=66):
        assert await shelf.shown(WIDGET) == []
    assert await shelf.shown(WIDGET) == []


async def test_c9_a_changed_or_deleted_collection_is_noticed_within_seconds(shelf: ShopClient) -> None:
    await put(shelf, "lanterns")
    await shows_all(shelf)
    await put(shelf, "lanterns", products=LANTERNS[:1])
    await becomes(shelf, lambda ids: ids == LANTERNS[:1])
    await shelf.api.delete("/v1/collections/lanterns")
    await becomes(shelf, lambda ids: ids == [])


async def test_c9_the_one_that_ends_first_comes_first(shelf: ShopClient) -> None:
    await put(shelf, "boots", products=BOOTS, ends_at=at(shelf, days=2))
    await put(shelf, "lanterns", ends_at=at(shelf, days=1))
    await becomes(shelf, lambda ids: ids == [*LANTERNS, *BOOTS])


async def test_c9_a_list_of_shoppers_is_open_to_those_alone(shelf: ShopClient) -> None:
    await put(shelf, "lanterns", audience={"kind": "shoppers", "shoppers": ["mei"]})
    await shows_all(shelf, shopper="mei")
    for who in ({}, {"shopper": "lan"}, {"shopper": "nobody"}, {"shopper": "mei", "personalised": False}):
        assert await shelf.shown(WIDGET, **who) == [], who
    assert await shelf.shown(WIDGET, shopper="mei") == LANTERNS
    told = await shelf.api.post("/v1/recommendations", json={"shopper_id": "mei", "slots": [{"name": WIDGET}]})
    assert [card["id"] for card in told.json()["slots"][0]["products"]] == LANTERNS

    await put(shelf, "lanterns", audience={"kind": "shoppers", "shoppers": ["lan"]})
    assert await shelf.shown(WIDGET, shopper="mei") == []
    assert await shelf.shown(WIDGET, shopper="lan") == LANTERNS


async def test_c9_attributes_decide_as_they_are_now(shelf: ShopClient) -> None:
    await define(shelf, "tier", "text")
    await define(shelf, "orders", "integer")
    filters = [
        {"attribute": "tier", "operator": "in", "value": ["gold", "silver"]},
        {"attribute": "orders", "operator": ">=", "value": 3},
    ]
    await put(shelf, "lanterns", audience={"kind": "attributes", "attributes": filters})
    await put(shelf, "boots", products=BOOTS, audience={"kind": "attributes", "attributes": filters[1:]})
    await shelf.push("shoppers", [{"id": "mei", "attributes": {"tier": "gold", "orders": 3}}])
    await becomes(shelf, lambda ids: {*ids} == {*LANTERNS, *BOOTS}, shopper="mei")
    assert await shelf.shown(WIDGET, shopper="lan") == []

    await shelf.push("shoppers", [{"id": "mei", "attributes": {"tier": "tin", "orders": 4}}])
    assert await shelf.shown(WIDGET, shopper="mei") == BOOTS
    await shelf.api.delete("/v1/attributes/orders")
    assert await shelf.shown(WIDGET, shopper="mei") == []


async def test_c9_who_does_not_want_to_be_recognised_is_held_by_no_personal_audience(shelf: ShopClient) -> None:
    await put(shelf, "lanterns", audience={"kind": "shoppers", "shoppers": ["mei"]})
    await shows_all(shelf, shopper="mei")
    no = {"purpose": "personalisation", "granted": False, "at": MONDAY.isoformat(), "source": "account"}
    assert (await shelf.api.put("/v1/consents/mei", json=no)).status_code == 200
    await becomes(shelf, lambda ids: ids == [], shopper="mei")


async def test_c9_a_merged_shopper_keeps_what_either_was_named_for(shelf: ShopClient) -> None:
    await put(shelf, "lanterns", audience={"kind": "shoppers", "shoppers": ["lan"]})
    await shows_all(shelf, shopper="lan")
    merged = (await shelf.api.post("/v1/merges", json={"keep": "mei", "absorb": "lan"})).json()["merge_id"]
    for shopper in ("mei", "lan"):
        assert await shelf.shown(WIDGET, shopper=shopper) == LANTERNS
    await shelf.api.post(f"/v1/merges/{merged}/undo")
    assert await shelf.shown(WIDGET, shopper="mei") == []


async def test_c9_exclusive_products_are_absent_everywhere_outside_window_and_audience(shelf: ShopClient) -> None:
    await shelf.sell({f"s{n}": [*LANTERNS, *BOOTS] for n in range(8)} | {"mei": ["boots-1"]})
    await shelf.train()
    assert {*LANTERNS} <= await everywhere(shelf)
    await put(
        shelf, "lanterns", exclusive=True, audience={"kind": "shoppers", "shoppers": ["mei"]},
        starts_at=at(shelf, minutes=5), ends_at=at(shelf, minutes=65),
    )  # fmt: skip
    await becomes(shelf, lambda ids: not {*LANTERNS} & {*ids}, "home-popular")
    for shopper in (None, "mei", "lan"):
        assert not {*LANTERNS} & await everywhere(shelf, shopper=shopper)
    async with later(shelf, minutes=6):
        assert {*LANTERNS} <= await everywhere(shelf, shopper="mei")
        assert not {*LANTERNS} & await everywhere(shelf, shopper="lan")
        assert not {*LANTERNS} & await everywhere(shelf)
        assert {*LANTERNS} <= await everywhere(shelf, shopper="mei")
    async with later(shelf, minutes=66):
        assert not {*LANTERNS} & await everywhere(shelf, shopper="mei")
    await shelf.api.delete("/v1/collections/lanterns")
    await becomes(shelf, lambda ids: {*LANTERNS} <= {*ids}, "home-popular")


async def test_c9_a_pin_does_not_bring_an_exclusive_product_back(shelf: ShopClient) -> None:
    await put(shelf, "lanterns", exclusive=True, audience={"kind": "shoppers", "shoppers": ["mei"]})
    rule = {"id": "pin", "action": "pin", "products": [LANTERNS[0]]}
    assert (await shelf.api.put("/v1/rules/pin", json=rule)).status_code == 200
    await becomes(shelf, lambda ids: ids[:1] == LANTERNS[:1], "home-popular", shopper="mei")
    assert not {*LANTERNS} & {*await shelf.shown("home-popular")}


async def test_c9_of_two_exclusive_collections_the_open_one_counts(shelf: ShopClient) -> None:
    await put(shelf, "past", products=LANTERNS, exclusive=True, ends_at=at(shelf, days=-1))
    await put(shelf, "now", products=LANTERNS[:1], exclusive=True)
    await becomes(shelf, lambda ids: {*ids} == {*BOOTS, LANTERNS[0]}, "home-popular")
    assert await shelf.shown(WIDGET) == LANTERNS[:1]


async def test_c9_a_product_that_comes_after_its_exclusive_collection_is_never_seen(shelf: ShopClient) -> None:
    await put(shelf, "moon", products=["moon-cake"], exclusive=True, starts_at=at(shelf, days=1))
    await shelf.stock("moon-cake", "seen-when-loaded")
    await becomes(shelf, lambda ids: "seen-when-loaded" in ids, "every-new")
    assert "moon-cake" not in await everywhere(shelf)


async def test_c9_no_reason_names_a_product_that_is_closed_to_the_shopper(shelf: ShopClient) -> None:
    await put(shelf, "lanterns", exclusive=True, audience={"kind": "shoppers", "shoppers": ["mei"]})
    await shows_all(shelf, shopper="mei")
    slot = {"name": "product-similar", "product": LANTERNS[0]}
    assert "lantern" in (await shelf.ask(slot, shopper="mei")).text
    assert "lantern" not in (await shelf.ask(slot, shopper="lan")).text
    visitor = "visitor-of-lanterns"
    viewed = {"id": "view-of-a-lantern", "type": "view", "product": LANTERNS[0]}
    body = {"key": shelf.keys.publishable.secret, "visitor": visitor, "events": [viewed]}
    assert (await shelf.page.post("/public/v1/events", json=body)).status_code == 202
    assert "lantern" not in (await shelf.ask("home-for-you", visitor=visitor)).text


async def test_c9_the_explanation_says_that_a_collection_is_closed(shelf: ShopClient) -> None:
    await put(shelf, "lanterns", exclusive=True, audience={"kind": "shoppers", "shoppers": ["mei"]})
    await shows_all(shelf, shopper="mei")
    asked = {"shopper_id": "lan", "slot": {"name": "home-popular"}, "products": [LANTERNS[0]]}
    found = (await shelf.api.post("/v1/recommendations:explain", json=asked)).json()["items"][0]
    assert "closed_collection" in [one["code"] for one in found["obstacles"]]
    mine = (await shelf.api.post("/v1/recommendations:explain", json=asked | {"shopper_id": "mei"})).json()["items"][0]
    assert mine["position"] is not None


async def test_c9_a_look_ahead_sees_what_will_be_open_then_and_changes_nothing_now(shelf: ShopClient) -> None:
    await put(shelf, "lanterns", starts_at=at(shelf, days=1), ends_at=at(shelf, days=2), exclusive=True)
    await becomes(shelf, lambda ids: {*ids} == {*BOOTS}, "home-popular")
    asked = {"slots": [{"name": WIDGET}], "at": at(shelf, days=1, hours=1)}
    then = (await shelf.api.post("/v1/recommendations", json=asked)).json()["slots"][0]["products"]
    assert [card["id"] for card in then] == LANTERNS
    assert await shelf.shown(WIDGET) == []


async def test_c9_a_collection_of_one_tenant_opens_in_no_other(shop: ShopClient, other_shop: ShopClient) -> None:
    for one in (shop, other_shop):
        await open_shelf(one)
        await one.push("shoppers", [{"id": "mei"}])
    await put(shop, "lanterns", exclusive=True, audience={"kind": "shoppers", "shoppers": ["mei"]})
    await shows_all(shop, shopper="mei")
    assert await other_shop.shown(WIDGET, shopper="mei") == []
    assert {*LANTERNS} <= {*await other_shop.shown("home-popular")}

    async def hidden() -> bool:
        return not {*LANTERNS} & {*await shop.shown("home-popular")}

    await until(hidden, seconds=5)


async def test_c9_a_page_is_told_no_size_of_a_product_that_is_closed_to_it(shelf: ShopClient) -> None:
    ranges = [{"key": "foot_length", "min": 250, "max": 260}]
    chart = {"id": "c", "unit": "mm", "products": LANTERNS, "rows": [{"size": "one", "ranges": ranges}]}
    assert (await shelf.api.put("/v1/size-charts/c", json=chart)).status_code == 200
    await put(shelf, "lanterns", exclusive=True, audience={"kind": "shoppers", "shoppers": ["mei"]})
    await shows_all(shelf, shopper="mei")
    measurements = [{"key": "foot_length", "value": 255, "unit": "mm"}]
    asked = {"key": shelf.keys.publishable.secret, "product": LANTERNS[0], "measurements": measurements}
    sizes = [
        (await shelf.page.post("/public/v1/size-advice", json=asked | who)).json()["size"]
        for who in ({}, {"token": shelf.token("lan")}, {"token": shelf.token("mei")})
    ]
    assert sizes == [None, None, "one"]
