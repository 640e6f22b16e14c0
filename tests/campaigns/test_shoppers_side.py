"""The shopper's side of a preorder: join, come back by token or link, change, cancel (P2, P4), and who may not."""

import asyncio
from datetime import timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import httpx2
import pytest

from tenants.preorder_states import move_preorder
from tests.campaigns.merchant import ask, caps, join, later, launch, look, pay, read, reserve, settle, tick, transition
from tests.support.problems import check_problem
from tests.support.shop import Document, ShopClient

pytestmark = pytest.mark.filterwarnings("ignore:EdDSA is deprecated")
BOTH = [{"product_id": "p1", "variants": ["red", "blue"]}]
SAVED = {"mode": "card_saved", "charge_within_days": 5}


async def post(shop: ShopClient, act: str, **body: Any) -> httpx2.Response:
    return await shop.page.post(f"/public/v1/preorders:{act}", json={"key": shop.keys.publishable.secret, **body})


async def open_page(shop: ShopClient, **fields: Any) -> tuple[Document, str]:
    """A guest's reservation through the page, and the secret of its link."""
    who = {} if "token" in fields else {"guest_email": "guest@example.com"}
    wanted = {"campaign": "c1", "product": "p1", "quantity": 1, "terms_version": "v1"}
    answer = await post(shop, "open", **(who | wanted | fields))
    assert answer.status_code == 201, answer.text
    return answer.json(), answer.json()["url"].rpartition("/")[2]


async def test_p2_a_guest_comes_back_by_the_link(shop: ShopClient) -> None:
    await launch(shop)

    preorder, link = await open_page(shop, quantity=2, locale="zh")

    (found,) = (await post(shop, "status", link=link)).json()["preorders"]
    assert found["preorder_id"] == preorder["preorder_id"]
    assert (found["total_minor"], found["terms"], found["campaign_title"]) == (2000, "您会收到靴子。", "冬靴")
    assert found["may_cancel"]


async def test_p2_a_shopper_comes_back_by_token_and_sees_their_own_only(shop: ShopClient) -> None:
    await launch(shop)
    mine, _ = await open_page(shop, token=shop.token("ann"))
    theirs, _ = await open_page(shop, token=shop.token("bea"))

    found = (await post(shop, "status", token=shop.token("ann"))).json()["preorders"]

    assert [one["preorder_id"] for one in found] == [mine["preorder_id"]]
    assert (await post(shop, "status", token=shop.token("nobody"))).json() == {"preorders": []}
    for act in ("cancel", "change"):
        check_problem(await post(shop, act, token=shop.token("ann"), preorder=theirs["preorder_id"]), 404)
    assert (await read(shop, theirs))["fulfilment"] == "reserved"


async def test_p2_a_page_sees_the_card_and_what_its_shopper_has_in_one_question(shop: ShopClient) -> None:
    await launch(shop)
    await launch(shop, "c2")
    mine, _ = await open_page(shop, token=shop.token("ann"))
    guests, link = await open_page(shop)

    async def look(campaign: str = "c1", **who: Any) -> list[str] | None:
        body = {"key": shop.keys.publishable.secret, "campaigns": [campaign], **who}
        answer = (await shop.page.post("/public/v1/campaigns", json=body)).json()
        assert [card["id"] for card in answer["campaigns"]] == [campaign]
        found = answer["preorders"]
        return found and [one["preorder_id"] for one in found]

    assert await look(token=shop.token("ann")) == [mine["preorder_id"]]
    assert await look(link=link) == await look(link=link, token=shop.token("ann")) == [guests["preorder_id"]]
    assert await look(token=shop.token("bea")) == []
    for nobody in ({}, {"token": "not one"}, {"link": "A" * 54}, {"link": "x", "token": shop.token("ann")}):
        assert await look(**nobody) is None
    assert await look("c2", token=shop.token("ann")) == await look("c2", link=link) == []
    assert (await post(shop, "cancel", link=link)).status_code == 200
    assert await look(link=link) == []


