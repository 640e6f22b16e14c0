"""A shopper's way: reserve, pay at Stripe, come back to the preorder's page; and what happens when Stripe is down."""

import httpx2
import pytest

from tests.campaigns.merchant import launch, reserve
from tests.payments.till import FAILS_LATER, SAVED, Till, later
from tests.support.shop import Document, ShopClient


async def open_one(till: Till, **fields: object) -> httpx2.Response:
    wanted = {"campaign": "c1", "product": "p1", "quantity": 1, "terms_version": "v1"}
    who = {"key": till.shop.keys.publishable.secret, "guest_email": "guest@example.com"}
    return await till.shop.page.post("/public/v1/preorders:open", json=wanted | who | fields)


async def ask(till: Till, act: str, link: str) -> httpx2.Response:
    body = {"key": till.shop.keys.publishable.secret, "link": link.rpartition("/")[2]}
    return await till.shop.page.post(f"/public/v1/preorders:{act}", json=body)


async def status(till: Till, link: str) -> Document:
    found: Document = (await ask(till, "status", link)).json()["preorders"][0]
    return found


async def test_p4_a_guest_joins_in_three_steps_and_comes_back_to_the_preorders_page(till: Till) -> None:
    await till.launch()
    opened = (await open_one(till)).json()
    session = till.books.get("checkout.session", opened["checkout_url"].rpartition("/")[2])
    assert till.type_card(session)
    back = session["success_url"].replace("{CHECKOUT_SESSION_ID}", session["id"])

    returned = await till.shop.page.get(back)
    assert returned.status_code == 303
    # The webhook is late: coming back is enough.
    await till.do_jobs()

    assert (await status(till, opened["url"]))["fulfilment"] == "joined"
    assert (await status(till, returned.headers["location"]))["payment"] == "paid"


async def test_p4_a_page_of_another_shop_or_of_nobody_leads_nowhere(till: Till, other_shop: ShopClient) -> None:
    await till.launch()
    opened = (await open_one(till)).json()
    session_id = opened["checkout_url"].rpartition("/")[2]
    for tenant, session in ((other_shop.tenant_id, session_id), (till.shop.tenant_id, "cs_1"), ("x", session_id)):
        assert (await till.shop.page.get(f"/p/v1/checkout/{tenant}/{session}")).status_code == 404


async def test_p4_with_stripe_down_the_place_is_kept_and_the_link_goes_on_later(till: Till) -> None:
    await till.launch()
    await till.fake.fault(kind="status", status=503, times=30)

    refused = await open_one(till)

    problem = refused.json()
    assert (refused.status_code, problem["type"].rpartition("/")[2]) == (503, "payments_down")
    assert "The place is kept until" in problem["detail"]
    assert int(refused.headers["retry-after"]) > 0
    assert (await status(till, problem["url"]))["fulfilment"] == "reserved"
    assert (await ask(till, "pay", problem["url"])).status_code == 503

    await till.fake.control("DELETE", "faults")
    session_url = (await ask(till, "pay", problem["url"])).json()["checkout_url"]
    assert till.type_card(till.books.get("checkout.session", session_url.rpartition("/")[2]))
    await till.settle()
    assert (await status(till, problem["url"]))["payment"] == "paid"


async def test_p4_a_place_kept_without_stripe_is_healed_by_the_round(till: Till) -> None:
    await till.launch()
    await till.fake.fault(kind="status", status=503, times=30)
    link = (await open_one(till)).json()["url"]
    await till.fake.control("DELETE", "faults")

    with later(till.shop, minutes=50):
        await till.round()
        assert [one["status"] for one in till.books.table("checkout.session").values()] == ["open"]
        session = next(iter(till.books.table("checkout.session").values()))
        assert (await ask(till, "pay", link)).json()["checkout_url"] == session["url"]


async def test_p4_the_page_is_closed_with_its_reservation_and_who_paid_a_moment_before_has_joined(till: Till) -> None:
    await till.launch()
    first = await till.reserve(guest_email="first@example.com")
    second = await till.reserve(guest_email="second@example.com")
    sessions = [await till.session(first), await till.session(second)]
    assert till.type_card(sessions[1])

    with later(till.shop, minutes=31):
        # Twice: what is open at Stripe is closed first, then the place is let go.
        await till.round()
        await till.round()

        assert await till.states(first) == ("expired", "pending")
        assert await till.states(second) == ("joined", "paid")
    assert sessions[0]["status"] == "expired"
    assert till.money() == (1000, 0)


async def test_p4_a_shopper_mends_a_failed_charge_by_the_link(till: Till) -> None:
    await till.launch(payment=SAVED)
    opened = (await open_one(till)).json()
    sessions = till.books.table("checkout.session")
    assert till.type_card(next(iter(sessions.values())), FAILS_LATER)
    await till.settle()
    await till.confirm()
    assert (await status(till, opened["url"]))["payment"] == "failed"

    page = (await ask(till, "pay", opened["url"])).json()["checkout_url"]
    assert till.type_card(sessions[page.rpartition("/")[2]])
    await till.settle()

    assert (await status(till, opened["url"]))["payment"] == "paid"


async def test_p4_a_shop_without_an_account_takes_no_money(shop: ShopClient) -> None:
    await launch(shop)
    preorder = await reserve(shop)

    refused = await shop.api.post("/v1/preorders:checkout", json={"id": preorder["preorder_id"]})

    assert (refused.status_code, refused.json()["type"].rpartition("/")[2]) == (409, "no_payment_account")


async def test_p4_who_paid_and_never_came_back_has_joined_although_no_webhook_ever_came(till: Till) -> None:
    await till.launch()
    preorder = await till.reserve()
    assert till.type_card(await till.session(preorder))
    till.world.outbox.pending.clear()

    with later(till.shop, minutes=11):
        await till.round()

    assert await till.states(preorder) == ("joined", "paid")


@pytest.mark.parametrize("session", ["%00", "cs_%00", "%ff", "%ED%A0%80", "x" * 5000])
async def test_p4_a_session_that_cannot_be_one_leads_nowhere(till: Till, session: str) -> None:
    answer = await till.shop.page.get(f"/p/v1/checkout/{till.shop.tenant_id}/{session}")
    assert answer.status_code == 404
