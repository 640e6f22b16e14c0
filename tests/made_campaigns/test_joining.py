"""Joining a campaign for what is made to measure: at the quote's price, under the campaign's caps (P1, P2)."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest

from tests.campaigns.merchant import campaign, caps, held_units, read, reserve, settle, store, wish
from tests.made_campaigns.workshop import CHOSEN, MADE, ask_made, frozen, launch_made, reserve_made
from tests.made_orders.shoemaker import PRICE, ask_page, line, measure_feet, open_workshop, push, quote
from tests.record_book.shoemaker import agree
from tests.support.problems import check_problem
from tests.support.shop import MONDAY, Document, ShopClient

pytestmark = pytest.mark.filterwarnings("ignore:EdDSA is deprecated")
NO_QUOTE = "01a20272-efe9-7d38-a228-1dd03a6d0d4d"


@pytest.fixture
async def workshop(shop: ShopClient) -> AsyncIterator[ShopClient]:
    await launch_made(shop)
    yield shop
    shop.service.clock.ahead = timedelta()


async def stored_rows(shop: ShopClient) -> int:
    """Preorders and frozen copies of them."""
    async with shop.service.db.tenant(shop.keys.tenant_id) as conn:
        rows: int = await conn.fetchval(
            "select (select count(*) from preorders) + (select count(*) from made_preorders)"
        )
    return rows


async def refused(shop: ShopClient, quoted: Document | None, **fields: Any) -> str:
    """The reason; and that nothing was kept."""
    problem = check_problem(await ask_made(shop, quoted, **fields), 422)
    assert (await caps(shop))["total"] == (50, 0)
    assert await stored_rows(shop) == 0
    assert problem["errors"][0]["field"] == "quote_id"
    reason: str = problem["errors"][0]["reason"]
    return reason


async def test_p1_a_made_product_is_joined_at_the_price_of_its_quote(workshop: ShopClient) -> None:
    quoted = await quote(workshop, answers=CHOSEN)
    preorder = await reserve_made(workshop, quoted, quantity=2)

    assert quoted["price_minor"] > PRICE
    assert (preorder["list_price_minor"], preorder["total_minor"]) == (quoted["price_minor"], 2 * quoted["price_minor"])
    assert preorder["quote_id"] == quoted["quote_id"]
    assert await read(workshop, preorder) == preorder
    assert (await caps(workshop))["total"] == (50, 2)


async def test_p2_tiers_apply_to_the_price_of_the_quote(shop: ShopClient) -> None:
    await launch_made(shop, tiers=[{"units": 1, "discount_basis_points": 1000}])
    quoted = await quote(shop, answers=CHOSEN)
    preorder = await reserve_made(shop, quoted, quantity=2)

    price = quoted["price_minor"]
    assert preorder["unit_prices"] == [
        {"units": 1, "price_minor": price - price // 10}, {"units": 1, "price_minor": price},
    ]  # fmt: skip


async def test_p1_without_a_quote_what_is_made_to_order_is_refused_with_a_hint(workshop: ShopClient) -> None:
    problem = check_problem(await ask_made(workshop, None), 422)

    assert problem["type"].endswith("/quote_needed")
    assert "/v1/quotes" in problem["hint"]
    assert problem["errors"][0]["field"] == "quote_id"


async def test_p1_what_is_not_made_to_order_takes_no_quote(workshop: ShopClient) -> None:
    assert "not made to order" in await refused(workshop, await quote(workshop), product_id="mug")
    assert (await reserve(workshop, product_id="mug"))["quote_id"] is None


async def test_p1_a_quote_is_its_shoppers_alone_and_nobody_learns_that_there_is_one(workshop: ShopClient) -> None:
    await workshop.push("shoppers", [{"id": "other"}])
    quoted = await quote(workshop)

    reasons = {
        await refused(workshop, quoted, shopper_id="other"), await refused(workshop, quoted, guest_email="g@x.example"),
        await refused(workshop, {"quote_id": NO_QUOTE}),
    }  # fmt: skip
    assert reasons == {"is no quote of this shopper's"}


async def test_p1_a_quote_is_for_its_product_and_region_and_in_time(workshop: ShopClient) -> None:
    belt = await quote(workshop, product_id="belt")
    assert "for the product 'belt'" in await refused(workshop, belt)
    german = await quote(workshop, region="DE")
    assert "for the region DE" in await refused(workshop, german, region="FR")

    old = await quote(workshop)
    await workshop.api.post("/v1/campaigns:dates", json={
        "id": "c1", "reason": "longer", "ends_at": (workshop.service.clock() + timedelta(days=28)).isoformat(),
    })  # fmt: skip
    workshop.service.clock.ahead = timedelta(days=15)
    assert "had expired" in await refused(workshop, old)


async def test_p1_a_quote_in_another_currency_than_the_product_has_now_is_refused(workshop: ShopClient) -> None:
    quoted = await quote(workshop)
    await workshop.stock("oxford", price_minor=PRICE, currency="USD")

    assert "sells in USD now" in await refused(workshop, quoted)


async def test_p1_a_quote_that_was_ordered_is_used_up_and_so_is_one_that_was_preordered(workshop: ShopClient) -> None:
    ordered, preordered = await quote(workshop), await quote(workshop)
    assert (await push(workshop, "o1", line(ordered))).status_code == 200
    assert "was used before" in await refused(workshop, ordered)
    await reserve_made(workshop, preordered)

    again = check_problem(await ask_made(workshop, preordered), 422)
    assert again["type"].endswith("/quote_refused")
    late = check_problem(await push(workshop, "o2", line(preordered)), 422)
    assert "one preorder" in late["errors"][0]["reason"]


async def test_p1_measures_that_are_gone_or_no_longer_allowed_are_not_preordered(workshop: ShopClient) -> None:
    quoted = await quote(workshop)
    await agree(workshop, "mei", granted=False, at=MONDAY + timedelta(days=1))
    problem = check_problem(await ask_made(workshop, quoted), 409)
    assert problem["type"].endswith("/measurements_not_allowed")
    await agree(workshop, "mei", at=MONDAY + timedelta(days=2))
    await workshop.api.delete("/v1/measurement-profiles/feet")
    await measure_feet(workshop, 2700, 2710)

    assert "no longer on record" in await refused(workshop, quoted)


async def test_p2_many_at_once_on_one_quote_are_one_preorder(workshop: ShopClient) -> None:
    quoted = await quote(workshop)
    answers = await asyncio.gather(*(ask_made(workshop, quoted) for _ in range(12)))

    assert sorted(one.status_code for one in answers) == [201, *[422] * 11]
    assert (await caps(workshop))["total"] == (50, 1)


async def test_p2_many_quotes_at_once_never_oversell_the_cap(shop: ShopClient) -> None:
    await launch_made(shop, caps={"total": 5})
    quotes = [await quote(shop) for _ in range(12)]
    answers = await asyncio.gather(*(ask_made(shop, one) for one in quotes))

    assert sorted(one.status_code for one in answers) == [*[201] * 5, *[409] * 7]
    assert await held_units(shop) == 5
    assert await stored_rows(shop) == 10


async def test_p1_only_the_number_of_what_is_made_to_order_changes(workshop: ShopClient) -> None:
    preorder = await reserve_made(workshop)
    await workshop.stock("oxford", price_minor=PRICE * 3)
    before = await frozen(workshop, preorder)

    changed = await change(workshop, preorder, quantity=3)
    assert changed["total_minor"] == 3 * preorder["list_price_minor"]
    assert await frozen(workshop, preorder) == before | {"quantity": 3}
    refusal = await workshop.page.post("/public/v1/preorders:change", json=own(workshop, preorder, variant="red"))
    assert check_problem(refusal, 422)["errors"][0]["field"] == "variant_id"


async def test_p1_a_made_preorder_is_cancelled_by_the_campaigns_terms(workshop: ShopClient) -> None:
    preorder = await reserve_made(workshop)
    await settle(workshop, preorder, "paid", preorder["total_minor"])

    cancelled = await workshop.page.post("/public/v1/preorders:cancel", json=own(workshop, preorder))

    assert cancelled.json()["preorder"]["fulfilment"] == "cancelled"
    assert (await read(workshop, preorder))["owed_back_minor"] == preorder["total_minor"]
    assert (await caps(workshop))["total"] == (50, 0)


async def test_p1_a_shopper_joins_from_a_page_with_the_quote_of_the_page(workshop: ShopClient) -> None:
    quoted = (await ask_page(workshop, product="oxford", answers=CHOSEN)).json()
    body = {"campaign": "c1", "product": "oxford", "quantity": 1, "terms_version": "v1", "quote": quoted["quote_id"]}
    for who in ({"shopper": None, "guest_email": "g@x.example"}, {"shopper": "other"}):
        stolen = check_problem(await ask_page(workshop, "preorders:open", **who, **body), 422)
        assert stolen["errors"][0] == {"field": "quote_id", "reason": "is no quote of this shopper's"}
    opened = await ask_page(workshop, "preorders:open", **body)

    assert (opened.status_code, opened.json()["total_minor"]) == (201, quoted["price_minor"])
    [mine] = (await ask_page(workshop, "preorders:status")).json()["preorders"]
    assert {one["label"]: one["value"] for one in mine["summary"]}["Initials"] == "ML"
    assert mine["withdrawal_notice"] == quoted["withdrawal"]["notice"] != ""
    page = await workshop.page.get("/p/v1/preorder/" + opened.json()["url"].rpartition("/")[2])
    assert "Rubber" in page.text


async def test_p1_a_guest_joins_with_what_is_made_without_measures(workshop: ShopClient) -> None:
    belt = (await ask_page(workshop, shopper=None, product="belt", answers={"engraving": "MEI"})).json()
    preorder = await reserve_made(workshop, belt, product_id="belt", guest_email="g@x.example")

    made = await frozen(workshop, preorder)
    assert (made["shopper_id"], made["answers"]["engraving"], made["measurements"]) == (None, "MEI", [])


async def test_p1_the_card_says_what_is_made_to_order(workshop: ShopClient) -> None:
    [card] = (await ask_page(workshop, "campaigns", None, campaigns=["c1"])).json()["campaigns"]

    assert [(one["product_id"], one["made"]) for one in card["products"]] == [
        ("oxford", True), ("belt", True), ("mug", False),
    ]  # fmt: skip


async def test_p1_a_campaign_for_made_products_is_published_only_with_their_options(shop: ShopClient) -> None:
    await open_workshop(shop)
    await store(shop, campaign(shop, products=[{"product_id": "mug", "made": True}]))
    problem = check_problem(await shop.api.post("/v1/campaigns:publish", json={"id": "c1"}), 422)
    assert [one["field"] for one in problem["errors"]] == ["products[0].made"]

    for more in ({"variants": ["red"]}, {"unit_price_minor": 1}):
        both = campaign(shop, products=[{**MADE[0], **more}])
        check_problem(await shop.api.put("/v1/campaigns/c1", json=both), 422)


async def test_p1_a_campaign_of_before_there_were_made_ones_is_still_the_same(shop: ShopClient) -> None:
    """What it was published with has no such field."""
    await open_workshop(shop)
    document = campaign(shop, products=[{"product_id": "mug"}])
    await store(shop, document)
    async with shop.service.db.tenant(shop.keys.tenant_id) as conn:
        [kept] = await conn.fetchval("select document -> 'products' from campaigns")

    assert "made" not in kept


async def change(shop: ShopClient, preorder: Document, **fields: Any) -> Document:
    answer = await shop.page.post("/public/v1/preorders:change", json=own(shop, preorder, **fields))
    assert answer.status_code == 200, answer.text
    found: Document = answer.json()["preorder"]
    return found


def own(shop: ShopClient, preorder: Document, **fields: Any) -> Document:
    """By mei's token."""
    key, token = shop.keys.publishable.secret, shop.token("mei")
    return {"key": key, "token": token, "preorder": preorder["preorder_id"]} | fields


async def test_p1_an_idempotent_reservation_of_a_quote_is_made_once(workshop: ShopClient) -> None:
    body = wish(product_id="oxford", shopper_id="mei", quote_id=(await quote(workshop))["quote_id"])
    answers = [
        await workshop.api.post("/v1/preorders", json=body, headers={"Idempotency-Key": "same"}) for _ in range(2)
    ]

    assert [one.status_code for one in answers] == [201, 201]
    assert answers[0].content == answers[1].content