async def test_p2_nobody_comes_to_a_preorder_by_the_key_of_the_page(shop: ShopClient) -> None:
    await launch(shop)
    preorder, link = await open_page(shop)

    for body in ({}, {"token": shop.token("ann")}, {"preorder": preorder["preorder_id"]}):
        assert (await post(shop, "cancel", **body)).status_code == 422
    for wrong in (link[:-1], link + "A", "A" * 54, "x", "ä", link[:30] + "A" * 24):
        check_problem(await post(shop, "status", link=wrong), 404)


async def test_p2_a_cap_per_shopper_needs_to_know_the_shopper(shop: ShopClient) -> None:
    """A guest's address proves nothing, and counting by it would tell a stranger who has preordered."""
    await launch(shop, caps={"total": 50, "per_shopper": 1})
    wanted = {"campaign": "c1", "product": "p1", "quantity": 1, "terms_version": "v1"}

    refused = check_problem(await post(shop, "open", guest_email="guest@example.com", **wanted), 403)

    assert refused["type"].endswith("/sign_in_needed")
    assert (await post(shop, "open", token=shop.token("ann"), **wanted)).status_code == 201
    check_problem(await post(shop, "open", token=shop.token("ann"), **wanted), 409)


async def test_p2_without_a_token_or_an_address_there_is_nobody_to_tell(shop: ShopClient) -> None:
    await launch(shop)
    answer = await post(shop, "open", campaign="c1", product="p1", quantity=1, terms_version="v1")

    assert check_problem(answer, 422)["errors"][0]["field"] == "guest_email"


async def test_p2_cancelling_gives_the_units_back(shop: ShopClient) -> None:
    await launch(shop, caps={"total": 2})
    preorder, link = await open_page(shop, quantity=2)

    cancelled = (await post(shop, "cancel", link=link)).json()["preorder"]

    assert (cancelled["fulfilment"], cancelled["may_cancel"]) == ("cancelled", False)
    assert await caps(shop) == {"total": (2, 0)}
    assert check_problem(await post(shop, "cancel", link=link), 409)["type"].endswith("/preorder_step")
    steps = (await shop.api.get(f"/v1/preorder-transitions/{preorder['preorder_id']}")).json()["items"]
    assert [(one["side"], one["to_state"], one["reason"]) for one in steps] == [
        ("fulfilment", "cancelled", "cancelled by the shopper")
    ]


async def test_p4_what_was_paid_is_owed_back_less_the_fee_that_was_agreed_to(shop: ShopClient) -> None:
    await launch(shop, cancellation={"until": "close", "fee_basis_points": 1250})
    preorder, link = await open_page(shop, quantity=2)
    await pay(shop, await read(shop, preorder))
    assert (await post(shop, "status", link=link)).json()["preorders"][0]["cancel_fee_minor"] == 250

    cancelled = (await post(shop, "cancel", link=link)).json()["preorder"]

    assert (cancelled["payment"], cancelled["paid_minor"], cancelled["owed_back_minor"]) == (
        "refund_pending",
        2000,
        1750,
    )


@pytest.mark.parametrize(
    ("until", "after_close", "in_production"), [("close", 409, 409), ("production", 200, 409), ("never", 409, 409)]
)
async def test_p4_the_terms_say_until_when(shop: ShopClient, until: str, after_close: int, in_production: int) -> None:
    await launch(shop, cancellation={"until": until})
    links = []
    for _ in range(2):
        preorder, link = await open_page(shop)
        await pay(shop, await read(shop, preorder))
        links.append(link)
    with later(shop, days=8):
        await tick(shop)
        assert (await post(shop, "cancel", link=links[0])).status_code == after_close
        for to in ("charging", "in_production"):
            assert (await transition(shop, to)).status_code == 200
        assert (await post(shop, "cancel", link=links[1])).status_code == in_production


async def test_p4_no_unpaid_preorder_ships(shop: ShopClient) -> None:
    await launch(shop, payment={"mode": "deposit", "deposit_minor": 300})
    preorder = await join(shop)
    assert (preorder["payment"], preorder["paid_minor"], preorder["deposit_minor"]) == ("deposit_paid", 300, 300)
    with later(shop, days=8):
        await tick(shop)
        for to in ("charging", "in_production", "shipping"):
            assert (await transition(shop, to)).status_code == 200

        shipped = await shop.api.post("/v1/preorders:move", json={"id": preorder["preorder_id"], "to": "shipped"})

    assert check_problem(shipped, 409)["type"].endswith("/preorder_not_paid")
    assert (await read(shop, preorder))["fulfilment"] == "in_production"


