"""Campaigns as a source of products: shown while preorders are open to everybody, and not before or after."""

from datetime import timedelta
from typing import Any

import pytest

from tests.campaigns.merchant import launch
from tests.support.polling import until
from tests.support.shop import Document, ShopClient, product

WIDGET = "preorders"


@pytest.fixture
async def slot(shop: ShopClient) -> ShopClient:
    """A place that shows nothing but campaigns."""
    placement = {"id": WIDGET, "strategy": "campaigns", "heading": "Preorders", "strict": True}
    assert (await shop.api.put(f"/v1/placements/{WIDGET}", json=placement)).status_code == 200
    await shop.stock("other")
    return shop


async def shows(shop: ShopClient, *wanted: str) -> Document:
    """The slot as soon as it holds these."""
    last: list[Document] = []

    async def asked() -> bool:
        last[:] = (await shop.ask(WIDGET)).json()["slots"]
        return [card["id"] for card in last[0]["products"]] == list(wanted)

    await until(asked, seconds=5)
    return last[0]


async def act(shop: ShopClient, path: str, **body: Any) -> None:
    answer = await shop.api.post(f"/v1/campaigns:{path}", json={"id": "c1", **body})
    assert answer.status_code == 200, answer.text


async def test_p1_products_of_open_campaigns_are_a_source_and_the_one_that_ends_first_comes_first(
    slot: ShopClient,
) -> None:
    now = slot.service.clock()
    await launch(slot, "c1")
    await launch(slot, "c2", products=[{"product_id": "p2"}], ends_at=(now + timedelta(days=2)).isoformat())
    shown = await shows(slot, "p2", "p1")
    assert (shown["source"], shown["products"][0]["reason"]["code"]) == ("campaigns", "campaign")


async def test_p1_what_is_sold_out_and_preordered_is_shown_in_the_place_for_campaigns_alone(slot: ShopClient) -> None:
    await launch(slot)
    await slot.push("products", [product("p1", stock_quantity=0)])
    await slot.push("rules", [{"id": "r1", "action": "hide", "products": ["p2"]}])
    await slot.push("products", [product("p2", stock_quantity=0)])
    await launch(slot, "c2", products=[{"product_id": "p2"}])
    await shows(slot, "p1")
    assert await slot.shown("home-popular") == ["other"]


@pytest.mark.parametrize(("strategy", "arm", "shown"), [("campaigns", "new", "other"), ("new", "campaigns", "p1")])
async def test_r8_an_arm_shows_what_is_only_preordered_if_it_is_for_campaigns_itself(
    slot: ShopClient, strategy: str, arm: str, shown: str
) -> None:
    """Whatever its placement is for."""
    await slot.api.put(f"/v1/placements/{WIDGET}", json={"id": WIDGET, "strategy": strategy, "strict": True})
    await launch(slot)
    await slot.push("products", [product("p1", stock_quantity=0)])
    arms = [
        {"id": name, "share": 0.5, "changes": {"strategy": arm, "limit": limit}} for name, limit in (("a", 9), ("b", 8))
    ]
    document = {"id": "trial", "placement": WIDGET, "arms": arms}
    assert (await slot.api.put("/v1/experiments/trial", json=document)).status_code == 200
    assert (await slot.api.post("/v1/experiments:start", json={"id": "trial"})).status_code == 200

    async def as_the_arm_says() -> bool:
        found: Document = (await slot.ask(WIDGET, visitor="visitor-0001")).json()["slots"][0]
        return "exposure" in found and [card["id"] for card in found["products"]] == [shown]

    await until(as_the_arm_says, seconds=5)


async def test_p1_a_paused_campaign_is_gone_within_seconds_and_comes_back(slot: ShopClient) -> None:
    await launch(slot)
    await shows(slot, "p1")
    await act(slot, "transition", to="paused", reason="a fault in the leather")
    await shows(slot)
    await act(slot, "transition", to="open", reason="mended")
    await shows(slot, "p1")
    await act(slot, "transition", to="cancelled", reason="no leather")
    assert (await shows(slot))["why"] == "There is no open campaign."


async def test_p10_a_campaign_opens_and_ends_in_slots_to_the_second_without_any_job(slot: ShopClient) -> None:
    now, clock = slot.service.clock(), slot.service.clock
    starts, early = now + timedelta(hours=2), now + timedelta(hours=1)
    await launch(slot, starts_at=starts.isoformat(), early_from=early.isoformat())
    await launch(slot, "c2", products=[{"product_id": "p2"}])
    await shows(slot, "p2")
    try:
        for ahead, wanted in ((90, ["p2"]), (121, ["p2", "p1"]), (60 * 24 * 8, [])):
            clock.ahead = timedelta(minutes=ahead)
            assert sorted(await slot.shown(WIDGET)) == sorted(wanted)
    finally:
        clock.ahead = timedelta()
