"""Notices (P8): every step that a shopper should hear of is told once, by a mail that leads back to the preorder."""

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from infra.mail import MailDown, MailRefused
from tests.campaigns.merchant import join, later, launch, reserve, tick, transition
from tests.notices.postbox import GUEST, Postbox, carry, link_in, notices, told
from tests.payments.till import DEPOSIT, FAILS_LATER, SAVED, UPFRONT, Till, open_till
from tests.privacy.people import erase
from tests.privacy.scan import find_everywhere
from tests.support.problems import check_problem
from tests.support.shop import ShopClient


@pytest.fixture
def postbox() -> Postbox:
    return Postbox()


@pytest.fixture
async def till(shop: ShopClient) -> AsyncIterator[Till]:
    async with open_till(shop) as one:
        yield one


async def test_p8_who_joins_is_told_once_with_the_terms_and_a_link(shop: ShopClient, postbox: Postbox) -> None:
    await launch(shop)
    preorder = await join(shop)

    assert await carry(shop, postbox) == 1
    assert await carry(shop, postbox) == 0

    mail = postbox.last
    assert (mail.recipient, mail.subject) == (GUEST, "You have joined: Winter boots")
    assert (mail.sender_name, mail.reply_to) == ("Boots Ltd", "boots@example.com")
    assert "You get boots." in mail.text
    assert "You may withdraw in 14 days." in mail.text
    assert (await shop.page.get(link_in(mail))).status_code == 200
    assert await told(shop, preorder) == [("joined", "sent")]


async def test_p8_a_reservation_is_not_told(shop: ShopClient, postbox: Postbox) -> None:
    await launch(shop)
    await reserve(shop)
    with later(shop, hours=1):
        await tick(shop)
        assert await carry(shop, postbox) == 0


async def test_p8_what_is_kept_for_evidence_holds_no_link(shop: ShopClient, postbox: Postbox) -> None:
    await launch(shop)
    preorder = await join(shop)
    await carry(shop, postbox)

    secret = link_in(postbox.last).rpartition("/")[2]
    assert secret in postbox.last.html
    kept = (await notices(shop, preorder))[0]
    assert (kept["recipient"], kept["subject"]) == (GUEST, postbox.last.subject)
    assert "Your preorder is in." in kept["body"]
    assert secret not in kept["body"]
    assert await find_everywhere(shop.service.settings, secret) == []


async def test_p8_shoppers_are_told_in_the_language_of_their_terms(shop: ShopClient, postbox: Postbox) -> None:
    await launch(shop)
    await join(shop, locale="zh-CN")
    await carry(shop, postbox)
    assert postbox.last.subject == "您已参加：冬靴"
    assert '<html lang="zh">' in postbox.last.html
    assert "您会收到靴子。" in postbox.last.html


async def test_p8_what_a_merchant_wrote_stays_text(shop: ShopClient, postbox: Postbox) -> None:
    await launch(shop, title={"en": "<script>alert(1)</script> {view} & co"}, terms={"en": "<img src=x>"})
    await join(shop)
    await carry(shop, postbox)
    assert "<script" not in postbox.last.html
    assert "<img" not in postbox.last.html
    assert "&lt;img src=x&gt;" in postbox.last.html
    assert postbox.last.subject == "You have joined: <script>alert(1)</script> {view} & co"


async def test_p8_service_messages_come_whatever_was_said_to_advertising(shop: ShopClient, postbox: Postbox) -> None:
    await shop.push("shoppers", [{"id": "ann", "email": "Ann@example.com"}])
    assert (await shop.api.put("/v1/contact-preferences/ann", json={"email": False})).status_code == 200
    await launch(shop)
    await join(shop, shopper_id="ann")
    await carry(shop, postbox)
    assert postbox.last.recipient == "Ann@example.com"
    assert "It is not advertising." in postbox.last.text


async def test_p8_who_has_no_address_is_told_nothing_and_the_merchant_sees_it(
    shop: ShopClient, postbox: Postbox
) -> None:
    await shop.push("shoppers", [{"id": "ann"}])
    await launch(shop)
    preorder = await join(shop, shopper_id="ann")
    assert await carry(shop, postbox) == 0
    assert await told(shop, preorder) == [("joined", "no_address")]