async def test_p2_more_units_cost_what_they_cost_now_and_the_dearest_go_first(shop: ShopClient) -> None:
    tiers = [{"units": 2, "discount_basis_points": 2000}]
    await launch(shop, tiers=tiers, caps={"total": 5, "per_order": 4})
    _, link = await open_page(shop)

    more = (await post(shop, "change", link=link, quantity=4)).json()["preorder"]
    assert more["unit_prices"] == [{"units": 2, "price_minor": 800}, {"units": 2, "price_minor": 1000}]
    assert (more["total_minor"], await caps(shop)) == (3600, {"total": (5, 4)})
    fewer = (await post(shop, "change", link=link, quantity=3)).json()["preorder"]
    assert (fewer["total_minor"], await caps(shop)) == (2600, {"total": (5, 3)})
    assert check_problem(await post(shop, "change", link=link, quantity=5), 409)["type"].endswith("/order_cap_reached")
    await reserve(shop, quantity=2)
    check_problem(await post(shop, "change", link=link, quantity=4), 409)
    assert await caps(shop) == {"total": (5, 5)}


async def test_p2_another_variant_is_taken_and_the_first_given_back(shop: ShopClient) -> None:
    each = [{"product_id": "p1", "variant_id": name, "units": 2} for name in ("red", "blue")]
    await launch(shop, products=BOTH, caps={"total": 2, "per_variant": each})
    _, link = await open_page(shop, variant="red", quantity=2)

    changed = (await post(shop, "change", link=link, variant="blue")).json()["preorder"]

    assert (changed["variant_id"], changed["total_minor"]) == ("blue", 3000)
    assert await caps(shop) == {"total": (2, 2), "variant:p1/red": (2, 0), "variant:p1/blue": (2, 2)}
    check_problem(await post(shop, "change", link=link, variant="green"), 422)


async def test_p2_changes_at_once_leave_what_live_preorders_hold(shop: ShopClient) -> None:
    await launch(shop, products=BOTH, caps={"total": 20, "per_variant": [
        {"product_id": "p1", "variant_id": "red", "units": 12}, {"product_id": "p1", "variant_id": "blue", "units": 12},
    ]})  # fmt: skip
    links = [(await open_page(shop, variant=name, quantity=2))[1] for name in ("red", "blue", "red", "blue")]

    wanted: list[Document] = [{"variant": "blue"}, {"variant": "red", "quantity": 4}, {"quantity": 7}, {"quantity": 1}]
    answers = await asyncio.gather(
        *(post(shop, "change", link=link, **change) for link in links for change in wanted for _ in range(2))
    )

    assert {answer.status_code for answer in answers} <= {200, 409}
    found = [(await post(shop, "status", link=link)).json()["preorders"][0] for link in links]
    held = await caps(shop)
    assert held["total"][1] == sum(one["quantity"] for one in found)
    for name in ("red", "blue"):
        assert held[f"variant:p1/{name}"][1] == sum(one["quantity"] for one in found if one["variant_id"] == name)


async def test_p4_what_is_paid_does_not_change_and_the_day_of_the_charge_does_until_it_comes(shop: ShopClient) -> None:
    await launch(shop, payment=SAVED)
    preorder, link = await open_page(shop)
    assert (await post(shop, "change", link=link, quantity=2)).status_code == 200
    await settle(shop, preorder, "card_saved", 0)
    end = shop.service.clock() + timedelta(days=7)
    day = str((end + timedelta(days=2)).date())

    changed = (await post(shop, "change", link=link, charge_on=day)).json()["preorder"]

    assert (changed["charge_on"], changed["payment"]) == (day, "card_saved")
    late = await post(shop, "change", link=link, charge_on=str((end + timedelta(days=7)).date()))
    assert check_problem(late, 422)["errors"][0]["field"] == "charge_on"
    await launch(shop, "upfront")
    paid = await join(shop, "upfront")
    fresh = (await shop.api.post("/v1/preorders:link", json={"id": paid["preorder_id"]})).json()["url"]
    refused = await post(shop, "change", link=fresh.rpartition("/")[2], quantity=2)
    assert check_problem(refused, 409)["type"].endswith("/change_over")


