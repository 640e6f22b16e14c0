"""Publishing: the checklist of law and fairness (P1), and no urgency that is not true (P10)."""

from datetime import timedelta
from typing import Any

import pytest

from tenants.campaign_cards import progress_percent
from tests.campaigns.merchant import campaign, join, later, launch, reserve, state, store, tick
from tests.support.problems import check_problem
from tests.support.shop import Document, ShopClient


async def publish(shop: ShopClient, **fields: Any) -> list[str]:
    """The fields that keep it from being published."""
    await shop.stock("p1", variants=[{"id": "red"}])
    await store(shop, campaign(shop, **fields))
    answer = await shop.api.post("/v1/campaigns:publish", json={"id": "c1"})
    if answer.status_code == 200:
        return []
    return [error["field"] for error in check_problem(answer, 422)["errors"]]


async def card(shop: ShopClient, **asked: Any) -> Document:
    """The one that a page gets."""
    answer = await shop.page.post("/public/v1/campaigns", json={"key": shop.keys.publishable.secret, **asked})
    assert answer.status_code == 200, answer.text
    found: list[Document] = answer.json()["campaigns"]
    assert len(found) == 1
    return found[0] | {"now": answer.json()["now"]}


async def test_p1_an_empty_draft_is_told_everything_that_is_missing(shop: ShopClient) -> None:
    await store(shop, {"id": "c1"})

    refused = check_problem(await shop.api.post("/v1/campaigns:publish", json={"id": "c1"}), 422)

    assert [error["field"] for error in refused["errors"]] == [
        "seller.name", "seller.address", "seller.email", "title", "terms", "terms_version",
        "checklist.withdrawal_notice", "cancellation", "starts_at", "ends_at", "ship_until",
        "checklist.total_price_clear", "payment", "products",
    ]  # fmt: skip
    assert await state(shop) == "draft"


@pytest.mark.parametrize(
    ("fields", "missing"),
    [
        ({"seller": {"name": "B", "address": " ", "email": "b@x.example"}}, "seller.address"),
        ({"terms": {"en": "Text", "zh": " "}}, "terms"),
        ({"ship_until": None}, "ship_until"),
        ({"ship_from": "2020-01-01", "ship_until": "2020-02-01"}, "ship_until"),
        ({"cancellation": None}, "cancellation"),
        ({"checklist": {"total_price_clear": False, "withdrawal_notice": {"en": "x"}}}, "checklist.total_price_clear"),
        ({"products": [{"product_id": "p9"}]}, "products[0].product_id"),
        ({"products": [{"product_id": "p1", "variants": ["red", "green"]}]}, "products[0].variants"),
    ],
)
async def test_p1_each_item_of_the_checklist_is_asked_for(shop: ShopClient, fields: Document, missing: str) -> None:
    assert await publish(shop, **fields) == [missing]


async def test_p1_products_in_two_currencies_are_two_campaigns(shop: ShopClient) -> None:
    await shop.stock("p2", currency="USD")

    assert await publish(shop, products=[{"product_id": "p1"}, {"product_id": "p2"}]) == ["products"]


async def test_p10_an_end_that_ends_nothing_is_refused(shop: ShopClient) -> None:
    assert await publish(shop, ends_at=None, caps={}) == ["ends_at"]
    assert await publish(shop, ends_at=None, caps={"total": 5}) == []


async def test_p10_an_end_that_has_passed_is_refused(shop: ShopClient) -> None:
    now = shop.service.clock()
    times = {"starts_at": (now - timedelta(days=2)).isoformat(), "ends_at": (now - timedelta(days=1)).isoformat()}

    assert await publish(shop, **times) == ["ends_at"]


async def test_p10_after_its_end_nobody_joins_whether_or_not_the_worker_came_by(shop: ShopClient) -> None:
    await launch(shop)

    with later(shop, days=7, seconds=1):
        assert (await card(shop, campaigns=["c1"]))["state"] == "closed"
        answer = await shop.page.post("/public/v1/preorders:open", json=wanted(shop))

    assert check_problem(answer, 409)["type"].endswith("/campaign_not_open")


async def test_p10_the_times_come_from_the_server(shop: ShopClient) -> None:
    published = await launch(shop)

    shown = await card(shop, products=["p1"], locale="zh-CN")

    assert (shown["title"], shown["ends_at"], shown["state"]) == ("冬靴", published["ends_at"], "open")
    assert shown["now"].endswith("Z")
    assert not shown["extended"]


async def test_p10_an_end_that_was_put_off_says_so(shop: ShopClient) -> None:
    await launch(shop)
    until = (shop.service.clock() + timedelta(days=20)).isoformat()

    changed = await shop.api.post("/v1/campaigns:dates", json={"id": "c1", "ends_at": until, "reason": "more wool"})

    assert changed.status_code == 200, changed.text
    assert (await card(shop))["extended"]
    with later(shop, days=8):
        await tick(shop)
        assert await state(shop) == "open"


async def test_p10_what_is_left_is_exact_only_if_the_merchant_shows_it(shop: ShopClient) -> None:
    await launch(shop, "shown", show_remaining=True, minimum_units=20)
    await launch(shop, "hidden", minimum_units=20)
    for name in ("shown", "hidden"):
        await join(shop, name, quantity=6)
        await reserve(shop, name, quantity=2)

    open_one, hidden = await card(shop, campaigns=["shown"]), await card(shop, campaigns=["hidden"])

    assert (open_one["remaining"], open_one["progress_percent"]) == (42, 30)
    assert (hidden["remaining"], hidden["progress_percent"]) == (None, 0)
    await join(shop, "hidden", quantity=5)
    assert (await card(shop, campaigns=["hidden"]))["progress_percent"] == 55


async def test_p10_a_sold_out_campaign_is_not_joinable(shop: ShopClient) -> None:
    await launch(
        shop,
        products=[{"product_id": "p1", "variants": ["red", "blue"]}],
        caps={"total": 3, "per_variant": [{"product_id": "p1", "variant_id": "red", "units": 1}]},
    )
    await reserve(shop, variant_id="red")
    sold = {one["variant_id"]: one["sold_out"] for one in (await card(shop))["products"][0]["variants"]}
    assert sold == {"red": True, "blue": False}
    await reserve(shop, variant_id="blue", quantity=2)

    assert not (await card(shop))["joinable"]


async def test_p10_drafts_are_shown_to_nobody(shop: ShopClient) -> None:
    await store(shop, campaign(shop))
    asked = {"key": shop.keys.publishable.secret, "campaigns": ["c1"]}

    assert (await shop.page.post("/public/v1/campaigns", json=asked)).json()["campaigns"] == []
    check_problem(await shop.page.post("/public/v1/preorders:open", json=wanted(shop)), 404)


def test_p10_progress_is_rounded_down_and_tells_of_no_single_shopper() -> None:
    assert [progress_percent(units, 1000, shows_counts=False) for units in (0, 9, 10, 999, 1000, 2000)] == [
        0, 0, 1, 99, 100, 100,
    ]  # fmt: skip
    assert progress_percent(9, 1000, shows_counts=True) == 0
    assert progress_percent(9, 10, shows_counts=True) == 90
    assert progress_percent(0, 0, shows_counts=False) == 100


def wanted(shop: ShopClient) -> Document:
    return {
        "key": shop.keys.publishable.secret, "campaign": "c1", "product": "p1", "quantity": 1, "terms_version": "v1",
        "guest_email": "guest@example.com",
    }  # fmt: skip