async def test_p8_a_charge_is_announced_three_days_before_once_and_then_told(till: Till, postbox: Postbox) -> None:
    await till.launch(payment=SAVED)
    preorder = await till.join()
    await carry(till.shop, postbox)

    for hours in range(0, 7 * 24, 6):
        with later(till.shop, hours=hours):
            before = len(postbox.mails)
            await carry(till.shop, postbox)
            if len(postbox.mails) > before:
                assert 4 * 24 - 6 < hours <= 4 * 24
    with later(till.shop, days=7, minutes=1):
        await till.round()
        await till.round()
        await carry(till.shop, postbox)

    day = (till.shop.service.clock() + timedelta(days=7)).date()
    subjects = postbox.subjects()
    assert subjects[0] == "You have joined: Winter boots"
    assert subjects[1].startswith("On ")
    assert str(day.year) in subjects[1]
    assert subjects[2:] == ["Payment received: Winter boots"]
    assert "10.00 EUR will be charged" in postbox.mails[1].text
    assert "You have paid 10.00 EUR in all." in postbox.last.text
    assert [kind for kind, _ in await told(till.shop, preorder)] == ["joined", "upcoming_charge", "charged"]


async def test_p8_how_long_before_is_the_merchants_choice(till: Till, postbox: Postbox) -> None:
    settings = {"upcoming_days": 6, "answer_days": 14}
    assert (await till.shop.api.put("/v1/notice-settings", json=settings)).json() == settings
    assert (await till.shop.api.get("/v1/notice-settings")).json() == settings
    refused = await till.shop.api.put("/v1/notice-settings", json={"upcoming_days": 0})
    assert check_problem(refused, 422)["errors"][0]["field"] == "upcoming_days"
    await till.launch(payment={**DEPOSIT, "charge_within_days": 20})
    day = (till.shop.service.clock() + timedelta(days=17)).date()
    await till.join(charge_on=str(day))
    await carry(till.shop, postbox)

    with later(till.shop, days=10):
        assert await carry(till.shop, postbox) == 0
    with later(till.shop, days=12):
        assert await carry(till.shop, postbox) == 1
    assert postbox.last.subject == f"On {day} your card will be charged: Winter boots"
    assert "7.00 EUR will be charged" in postbox.last.text


async def test_p8_a_charge_that_failed_is_told_each_time_with_a_link_that_pays(till: Till, postbox: Postbox) -> None:
    await till.launch(payment=SAVED)
    preorder = await till.join(card=FAILS_LATER)
    await till.confirm()
    await carry(till.shop, postbox)
    first = postbox.last
    assert first.subject == "The payment failed: Winter boots"
    page = (await till.shop.page.get(link_in(first))).text
    assert f'{link_in(first).rpartition("/")[2]}/pay"' in page

    with later(till.shop, hours=48, minutes=1):
        await till.round()
        await carry(till.shop, postbox)
    assert postbox.subjects()[-2:] == ["The payment failed: Winter boots"] * 2
    assert link_in(postbox.last) != link_in(first)

    for hours in (97, 146, 170):
        with later(till.shop, hours=hours):
            await till.round()
    with later(till.shop, hours=170):
        await carry(till.shop, postbox)
    assert postbox.last.subject == "Your preorder has ended: Winter boots"
    states = await told(till.shop, preorder)
    assert states.count(("charge_failed", "sent")) == 2
    assert ("charge_failed", "overtaken") in states
    assert ("dropped", "sent") in states
    assert "cancelled" not in {kind for kind, _ in states}


async def test_p8_a_failure_that_is_mended_before_the_mail_leaves_is_not_told(till: Till, postbox: Postbox) -> None:
    await till.launch(payment=SAVED)
    preorder = await till.join(card=FAILS_LATER)
    await till.confirm()
    assert till.type_card(await till.session(preorder))
    await till.settle()
    await carry(till.shop, postbox)
    assert await told(till.shop, preorder) == [
        ("joined", "sent"),
        ("charge_failed", "overtaken"),
        ("charged", "sent"),
    ]