async def test_p4_a_late_payment_finds_the_reservation_gone(shop: ShopClient) -> None:
    """What to do with the money is the payment's own matter; the units may be another's by now."""
    await launch(shop)
    preorder = await reserve(shop)

    with later(shop, minutes=31):
        await tick(shop)
        with pytest.raises(Exception, match="joined does not follow"):
            await pay(shop, preorder)

    assert (await look(shop))["units_joined"] == 0


async def test_p4_money_that_comes_after_the_end_is_owed_back_at_once(shop: ShopClient) -> None:
    await launch(shop, cancellation={"until": "close", "fee_basis_points": 5000})
    preorder, link = await open_page(shop)
    async with shop.service.db.tenant(shop.keys.tenant_id) as conn:
        await move_preorder(conn, UUID(preorder["preorder_id"]), payment="pending", now=shop.service.clock())
    assert (await post(shop, "cancel", link=link)).status_code == 200

    async with shop.service.db.tenant(shop.keys.tenant_id) as conn:
        await move_preorder(
            conn, UUID(preorder["preorder_id"]), payment="paid", paid_minor=1000, now=shop.service.clock()
        )

    after = await read(shop, preorder)
    assert (after["fulfilment"], after["payment"], after["owed_back_minor"]) == ("cancelled", "paid", 1000)


async def test_the_page_of_a_preorder_works_without_javascript(shop: ShopClient) -> None:
    await launch(shop, title={"en": "<b>Boots</b> & co"}, cancellation={"until": "close", "fee_basis_points": 1000})
    preorder, link = await open_page(shop)
    await pay(shop, await read(shop, preorder))

    page = await shop.page.get(f"/p/v1/preorder/{link}")

    assert (page.status_code, page.headers["content-type"]) == (200, "text/html; charset=utf-8")
    assert "&lt;b&gt;Boots&lt;/b&gt; &amp; co" in page.text
    assert "<script" not in page.text
    assert "10.00 EUR" in page.text
    assert "stays with the seller: 1.00 EUR" in page.text
    assert (page.headers["cache-control"], page.headers["referrer-policy"]) == ("no-store", "no-referrer")
    assert "default-src 'none'" in page.headers["content-security-policy"]
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    done = await shop.page.post(f"/p/v1/preorder/{link}", content="act=cancel", headers=form)
    assert "The preorder is cancelled." in done.text
    assert (await read(shop, preorder))["owed_back_minor"] == 900
    again = await shop.page.post(f"/p/v1/preorder/{link}", content="act=cancel", headers=form)
    assert (again.status_code, "<button" in again.text) == (200, False)


async def test_the_page_speaks_the_language_of_the_terms(shop: ShopClient) -> None:
    await launch(shop)
    _, link = await open_page(shop, locale="zh-CN")

    page = await shop.page.get(f"/p/v1/preorder/{link}")

    assert '<html lang="zh">' in page.text
    assert "已为您保留" in page.text


async def test_the_page_of_no_preorder_says_so(shop: ShopClient) -> None:
    for wrong in ("x", "A" * 54, "%00", "ä"):
        page = await shop.page.get(f"/p/v1/preorder/{wrong}")
        assert (page.status_code, page.headers["content-type"]) == (404, "text/html; charset=utf-8")


async def test_p4_the_days_of_a_charge_are_days_of_the_shops_calendar(shop: ShopClient) -> None:
    zone = ZoneInfo("Pacific/Kiritimati")
    calendar = (await shop.api.get("/v1/work-calendar")).json()
    assert (await shop.api.put("/v1/work-calendar", json=calendar | {"time_zone": zone.key})).status_code == 200
    end = (shop.service.clock() + timedelta(days=7)).replace(hour=12)
    await launch(shop, payment=SAVED, ends_at=end.isoformat())
    last = (end + timedelta(days=5)).astimezone(zone).date()

    for day, status in ((end.date(), 422), (end.astimezone(zone).date(), 201), (last, 201)):
        assert (await ask(shop, charge_on=str(day))).status_code == status, day
    assert (await ask(shop, charge_on=str(last + timedelta(days=1)))).status_code == 422
