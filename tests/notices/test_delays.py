"""Delays (P8): what a later ship date needs of each shopper, walked by the clock; who does not agree gets all back."""

from collections.abc import AsyncIterator
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tenants.delays import rule_of
from tests.campaigns.merchant import join, later, launch, read
from tests.notices.postbox import Postbox, carry, delay, link_in, notices, press, told
from tests.payments.till import DEPOSIT, UPFRONT, Till, open_till
from tests.support.shop import Document, ShopClient

DAYS = st.dates(min_value=date(2026, 1, 1), max_value=date(2027, 1, 1))


@pytest.fixture
def postbox() -> Postbox:
    return Postbox()


@pytest.fixture
async def till(shop: ShopClient) -> AsyncIterator[Till]:
    async with open_till(shop) as one:
        yield one


async def answers(shop: ShopClient, preorder: Document) -> list[tuple[str, str | None]]:
    """What each delay needs, and what became of it."""
    delays = [one["delay"] for one in await notices(shop, preorder) if one["delay"]]
    return [(one["needs"], one["answer"]) for one in delays]


@given(agreed=DAYS, wanted=DAYS, before=st.integers(0, 3))
def test_p8_only_a_first_delay_of_thirty_days_at_most_is_accepted_by_silence(
    agreed: date, wanted: date, before: int
) -> None:
    rule = rule_of(agreed=agreed, wanted=wanted, delays_before=before)
    assert (rule is None) == (wanted <= agreed)
    assert (rule == "silence") == (before == 0 and timedelta() < wanted - agreed <= timedelta(days=30))


async def test_p8_a_first_delay_of_thirty_days_is_accepted_by_silence(till: Till, postbox: Postbox) -> None:
    shop = till.shop
    await till.launch(payment=UPFRONT)
    preorder = await till.join()
    await delay(shop, 30)
    await carry(shop, postbox)
    assert postbox.last.subject == "A later date for Winter boots"
    assert "If you want to wait, you need not do anything." in postbox.last.text

    for days in (13, 15, 40):
        with later(shop, days=days):
            await carry(shop, postbox)
            expected = None if days == 13 else "silence"
            assert await answers(shop, preorder) == [("silence", expected)]
    assert await till.states(preorder) == ("joined", "paid")


async def test_p8_a_first_delay_of_thirty_one_days_without_consent_is_cancelled_and_refunded(
    till: Till, postbox: Postbox
) -> None:
    shop = till.shop
    await till.launch(payment=DEPOSIT, cancellation={"until": "never", "fee_basis_points": 5000})
    preorder = await till.join()
    await delay(shop, 31)
    await carry(shop, postbox)
    assert postbox.last.subject.startswith("Please answer by ")

    with later(shop, days=13):
        await carry(shop, postbox)
        assert await till.states(preorder) == ("joined", "deposit_paid")
    with later(shop, days=14, minutes=5):
        await carry(shop, postbox)
        await till.round()
        await carry(shop, postbox)
    assert await till.states(preorder) == ("cancelled", "refunded")
    assert till.money() == (300, 300)
    assert await answers(shop, preorder) == [("consent", "lapsed")]
    assert [kind for kind, _ in await told(shop, preorder)][-2:] == ["cancelled", "refunded"]


async def test_p8_who_consents_by_the_link_stays(shop: ShopClient, postbox: Postbox) -> None:
    await launch(shop)
    preorder = await join(shop)
    await delay(shop, 60)
    await carry(shop, postbox)
    page = (await shop.page.get(link_in(postbox.last))).text
    assert "It ships later" in page
    assert "I wait" in page

    assert "Thank you: you wait for the new date." in await press(shop, postbox.last, "wait")

    with later(shop, days=15):
        await carry(shop, postbox)
    assert (await read(shop, preorder))["fulfilment"] == "joined"
    assert await answers(shop, preorder) == [("consent", "accepted")]
    assert "It ships later" not in await press(shop, postbox.last, "decline")
    assert (await read(shop, preorder))["fulfilment"] == "joined"