async def test_p8_who_joined_a_campaign_that_failed_is_told_and_again_when_the_money_is_back(
    till: Till, postbox: Postbox
) -> None:
    await till.launch(payment=UPFRONT, minimum_units=5)
    preorder = await till.join()
    await transition(till.shop, "closed")
    for _ in range(3):
        await till.round()
    await carry(till.shop, postbox)
    assert await told(till.shop, preorder) == [("joined", "sent"), ("campaign_failed", "sent"), ("refunded", "sent")]
    assert "What you get back of what you had paid: 10.00 EUR." in postbox.mails[1].text
    assert "Of the 10.00 EUR that you paid, 10.00 EUR have been returned" in postbox.last.text


async def test_p8_shipping_is_told(till: Till, postbox: Postbox) -> None:
    await till.launch(payment=UPFRONT)
    preorder = await till.join()
    await till.confirm()
    await till.round()
    assert (await transition(till.shop, "in_production")).status_code == 200
    move = {"id": preorder["preorder_id"], "to": "shipped"}
    assert (await till.shop.api.post("/v1/preorders:move", json=move)).status_code == 200
    await carry(till.shop, postbox)
    assert postbox.last.subject == "On its way: Winter boots"


async def test_p8_a_step_that_is_undone_is_not_told(shop: ShopClient, postbox: Postbox) -> None:
    await launch(shop)
    preorder = await join(shop)
    move = {"id": preorder["preorder_id"], "to": "shipped"}
    assert (await shop.api.post("/v1/preorders:move", json=move)).status_code == 409
    assert await told(shop, preorder) == [("joined", "waiting")]


async def test_p8_a_mail_that_could_not_leave_is_tried_again_under_the_same_id(
    shop: ShopClient, postbox: Postbox
) -> None:
    await launch(shop)
    preorder = await join(shop)
    postbox.fails = [MailDown("SMTP 451")]
    assert await carry(shop, postbox) == 0
    assert await carry(shop, postbox) == 0
    assert (await notices(shop, preorder))[0]["error"] == "SMTP 451"

    with later(shop, minutes=6):
        assert await carry(shop, postbox) == 1
    assert len(postbox.tries) == 2
    assert len({*postbox.tries}) == 1
    assert await told(shop, preorder) == [("joined", "sent")]


async def test_p8_a_mail_that_is_refused_for_good_or_never_taken_fails(shop: ShopClient, postbox: Postbox) -> None:
    await launch(shop)
    refused, never = await join(shop), await join(shop, guest_email="never@example.com")
    postbox.fails = [MailRefused("SMTP 550"), *[MailDown("SMTP 451")] * 10]
    for hours in range(0, 24 * 6, 4):
        with later(shop, hours=hours):
            await carry(shop, postbox)
    assert await told(shop, refused) == await told(shop, never) == [("joined", "failed")]
    assert len(postbox.tries) == 11


async def test_p8_b7_an_erased_guest_is_told_nothing_and_no_address_stays(shop: ShopClient, postbox: Postbox) -> None:
    await launch(shop)
    sent = await join(shop, guest_email="told.canary@example.com")
    await carry(shop, postbox)
    waiting = await join(shop, guest_email="told.canary@example.com")

    await erase(shop, email="told.canary@example.com")

    assert await carry(shop, postbox) == 0
    assert (await notices(shop, sent))[0]["recipient"] is None
    assert await told(shop, waiting) == [("joined", "no_address")]
    assert await find_everywhere(shop.service.settings, "told.canary") == []


async def test_p8_b7_an_erased_shopper_leaves_notices_without_an_address(shop: ShopClient, postbox: Postbox) -> None:
    await shop.push("shoppers", [{"id": "ann", "email": "heard.canary@example.com"}])
    await launch(shop)
    preorder = await join(shop, shopper_id="ann")
    await carry(shop, postbox)
    await erase(shop, shopper_id="ann")
    assert [one["recipient"] for one in await notices(shop, preorder)] == [None]
    assert await find_everywhere(shop.service.settings, "heard.canary") == []
