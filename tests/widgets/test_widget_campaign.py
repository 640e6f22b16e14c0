"""<lastbook-campaign> in a browser: its states, joining, and what it says of time, against a fake API."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

import pytest
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Browser, Page

from tests.widgets.fake_api import FakeApi
from tests.widgets.fake_campaign import CHECKOUT, SECRET
from tests.widgets.support import Watch, build_bare_shop, open_page, serve

CAMPAIGN = (
    "<lastbook-campaign campaign='winter' checkout='hosted' signin='/sign-in'>"
    "<p id='own'>The shop's own</p></lastbook-campaign>"
)
EVENT = CAMPAIGN.replace("hosted", "event")
AXE_TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
NOTE = """() => {
  window.said = []; window.broken = [];
  document.addEventListener("lastbook:reserve", (event) => said.push(event.detail));
  document.addEventListener("securitypolicyviolation", (event) => broken.push(event.violatedDirective));
}"""
DIGITS = "document.querySelector('lastbook-campaign').shadowRoot.getElementById('left').textContent"


@asynccontextmanager
async def open_campaign(
    browser: Browser,
    api_url: str,
    body: str = CAMPAIGN,
    *,
    token: str | None = None,
    state: str = "ready",
    **options: Any,
) -> AsyncIterator[tuple[Page, Watch]]:
    """A page with the element, in the state that is waited for."""
    script = "data-key='lb_pk_test'" + (f" data-token='{token}'" if token else "")
    with serve(build_bare_shop(api_url, body, script=script)) as shop:
        async with open_page(browser, **options) as (page, watch):
            await page.add_init_script(f"({NOTE})()")
            await page.route(f"{CHECKOUT}**", lambda route: route.fulfill(body="Stripe's page"))
            await page.goto(shop)
            await page.wait_for_selector(f'lastbook-campaign[state="{state}"]', state="attached", timeout=8_000)
            yield page, watch


async def fill_in(page: Page, *, quantity: int = 2) -> None:
    """What a guest fills in."""
    await page.get_by_label("Quantity").fill(str(quantity))
    if await page.get_by_label("E-mail").count():
        await page.get_by_label("E-mail").fill("guest@example.com")
    await page.get_by_label("I agree to the terms").check()


async def join(page: Page, *, quantity: int = 2) -> None:
    await fill_in(page, quantity=quantity)
    await page.get_by_role("button", name="Join").click()


async def test_p10_the_deadline_is_the_servers_and_the_ticking_digits_are_for_the_eye_only(
    browser: Browser, api: FakeApi, api_url: str
) -> None:
    async with open_campaign(browser, api_url, timezone_id="UTC", locale="en-US") as (page, watch):
        time = page.locator("lastbook-campaign time")
        assert await time.get_attribute("datetime") == api.campaign.card()["ends_at"]
        assert f"{api.campaign.ends_at:%B %-d, %Y}" in await time.inner_text()
        digits = page.locator("[part=left]")
        assert await digits.get_attribute("aria-hidden") == "true"
        before = await page.evaluate(DIGITS)
        assert before.startswith("2 d 02:59:")
        await page.wait_for_function(f"(before) => {DIGITS} !== before", arg=before)
        tree = await page.locator("lastbook-campaign").aria_snapshot()
        assert "02:59" not in tree
    assert watch.errors == []


async def test_p10_a_page_whose_clock_is_wrong_counts_by_the_servers(
    browser: Browser, api: FakeApi, api_url: str
) -> None:
    api.campaign.clock_ahead = timedelta(days=400)
    async with open_campaign(browser, api_url) as (page, _):
        assert (await page.evaluate(DIGITS)).startswith("2 d 02:59:")


async def test_p10_at_the_end_the_server_says_what_is_true_then(browser: Browser, api: FakeApi, api_url: str) -> None:
    api.campaign.ends_in = timedelta(seconds=3)
    async with open_campaign(browser, api_url) as (page, _):
        api.campaign.changes = {"state": "closed", "joinable": False}
        await page.wait_for_selector("lastbook-campaign[state=ended]", timeout=8_000)
        assert await page.get_by_text("Closed. The count tells if it is made").count() == 1
        assert await page.get_by_role("button").count() == 0
        assert await page.locator("[part=left]").count() == 0
    assert len(api.campaign.told("campaigns")) == 2


async def test_p10_an_end_that_the_server_does_not_move_is_asked_about_once(
    browser: Browser, api: FakeApi, api_url: str
) -> None:
    api.campaign.ends_in = timedelta(seconds=2)
    async with open_campaign(browser, api_url) as (page, _):
        await page.wait_for_timeout(4_500)
        assert await page.evaluate(DIGITS) == "0 d 00:00:00"
    assert len(api.campaign.told("campaigns")) == 2


async def test_p10_what_is_left_is_told_only_where_the_server_tells_it(
    browser: Browser, api: FakeApi, api_url: str
) -> None:
    async with open_campaign(browser, api_url) as (page, _):
        assert await page.get_by_text("Left:").count() == 0
        assert await page.get_by_role("progressbar", name="65% of what it takes").get_attribute("value") == "65"
        api.campaign.changes = {"remaining": 7, "extended": True}
        await page.evaluate("document.querySelector('lastbook-campaign').refresh()")
        await page.get_by_text("Left: 7").wait_for()
        assert await page.get_by_text("The end was put off once.").count() == 1


async def test_p10_a_campaign_that_nobody_joined_yet_shows_a_bar_at_nothing(
    browser: Browser, api: FakeApi, api_url: str
) -> None:
    """One without a value would look as if something were under way."""
    api.campaign.changes = {"progress_percent": 0}
    async with open_campaign(browser, api_url) as (page, _):
        assert await page.get_by_role("progressbar").get_attribute("value") == "0"


async def test_p10_without_an_end_nothing_is_counted_down(browser: Browser, api: FakeApi, api_url: str) -> None:
    api.campaign.changes = {"ends_at": None, "minimum_units": 0}
    async with open_campaign(browser, api_url) as (page, watch):
        assert await page.locator("time, progress, [part=left]").count() == 0
        assert await page.get_by_role("button", name="Join").count() == 1
    assert watch.errors == []


async def test_p10_less_motion_is_a_deadline_without_ticking(browser: Browser, api: FakeApi, api_url: str) -> None:
    async with open_campaign(browser, api_url, reduced_motion="reduce") as (page, _):
        assert await page.locator("[part=left]").is_hidden()
        assert await page.locator("lastbook-campaign time").is_visible()


@pytest.mark.parametrize(
    ("changes", "words", "state"),
    [
        ({"state": "scheduled", "joinable": False}, "Preorders have not begun.", "ready"),
        ({"state": "paused", "joinable": False}, "Preorders are paused", "ready"),
        ({"state": "open", "joinable": False}, "Sold out", "ready"),
        ({"state": "early_access"}, "Open to those who were invited", "ready"),
        ({"state": "closed", "joinable": False}, "The count tells if it is made", "ended"),
        ({"state": "failed", "joinable": False}, "what was paid is returned", "ended"),
        ({"state": "cancelled", "joinable": False}, "Cancelled.", "ended"),
        ({"state": "confirmed", "joinable": False}, "Enough joined", "ended"),
        ({"state": "shipping", "joinable": False}, "Enough joined", "ended"),
    ],
)
async def test_p1_a_campaign_that_is_not_open_says_so_and_cannot_be_joined(
    browser: Browser, api: FakeApi, api_url: str, changes: dict[str, Any], words: str, state: str
) -> None:
    api.campaign.changes = changes
    async with open_campaign(browser, api_url, state=state) as (page, watch):
        assert await page.get_by_text(words).count() == 1
        assert await page.get_by_role("button", name="Join").count() == 0
    assert watch.errors == []


async def test_p5_who_is_known_may_ask_to_be_told_and_comes_early(browser: Browser, api: FakeApi, api_url: str) -> None:
    api.campaign.changes = {"state": "scheduled", "joinable": False}
    async with open_campaign(browser, api_url, token="token") as (page, _):
        await page.get_by_role("button", name="Tell me when it begins").click()
        await page.get_by_text("You are on the list.").wait_for()
        api.campaign.changes = {"state": "early_access"}
        await page.evaluate("document.querySelector('lastbook-campaign').refresh()")
        await page.get_by_role("button", name="Join").wait_for()
    assert [one["campaign"] for one in api.campaign.told("campaigns:interest")] == ["winter"]


async def test_p4_a_guest_joins_and_is_led_to_the_payment(browser: Browser, api: FakeApi, api_url: str) -> None:
    async with open_campaign(browser, api_url) as (page, watch):
        await page.get_by_label("Choose").select_option(label="Winter Boot · 39")
        await fill_in(page)
        assert await page.get_by_text("Total: $496.00").count() == 1
        assert await page.get_by_text("Today: 20% deposit.").count() == 1
        assert await page.locator("option:disabled").inner_text() == "Winter Boot · 40 · Sold out"
        await page.get_by_role("button", name="Join").click()
        await page.wait_for_url(CHECKOUT)
    asked = {
        "key": "lb_pk_test",
        "campaign": "winter",
        "product": "LS-401",
        "variant": "LS-401-39",
        "quantity": 2,
        "terms_version": "v1",
        "locale": "en",
        "guest_email": "guest@example.com",
    }
    assert api.campaign.told("preorders:open") == [asked]
    assert watch.errors == []


async def test_p4_who_comes_back_from_the_payment_sees_what_they_have(
    browser: Browser, api: FakeApi, api_url: str
) -> None:
    api.campaign.preorder(fulfilment="joined", payment="deposit_paid", paid_minor=9_920, charge_on="2026-12-15")
    body = CAMPAIGN.replace("signin=", f"link='https://lastbook.example/p/v1/preorder/{SECRET}' signin=")
    async with open_campaign(browser, api_url, body) as (page, _):
        await page.get_by_text("You have joined.").wait_for()
        assert await page.get_by_text("Quantity 2, total $496.00, paid $99.20").count() == 1
        assert await page.get_by_text("Charged on December 15, 2026").count() == 1
        assert await page.get_by_role("button").count() == 0
    assert [(what, asked["link"]) for what, asked in api.campaign.asked] == [("campaigns", SECRET)]


async def test_p4_a_payment_that_did_not_come_is_mended_by_a_shopper_who_is_known(
    browser: Browser, api: FakeApi, api_url: str
) -> None:
    api.campaign.preorder(fulfilment="confirmed", payment="action_required")
    async with open_campaign(browser, api_url, token="token") as (page, _):
        await page.get_by_text("The payment did not come.").wait_for()
        await page.get_by_role("button", name="Go to the payment").click()
        await page.wait_for_url(CHECKOUT)
    assert api.campaign.told("preorders:pay") == [{"key": "lb_pk_test", "token": "token", "preorder": "P1"}]


@pytest.mark.parametrize("stopped", [True, False])
async def test_a_shop_may_go_on_itself(browser: Browser, api: FakeApi, api_url: str, *, stopped: bool) -> None:
    async with open_campaign(browser, api_url, CAMPAIGN if stopped else EVENT) as (page, _):
        if stopped:
            await page.evaluate("document.addEventListener('lastbook:reserve', (event) => event.preventDefault())")
        await join(page)
        await page.get_by_text("Your place is kept until").wait_for()
        assert (await page.evaluate("said"))[0]["preorder_id"] == "P1"
        assert "stripe" not in page.url


@pytest.mark.parametrize(
    "address", ["javascript:document.title='owned'", "http://elsewhere.example/pay", "data:text/html,x", "not one"]
)
async def test_nobody_is_led_to_a_payment_page_that_is_not_encrypted(
    browser: Browser, api: FakeApi, api_url: str, address: str
) -> None:
    api.campaign.checkout_url = address
    async with open_campaign(browser, api_url) as (page, _):
        before = page.url
        await join(page)
        await page.get_by_text("No answer came.").wait_for()
        assert (page.url, await page.title()) == (before, "Shop")


async def test_a_payment_page_on_this_machine_needs_no_encryption(browser: Browser, api: FakeApi, api_url: str) -> None:
    api.campaign.checkout_url = f"{api_url}/w/v1/lastbook.css"
    async with open_campaign(browser, api_url) as (page, _):
        await join(page)
        await page.wait_for_url(api.campaign.checkout_url)


@pytest.mark.parametrize(
    ("status", "code", "words"),
    [
        (409, "campaign_sold_out", "Not so many are left."),
        (409, "shopper_cap_reached", "as many as one person may"),
        (409, "order_cap_reached", "more than one order may hold"),
        (409, "campaign_not_open", "It takes no preorders now."),
        (403, "early_access_only", "Those who were invited come first."),
        (403, "sign_in_needed", "Please sign in to join."),
        (409, "terms_changed", "The terms have changed."),
        (422, "invalid", "Please check what you entered."),
        (401, "unauthenticated", "Please sign in again."),
        (429, "too_many_requests", "Too many are asking."),
        (500, "internal", "No answer came."),
    ],
)
async def test_p2_a_refusal_is_said_in_words_and_what_was_entered_stays(
    browser: Browser, api: FakeApi, api_url: str, status: int, code: str, words: str
) -> None:
    api.campaign.refusal = status, code
    async with open_campaign(browser, api_url) as (page, watch):
        await join(page)
        await page.get_by_role("status").get_by_text(words).wait_for()
        assert await page.get_by_label("E-mail").input_value() == "guest@example.com"
        assert await page.get_by_role("button", name="Join").is_enabled()
    assert watch.errors == []


async def test_p4_with_payments_out_of_reach_the_place_is_kept_and_can_be_paid_later(
    browser: Browser, api: FakeApi, api_url: str
) -> None:
    api.campaign.refusal = 503, "payments_down"
    async with open_campaign(browser, api_url) as (page, _):
        await join(page)
        await page.get_by_text("payments are out of reach").wait_for()
        await page.get_by_role("button", name="Go to the payment").click()
        await page.wait_for_url(CHECKOUT)
    assert [one["link"] for one in api.campaign.told("preorders:pay")] == [SECRET]


async def test_two_taps_are_one_preorder(browser: Browser, api: FakeApi, api_url: str) -> None:
    api.campaign.slow_seconds = 1.0
    async with open_campaign(browser, api_url, EVENT) as (page, _):
        await join(page)
        button = page.get_by_role("button", name="Join")
        assert await button.is_disabled()
        await button.click(force=True)
        await page.get_by_text("Your place is kept until").wait_for()
    assert len(api.campaign.told("preorders:open")) == 1


async def test_nothing_is_sent_before_the_terms_are_agreed_to_and_the_address_is_one(
    browser: Browser, api: FakeApi, api_url: str
) -> None:
    async with open_campaign(browser, api_url) as (page, _):
        button = page.get_by_role("button", name="Join")
        await button.click()
        await page.get_by_label("E-mail").fill("nobody")
        await page.get_by_label("I agree to the terms").check()
        await button.click()
        await page.get_by_label("E-mail").fill("guest@example.com")
        await page.get_by_label("Quantity").fill("4")
        await button.click()
    assert api.campaign.told("preorders:open") == []


async def test_a_limit_for_each_shopper_asks_a_guest_to_sign_in(browser: Browser, api: FakeApi, api_url: str) -> None:
    api.campaign.changes = {"per_shopper": 2}
    async with open_campaign(browser, api_url) as (page, _):
        assert await page.get_by_role("link", name="Sign in").count() == 1
        assert await page.get_by_role("button").count() == 0


async def test_p3_who_comes_early_sees_the_price_of_the_next_and_of_later(
    browser: Browser, api: FakeApi, api_url: str
) -> None:
    product = api.campaign.card()["products"][0]
    cheaper = [{**variant, "price_minor": 19_800} for variant in product["variants"]]
    api.campaign.changes = {
        "products": [{**product, "variants": cheaper}],
        "payment": {"mode": "card_saved", "charge_within_days": 14},
    }
    async with open_campaign(browser, api_url) as (page, _):
        assert await page.locator("[part=price]").inner_text() == "$198.00"
        assert await page.get_by_text("later $248.00. You see the exact total before you pay.").count() == 1
        assert await page.get_by_text("Today your card is only saved.").count() == 1
        day = page.get_by_label("Day of the charge")
        first, last = api.campaign.ends_at.date(), (api.campaign.ends_at + timedelta(days=14)).date()
        assert (await day.get_attribute("min"), await day.get_attribute("max")) == (str(first), str(last))
        await day.fill(str(last))
        await join(page)
        await page.wait_for_url(CHECKOUT)
    assert api.campaign.told("preorders:open")[0]["charge_on"] == str(last)


@pytest.mark.parametrize(("exists", "status", "state"), [(False, 200, "empty"), (True, 500, "error")])
async def test_without_a_campaign_the_shops_own_children_stay(
    browser: Browser, api: FakeApi, api_url: str, *, exists: bool, status: int, state: str
) -> None:
    api.campaign.exists, api.campaign.status = exists, status
    async with open_campaign(browser, api_url, state=state) as (page, watch):
        assert await page.locator("#own").is_visible()
        assert await page.get_by_role("button").count() == 0
    assert watch.errors == []


async def test_who_signs_out_leaves_no_preorder_on_the_page(browser: Browser, api: FakeApi, api_url: str) -> None:
    api.campaign.preorder(fulfilment="joined", payment="paid")
    async with open_campaign(browser, api_url, token="token") as (page, _):
        await page.get_by_text("You have joined.").wait_for()
        await page.evaluate("lastbook.reset()")
        await page.get_by_role("button", name="Join").wait_for()
        assert await page.get_by_text("You have joined.").count() == 0


async def test_who_is_known_no_longer_sees_what_anybody_may_and_is_asked_to_sign_in(
    browser: Browser, api: FakeApi, api_url: str
) -> None:
    api.campaign.known = False
    async with open_campaign(browser, api_url, token="yesterday") as (page, watch):
        await page.get_by_role("status").get_by_text("Please sign in again.").wait_for()
        assert await page.get_by_role("button", name="Join").count() == 1
    assert [what for what, _ in api.campaign.asked] == ["campaigns"]
    assert watch.errors == []


async def test_markup_in_a_campaign_stays_text(browser: Browser, api: FakeApi, api_url: str) -> None:
    evil = "<img src=x onerror=\"document.title='owned'\">{0}"
    api.campaign.changes = {"title": evil, "description": evil, "terms": evil, "withdrawal_notice": evil}
    body = CAMPAIGN.replace("signin='/sign-in'", "signin=\"javascript:document.title='owned'\"")
    async with open_campaign(browser, api_url, body) as (page, watch):
        assert await page.get_by_role("heading").inner_text() == evil
        assert await page.locator("lastbook-campaign :is(script, img)").count() == 0
        assert await page.title() == "Shop"
    assert watch.errors == []


@pytest.mark.parametrize("width", [390, 1280])
async def test_the_element_passes_axe_and_the_strict_policy_on_phone_and_desktop(
    browser: Browser, api: FakeApi, api_url: str, width: int
) -> None:
    body = f"<h1>Boots</h1>{CAMPAIGN}"
    viewport = {"width": width, "height": 900}
    api.campaign.refusal = 409, "campaign_sold_out"
    api.campaign.changes = {"terms": "word " * 400}
    async with open_campaign(browser, api_url, body, viewport=viewport) as (page, _):
        await page.get_by_text("Terms, cancellation and seller").click()
        await join(page)
        await page.get_by_text("Not so many are left.").wait_for()
        assert await page.evaluate("broken") == []
        assert await page.evaluate("document.documentElement.scrollWidth") <= width
        touched = page.locator(
            "lastbook-campaign :is(label:has([type=checkbox]), select, [part=field], button, summary)"
        )
        boxes = [await target.bounding_box() for target in await touched.all()]
        assert min(box["height"] for box in boxes if box) >= 44
    async with open_campaign(browser, api_url, body, viewport=viewport, bypass_csp=True) as (page, watch):
        await page.get_by_text("Terms, cancellation and seller").click()
        found = await Axe().run(page, options={"runOnly": {"type": "tag", "values": AXE_TAGS}})
    assert found.violations_count == 0, found.generate_report()
    assert watch.errors == []


async def test_the_words_follow_the_language_of_the_page(browser: Browser, api: FakeApi, api_url: str) -> None:
    with serve(build_bare_shop(api_url, CAMPAIGN)) as shop:
        async with open_page(browser) as (page, watch):
            await page.add_init_script(
                "new MutationObserver(() => document.documentElement && (document.documentElement.lang = 'zh-CN'))"
                ".observe(document, { childList: true })"
            )
            await page.goto(shop)
            await page.get_by_role("button", name="确认预购并承担付款义务").wait_for()
    assert api.campaign.told("campaigns")[0]["locale"] == "zh-CN"
    assert watch.errors == []
