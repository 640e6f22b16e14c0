"""<lastbook-again> in a browser: what is due, buying it again, later, not any more, undo."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Browser, Page

from tests.support.polling import until
from tests.widgets.fake_api import FakeApi
from tests.widgets.support import Watch, build_bare_shop, open_page, serve

AGAIN = "<lastbook-again><p id='own'>The shop's own</p></lastbook-again>"
AXE_TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
NOTE = """() => {
  window.said = []; window.broken = [];
  for (const name of ["ready", "error", "empty", "reorder", "snooze", "stop", "undo",
    "impression", "click"])
    document.addEventListener("lastbook:" + name, (event) => said.push([name, event.detail]));
  document.addEventListener("securitypolicyviolation", (event) => broken.push(event.violatedDirective));
}"""
SHIFT = """() => new Promise((done) => {
  let sum = 0;
  new PerformanceObserver((list) => list.getEntries().forEach((entry) => (sum += entry.value)))
    .observe({ type: "layout-shift", buffered: true });
  setTimeout(() => done(sum), 300);
})"""


@asynccontextmanager
async def open_again(
    browser: Browser,
    api_url: str,
    body: str = AGAIN,
    *,
    token: str | None = "token",
    state: str = "ready",
    language: str = "en",
    **options: Any,
) -> AsyncIterator[tuple[Page, Watch]]:
    """A page with the element, in the state that is waited for."""
    script = "data-key='lb_pk_test'" + (f" data-token='{token}'" if token else "")
    head = f"<script>document.documentElement.lang = '{language}'</script>" if language != "en" else ""
    with serve(build_bare_shop(api_url, body, script=script, head=head)) as shop:
        async with open_page(browser, **options) as (page, watch):
            page.set_default_timeout(6_000)
            await page.add_init_script(f"({NOTE})()")
            if language != "en":
                await page.add_init_script(
                    "new MutationObserver((_, one) => document.documentElement"
                    f" && (document.documentElement.lang = '{language}', one.disconnect()))"
                    ".observe(document, { childList: true })"
                )
            await page.goto(shop)
            await page.wait_for_selector(f'lastbook-again[state="{state}"]', state="attached", timeout=8_000)
            yield page, watch


async def said(page: Page, name: str) -> list[Any]:
    return [detail for other, detail in await page.evaluate("said") if other == name]


async def test_i6_what_is_due_stands_in_the_page_with_its_day_and_interval(
    browser: Browser, api: FakeApi, api_url: str
) -> None:
    api.again.add("soap")
    api.again.add("rice", runs_out_on="2025-04-20", sale_price_minor=399)
    async with open_again(browser, api_url, AGAIN.replace("again>", "again limit='5' horizon='30'>", 1)) as (
        page,
        watch,
    ):
        rows = page.get_by_role("listitem")
        assert await page.get_by_role("heading", name="Soon to be used up").count() == 1
        first, second = await rows.nth(0).inner_text(), await rows.nth(1).inner_text()
        assert await page.locator("#own").count() == 0
        assert await page.evaluate("broken") == []
    for words in ("Title of soap", "Lasts until about May 1", "Probably Apr 20 to May 12", "$4.50", "Buy 2 again"):
        assert words in first
    for words in ("Used up since about Apr 20", "$3.99"):
        assert words in second
    assert api.again.asked == [("list", {"key": "lb_pk_test", "token": "token", "limit": 5, "horizon_days": 30})]
    assert watch.errors == []


async def test_i6_one_tap_asks_the_shop_to_put_it_into_the_cart(browser: Browser, api: FakeApi, api_url: str) -> None:
    api.again.add("soap", quantity=3, variant="lavender")
    async with open_again(browser, api_url) as (page, _):
        await page.get_by_role("button", name="Buy 3 again Title of soap").click()
        await page.locator(".lastbook-note", has_text="On its way to your basket.").wait_for()
        (detail,) = await said(page, "reorder")
        assert (detail["product"], detail["quantity"], detail["variant"]) == ("soap", 3, "lavender")
        assert await page.evaluate("document.activeElement.className") == "lastbook-reorder"
    assert api.again.acts() == []


async def test_b10_what_is_done_with_what_is_due_carries_its_token(
    browser: Browser, api: FakeApi, api_url: str
) -> None:
    api.again.add("soap")
    async with open_again(browser, api_url) as (page, _):

        async def seen() -> bool:
            return len(await said(page, "impression")) == 1

        async def arrived() -> bool:
            return len(api.beacons) > 0

        await until(seen, seconds=5)
        await page.get_by_role("button", name="Buy 2 again").click()
        await page.evaluate("addEventListener('click', (event) => event.preventDefault())")
        await page.get_by_role("link").first.click()
        await page.evaluate("lastbook.navigate()")
        await until(arrived, seconds=5)
    told = [(event["type"], event["product"], event["slot"], event["token"]) for event in api.beacons[0]["events"]]
    assert told == [(kind, "soap", "again", "again soap") for kind in ("impression", "cart", "click")]


async def test_i6_a_shop_that_cancels_the_reorder_says_the_rest_itself(
    browser: Browser, api: FakeApi, api_url: str
) -> None:
    api.again.add("soap")
    async with open_again(browser, api_url) as (page, _):
        await page.evaluate("addEventListener('lastbook:reorder', (event) => event.preventDefault())")
        await page.get_by_role("button", name="Buy 2 again").click()
        assert len(await said(page, "reorder")) == 1
        assert await page.locator(".lastbook-note").count() == 0
        assert await page.get_by_role("button", name="Later").count() == 1


async def test_i6_later_and_not_any_more_can_be_undone_by_keyboard(
    browser: Browser, api: FakeApi, api_url: str
) -> None:
    api.again.add("soap")
    api.again.add("rice")
    async with open_again(browser, api_url) as (page, watch):
        status = page.get_by_role("status")
        await page.get_by_role("button", name="Later Title of soap").focus()
        await page.keyboard.press("Enter")
        await page.get_by_role("button", name="Undo Title of soap").wait_for()
        assert await status.inner_text() == "We will show it again on May 2."
        await page.get_by_role("button", name="Not using it any more Title of rice").press("Space")
        await page.get_by_role("button", name="Undo Title of rice").wait_for()
        assert await page.evaluate("document.activeElement.textContent") == "UndoTitle of rice"
        await page.keyboard.press("Enter")
        await page.get_by_role("button", name="Buy 2 again Title of rice").wait_for()
        assert await status.inner_text() == "It is back on your list."
        assert await page.evaluate("document.activeElement.textContent") == "LaterTitle of rice"
        assert await said(page, "snooze") == [{"product": "soap", "until": "2025-05-02T12:00:00Z"}]
        assert [one["product"] for name in ("stop", "undo") for one in await said(page, name)] == ["rice", "rice"]
    assert api.again.acts() == [("snooze", "soap"), ("stop", "rice"), ("undo", "rice")]
    assert api.again.chosen == {"soap": "snoozed", "rice": "listed"}
    assert watch.errors == []


async def test_i6_quick_taps_on_several_rows_are_all_kept(browser: Browser, api: FakeApi, api_url: str) -> None:
    for n in range(4):
        api.again.add(f"p{n}")
    async with open_again(browser, api_url) as (page, _):
        api.again.seconds = 0.1
        await page.evaluate("document.querySelectorAll('.lastbook-later').forEach((button) => button.click())")
        await page.locator(".lastbook-undo").nth(3).wait_for()
    assert api.again.acts() == [("snooze", f"p{n}") for n in range(4)]


async def test_i6_a_choice_that_does_not_arrive_changes_nothing_and_says_so(
    browser: Browser, api: FakeApi, api_url: str
) -> None:
    api.again.add("soap")
    async with open_again(browser, api_url) as (page, watch):
        api.again.status = 503
        await page.get_by_role("button", name="Later").click()
        await page.get_by_text("That did not work. Please try again.").wait_for(state="attached")
        assert await page.get_by_role("button", name="Buy 2 again").count() == 1
        api.again.status = 200
        await page.get_by_role("button", name="Later").click()
        await page.get_by_role("button", name="Undo").wait_for()
    assert watch.errors == []


async def test_i6_a_stranger_sees_the_shops_own_and_nothing_is_asked(
    browser: Browser, api: FakeApi, api_url: str
) -> None:
    api.again.add("soap")
    async with open_again(browser, api_url, token=None, state="empty") as (page, watch):
        assert await page.locator("#own").is_visible()
        assert api.again.asked == []
        await page.evaluate("lastbook.identify('token')")
        await page.wait_for_selector('lastbook-again[state="ready"]')
        assert await page.locator("#own").count() == 0
        await page.evaluate("lastbook.reset()")
        await page.wait_for_selector('lastbook-again[state="empty"]')
        assert await page.locator("#own").is_visible()
        assert await page.get_by_text("Title of soap").count() == 0
    assert watch.errors == []


@pytest.mark.parametrize(("trouble", "state"), [("empty", "empty"), ("down", "error"), ("slow", "error")])
async def test_i6_with_nothing_to_show_the_shops_own_stay_and_nothing_moves(
    browser: Browser, api: FakeApi, api_url: str, trouble: str, state: str
) -> None:
    if trouble != "empty":
        api.again.add("soap")
    api.again.status = 500 if trouble == "down" else 200
    api.again.seconds = 2 if trouble == "slow" else 0
    async with open_again(browser, api_url, state=state) as (page, watch):
        assert await page.locator("#own").is_visible()
        assert await page.evaluate(SHIFT) == 0
    assert watch.errors == []


async def test_i6_markup_in_the_catalogue_stays_text_and_foreign_addresses_stay_out(
    browser: Browser, api: FakeApi, api_url: str
) -> None:
    hostile = "<img src=x onerror='window.hacked=1'>"
    api.again.add("soap", title=hostile, currency=hostile, image="javascript:window.hacked=1")
    api.again.add("rice", url="javascript:window.hacked=1")
    async with open_again(browser, api_url) as (page, watch):
        assert hostile in await page.locator(".lastbook-title").inner_text()
        assert await page.get_by_role("listitem").count() == 1
        assert await page.locator("lastbook-again img").count() == 0
        assert await page.evaluate("window.hacked") is None
        assert await page.evaluate("broken") == []
    assert watch.errors == []


async def test_i6_chinese_pages_are_spoken_to_in_chinese(browser: Browser, api: FakeApi, api_url: str) -> None:
    api.again.add("soap")
    async with open_again(browser, api_url, language="zh-CN") as (page, _):
        words = await page.get_by_role("listitem").inner_text()
    for one in ("大约可用到5月1日", "可能在4月20日至5月12日之间", "再买2件", "以后再说", "不再使用"):
        assert one in words


@pytest.mark.parametrize("direction", ["ltr", "rtl"])
@pytest.mark.parametrize("width", [320, 1280])
async def test_i6_targets_are_large_nothing_overflows_and_axe_finds_nothing(
    browser: Browser, api: FakeApi, api_url: str, width: int, direction: str
) -> None:
    api.again.add("soap", title="A title that is rather long and goes on for several lines, unbroken" + "wide" * 20)
    api.again.add("rice")
    options: dict[str, Any] = {
        "viewport": {"width": width, "height": 800},
        "bypass_csp": True,
        "reduced_motion": "reduce",
    }
    async with open_again(browser, api_url, f"<h1>Shop</h1><div dir='{direction}'>{AGAIN}</div>", **options) as (
        page,
        _,
    ):
        await page.get_by_role("button", name="Later Title of rice").click()
        await page.get_by_role("button", name="Undo").wait_for()
        buttons = await page.locator("lastbook-again button").all()
        boxes = [await button.bounding_box() for button in buttons]
        assert await page.evaluate("document.documentElement.scrollWidth") == width
        found = await Axe().run(page, options={"runOnly": {"type": "tag", "values": AXE_TAGS}})
    assert len(boxes) == 4
    assert all(box and box["height"] >= 44 and box["width"] >= 44 for box in boxes)
    assert found.violations_count == 0, found.generate_report()


async def test_i6_a_click_on_a_product_is_told_and_leads_to_it(browser: Browser, api: FakeApi, api_url: str) -> None:
    api.again.add("soap")
    async with open_again(browser, api_url) as (page, _):
        await page.evaluate("addEventListener('click', (event) => event.preventDefault())")
        await page.get_by_role("link", name="Title of soap").click()
        assert await page.get_by_role("link").get_attribute("href") == "https://shop.example/p/soap"
        await page.evaluate("dispatchEvent(new Event('pagehide'))")
        await page.wait_for_timeout(200)
    assert [(event["product"], event["slot"]) for event in api.events("click")] == [("soap", "again")]
