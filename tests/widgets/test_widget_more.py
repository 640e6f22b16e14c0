"""What a page fetches of an element once its shopper acts: not before, and what is said where it cannot be fetched."""

import re
from collections.abc import Awaitable, Callable

import pytest
from playwright.async_api import Browser, Page, Route

from tests.widgets.fake_api import FakeApi
from tests.widgets.fake_campaign import CHECKOUT
from tests.widgets.loading import PAGES, open_loaded
from tests.widgets.test_widget_campaign import fill_in, join, open_campaign
from tests.widgets.test_widget_custom import CUSTOM, open_custom, settled
from tests.widgets.test_widget_measure import open_measure

MORE = re.compile(r"/w/v1/lastbook-\w+-more-")


async def order(page: Page) -> None:
    await page.get_by_role("button", name="Add to basket").click()


async def type_length(page: Page) -> None:
    await page.get_by_label("Foot length Left").fill("25.4")


@pytest.mark.parametrize(("name", "act"), [("campaign", fill_in), ("custom", order), ("measure", type_length)])
async def test_nothing_of_it_is_fetched_before_the_shopper_acts(
    browser: Browser, api: FakeApi, api_url: str, name: str, act: Callable[[Page], Awaitable[None]]
) -> None:
    async with open_loaded(browser, api_url, PAGES[name]) as (page, loaded, watch):
        assert loaded.modules == [f"lastbook-{name}-en.js"]
        async with page.expect_response(MORE):
            await act(page)
        assert loaded.modules == [f"lastbook-{name}-en.js", f"lastbook-{name}-more-en.js"]
    assert watch.errors == []


async def test_who_has_joined_is_shown_it_with_one_question(browser: Browser, api: FakeApi, api_url: str) -> None:
    api.campaign.preorder(fulfilment="joined", payment="paid")
    async with open_campaign(browser, api_url, token="token") as (page, watch):
        await page.get_by_text("You have joined.").wait_for()
        assert await page.get_by_role("button", name="Join").count() == 0
    assert [what for what, _ in api.campaign.asked] == ["campaigns"]
    assert watch.errors == []


async def test_the_terms_unfold_with_what_cancelling_costs(browser: Browser, api: FakeApi, api_url: str) -> None:
    async with open_campaign(browser, api_url) as (page, watch):
        await page.get_by_text("Terms, cancellation and seller").click()
        await page.get_by_text("You may cancel until preorders end. Fee: 2.5% of what is paid.").wait_for()
        assert await page.get_by_text("hello@longstep.example").is_visible()
    assert watch.errors == []


async def test_where_it_cannot_be_fetched_nothing_is_sent_and_that_is_said(
    browser: Browser, api: FakeApi, api_url: str
) -> None:
    async with open_campaign(browser, api_url) as (page, watch):
        await page.route(MORE, lambda route: route.abort())
        await join(page)
        await page.get_by_role("status").get_by_text("The shop cannot be reached").wait_for()
        assert api.campaign.told("preorders:open") == []
        assert await page.get_by_role("button", name="Join").is_enabled()
        await page.unroute(MORE)
        await page.get_by_role("button", name="Join").click()
        await page.wait_for_url(CHECKOUT)
    assert len(api.campaign.told("preorders:open")) == 1
    assert watch.errors == []


async def test_where_it_cannot_be_fetched_no_length_is_sent_and_what_was_typed_is_kept(
    browser: Browser, api: FakeApi, api_url: str
) -> None:
    api.record.consent = True
    async with open_measure(browser, api_url) as (page, watch):
        await page.route(MORE, lambda route: route.abort())
        await type_length(page)
        await page.get_by_role("button", name="Save measurements").click()
        await page.get_by_role("status").get_by_text("What you typed is still here").wait_for()
        assert [what for what, _ in api.record.asked] == ["read"]
        await page.unroute(MORE)
        await page.get_by_role("button", name="Save measurements").click()
        await page.get_by_text("Your measurements are saved.").wait_for()
    assert [what for what, _ in api.record.asked] == ["read", "save", "read"]
    assert watch.errors == []


async def test_nobody_is_asked_to_delete_what_another_person_has(browser: Browser, api: FakeApi, api_url: str) -> None:
    """The shop names another shopper while the rest is being fetched."""
    api.record.consent = True
    api.record.add("self", foot_length_left=2543)
    async with open_measure(browser, api_url) as (page, watch):
        held: list[Route] = []
        await page.route(MORE, lambda route: held.append(route))
        async with page.expect_request(MORE):
            await page.get_by_role("button", name="Delete my measurements").click()
        async with page.expect_response("**/measurements:read"):
            await page.evaluate("lastbook.identify('another')")
        async with page.expect_response(MORE):
            await held[0].continue_()
        await page.get_by_label("Foot length Left").wait_for()
        assert await page.get_by_role("button", name="Keep them").count() == 0
    assert watch.errors == []


async def test_a_conflict_that_the_shop_begins_with_can_be_mended_at_once(
    browser: Browser, api: FakeApi, api_url: str
) -> None:
    body = CUSTOM.replace("measure=", 'options=\'{"width":"wide","sole":"leather"}\' measure=')
    async with open_custom(browser, api_url, body) as (page, watch):
        width = page.get_by_role("group", name="Width")
        await width.get_by_role("button", name="Change Width to Regular").click()
        await settled(page, "$154.00")
    assert watch.errors == []


async def test_another_price_of_the_same_choices_is_said_to_who_has_not_acted(
    browser: Browser, api: FakeApi, api_url: str
) -> None:
    """The shopper's measurements were saved elsewhere on the page."""
    async with open_custom(browser, api_url) as (page, watch):
        api.options.base_minor += 1_000
        await page.evaluate("dispatchEvent(new Event('lastbook:measure'))")
        await page.get_by_role("status").get_by_text("The price changed from $134.00 to $144.00.").wait_for()
    assert watch.errors == []


async def test_choices_are_priced_where_the_rest_cannot_be_fetched(
    browser: Browser, api: FakeApi, api_url: str
) -> None:
    async with open_custom(browser, api_url) as (page, watch):
        await page.route(MORE, lambda route: route.abort())
        await page.get_by_role("radio", name="Wide").check()
        await page.get_by_role("radio", name="Leather").check()
        await page.get_by_role("group", name="Width").get_by_text("A leather sole is not made in wide.").wait_for()
        await page.get_by_role("button", name="Add to basket").click()
        await page.get_by_role("status").get_by_text("There is no price right now.").wait_for()
    assert api.options.quoted == []
    assert watch.errors == []


async def test_a_history_that_cannot_be_fetched_is_said_so(browser: Browser, api: FakeApi, api_url: str) -> None:
    api.record.consent = True
    api.record.add("self", foot_length_left=2543)
    async with open_measure(browser, api_url) as (page, watch):
        await page.route(MORE, lambda route: route.abort())
        await page.get_by_text("History", exact=True).click()
        await page.get_by_role("status").get_by_text("This did not work.").wait_for()
    assert watch.errors == []