async def test_p8_who_declines_gets_all_back_whatever_the_terms_say(till: Till, postbox: Postbox) -> None:
    shop = till.shop
    await till.launch(payment=UPFRONT, cancellation={"until": "never", "fee_basis_points": 5000})
    preorder = await till.join()
    await delay(shop, 10)
    await carry(shop, postbox)

    assert "The preorder is cancelled." in await press(shop, postbox.last, "decline")

    await till.round()
    assert await till.states(preorder) == ("cancelled", "refunded")
    assert till.money() == (1000, 1000)
    assert await answers(shop, preorder) == [("silence", "declined")]


async def test_p8_a_second_delay_needs_consent_however_short(till: Till, postbox: Postbox) -> None:
    shop = till.shop
    await till.launch(payment=UPFRONT)
    preorder = await till.join()
    await delay(shop, 5)
    await carry(shop, postbox)
    with later(shop, days=20):
        await carry(shop, postbox)
        await delay(shop, 1)
        await carry(shop, postbox)
        assert await answers(shop, preorder) == [("silence", "silence"), ("consent", None)]
    with later(shop, days=35):
        await carry(shop, postbox)
        await till.round()
    assert await till.states(preorder) == ("cancelled", "refunded")


async def test_p8_a_delay_upon_a_delay_that_nobody_answered_replaces_it(shop: ShopClient, postbox: Postbox) -> None:
    await launch(shop)
    preorder = await join(shop)
    await delay(shop, 5)
    await carry(shop, postbox)
    first = postbox.last
    await delay(shop, 5)
    await carry(shop, postbox)
    assert await answers(shop, preorder) == [("silence", "replaced"), ("consent", None)]
    # One link is as good as another, and what is answered is what is asked now.
    await press(shop, first, "wait")
    assert await answers(shop, preorder) == [("silence", "replaced"), ("consent", "accepted")]


async def test_p8_a_delay_that_is_taken_back_asks_nobody(shop: ShopClient, postbox: Postbox) -> None:
    await launch(shop)
    preorder = await join(shop)
    await delay(shop, 60)
    await carry(shop, postbox)
    await delay(shop, -60)
    await carry(shop, postbox)
    assert await answers(shop, preorder) == [("consent", "replaced")]
    assert postbox.last.subject == "New dates: Winter boots"
    with later(shop, days=20):
        await carry(shop, postbox)
    assert (await read(shop, preorder))["fulfilment"] == "joined"


async def test_p8_who_joins_after_a_delay_has_agreed_to_the_new_date(shop: ShopClient, postbox: Postbox) -> None:
    await launch(shop)
    await join(shop)
    await delay(shop, 60)
    newcomer = await join(shop, guest_email="new@example.com")
    await delay(shop, 20)
    await carry(shop, postbox)
    assert await answers(shop, newcomer) == [("silence", None)]


async def test_p8_the_time_to_answer_is_counted_from_when_the_mail_left(shop: ShopClient, postbox: Postbox) -> None:
    await launch(shop)
    preorder = await join(shop)
    await delay(shop, 60)
    with later(shop, days=13):
        await carry(shop, postbox)
    with later(shop, days=26):
        await carry(shop, postbox)
        assert await answers(shop, preorder) == [("consent", None)]
    with later(shop, days=28):
        await carry(shop, postbox)
    assert await answers(shop, preorder) == [("consent", "lapsed")]


async def test_p8_an_earlier_date_is_told_and_asks_nothing(shop: ShopClient, postbox: Postbox) -> None:
    await launch(shop)
    preorder = await join(shop)
    await delay(shop, -5)
    await carry(shop, postbox)
    assert [kind for kind, _ in await told(shop, preorder)] == ["joined", "dates_changed"]


@pytest.mark.parametrize(
    ("answer", "ends"), [("accepted", ("joined", "paid")), ("declined", ("cancelled", "refunded"))]
)
async def test_p8_a_delay_is_answered_from_the_shops_own_page(
    till: Till, postbox: Postbox, answer: str, ends: tuple[str, str]
) -> None:
    shop = till.shop
    await till.launch(payment=UPFRONT)
    preorder = await till.join()
    await delay(shop, 40)
    await carry(shop, postbox)
    link = link_in(postbox.last).rpartition("/")[2]

    body = {"key": shop.keys.publishable.secret, "link": link, "answer": answer}
    assert (await shop.page.post("/public/v1/preorders:answer", json=body)).status_code == 200
    await till.round()

    assert await till.states(preorder) == ends
    assert (await shop.page.post("/public/v1/preorders:answer", json=body)).status_code == 409
