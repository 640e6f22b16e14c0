"""<lastbook-custom campaign> and <lastbook-campaign> on one page: what is chosen in one is joined in the other."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from playwright.async_api import Browser, Page

from tests.widgets.fake_api import FakeApi
from tests.widgets.fake_campaign import CHECKOUT, made_product
from tests.widgets.support import Watch, build_bare_shop, open_page, serve

CUSTOM = "<lastbook-custom product='LS-101' campaign='winter' options='{\"sole\": \"leather\"}'></lastbook-custom>"
OTHER = CUSTOM.replace(" campaign='winter'", "")
CAMPAIGN = "<lastbook-campaign campaign='winter' signin='/sign-in'></lastbook-campaign>"
NOTE = """() => {
  window.basket = 0;
  document.addEventListener("lastbook:add", (event) => { if (!event.defaultPrevented) window.basket += 1; });
}"""


@asynccontextmanager
async def open_both(
    browser: Browser, api: FakeApi, api_url: str, body: str = CUSTOM + CAMPAIGN
) -> AsyncIterator[tuple[Page, Watch]]:
    """A page of somebody who is on record; the campaign has a boot in sizes, and a shoe that is made to order."""
    api.record.consent = True
    api.record.add("staff", foot_length_left=2543, ball_girth_left=2410)
    api.campaign.changes = {"products": [*api.campaign.card()["products"], made_product("LS-101")]}
    with serve(build_bare_shop(api_url, body, script="data-key='lb_pk_test' data-token='token'")) as shop:
        async with open_page(browser) as (page, watch):
            await page.add_init_script(f"({NOTE})()")
            await page.route(f"{CHECKOUT}**", lambda route: route.fulfill(body="Stripe's page"))
            await page.goto(shop)
            for name in ("custom", "campaign"):
                await page.wait_for_selector(f'lastbook-{name}[state="ready"]', state="attached", timeout=8_000)
            yield page, watch


async def test_p1_what_is_made_to_order_is_joined_with_the_quote_of_what_was_chosen(
    browser: Browser, api: FakeApi, api_url: str
) -> None:
    async with open_both(browser, api, api_url) as (page, watch):
        campaign = page.locator("lastbook-campaign")
        await campaign.get_by_label("Choose").select_option(label="Shoe")
        await campaign.get_by_text("Choose first").wait_for()
        assert await campaign.get_by_role("button").count() == 0
        await campaign.get_by_label("Choose").select_option(label="Winter Boot · 38")
        await page.get_by_role("button", name="Continue to the preorder").click()
        await campaign.get_by_text("Total: $154.00").wait_for()
        assert await campaign.get_by_label("Choose").input_value() == "3"
        assert await page.evaluate("basket") == 0
        assert await page.get_by_text("Ready on").count() == 0, "a campaign has dates of its own"
        await campaign.get_by_label("I agree to the terms").check()
        await campaign.get_by_role("button", name="Join").click()
        await page.wait_for_url(CHECKOUT)
    [asked] = api.campaign.told("preorders:open")
    assert (asked["product"], asked["quote"], asked.get("variant")) == ("LS-101", "Q1", None)
    assert watch.errors == []


async def test_p1_a_quote_that_no_longer_serves_is_asked_for_anew(browser: Browser, api: FakeApi, api_url: str) -> None:
    async with open_both(browser, api, api_url) as (page, watch):
        api.campaign.refusal = 422, "quote_refused"
        again = page.get_by_role("button", name="Continue to the preorder")
        await again.click()
        await page.get_by_label("I agree to the terms").check()
        await page.get_by_role("button", name="Join").click()
        await page.get_by_text("Please confirm your choices again.").wait_for()
        api.campaign.refusal = None
        await again.click()
        await page.get_by_role("button", name="Join").click()
        await page.wait_for_url(CHECKOUT)
    assert len(api.options.quoted) == 2
    assert watch.errors == []


async def test_p1_what_is_chosen_for_no_campaign_goes_into_the_basket(
    browser: Browser, api: FakeApi, api_url: str
) -> None:
    async with open_both(browser, api, api_url, OTHER + CAMPAIGN) as (page, watch):
        await page.get_by_role("button", name="Add to basket").click()
        await page.get_by_text("In your basket.").wait_for()
        assert await page.evaluate("basket") == 1
        assert await page.get_by_text("Ready on").count() == 1
        assert await page.locator("lastbook-campaign").get_by_text("Total: $248.00").count() == 1
    assert watch.errors == []
