"""<lastbook-custom> in a browser: options, price, fit and order, against an API whose behaviour the test chooses."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Browser, Page

from tests.widgets.fake_api import FakeApi
from tests.widgets.fake_options import NOTICE, Behaviour
from tests.widgets.support import Watch, build_bare_shop, open_page, serve

CUSTOM = (
    "<lastbook-custom product='LS-101' measure='#measure' signin='/sign-in'>"
    "<p id='own'>The shop's own</p></lastbook-custom>"
)
AXE_TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
NOTE = """() => {
  window.said = []; window.broken = [];
  for (const name of ["loading", "ready", "add", "empty", "error", "ended"])
    document.addEventListener("lastbook:" + name, (event) => said.push([name, event.detail]));
  document.addEventListener("securitypolicyviolation", (event) => broken.push(event.violatedDirective));
}"""


@asynccontextmanager
async def open_custom(
    browser: Browser,
    api_url: str,
    body: str = CUSTOM,
    *,
    token: str | None = "token",
    state: str = "ready",
    **options: object,
) -> AsyncIterator[tuple[Page, Watch]]:
    """A page with the element, in the state that is waited for."""
    script = "data-key='lb_pk_test'" + (f" data-token='{token}'" if token else "")
    with serve(build_bare_shop(api_url, body, script=script)) as shop:
        async with open_page(browser, **options) as (page, watch):
            await page.add_init_script(f"({NOTE})()")
            await page.goto(shop)
            await page.wait_for_selector(f'lastbook-custom[state="{state}"]', state="attached", timeout=8_000)
            yield page, watch


def make_ready(api: FakeApi) -> None:
    """Both measurements are on record."""
    api.record.consent = True
    api.record.add("staff", foot_length_left=2543, ball_girth_left=2410)


async def price(page: Page) -> str:
    return await page.locator("[part=price]").inner_text()


async def settled(page: Page, shown: str) -> None:
    await page.locator("[part=price]", has_text=shown).wait_for()
    await page.locator("[part=total][aria-busy=false]").wait_for()


async def test_c3_options_are_form_controls_and_each_choice_is_priced_by_the_server(
    browser: Browser, api: FakeApi, api_url: str
) -> None:
    async with open_custom(browser, api_url) as (page, watch):
        assert await price(page) == "$134.00"  # with the initials of the record
        await page.get_by_role("radio", name="Leather").check()
        await settled(page, "$154.00")
        await page.get_by_label("Colour").select_option("jade")
        await page.get_by_role("spinbutton", name="Extra layers").fill("2")
        await settled(page, "$156.00")
        await page.get_by_label("Initials").fill("ABC")
        await settled(page, "$159.00")
        assert await page.get_by_role("group").count() == 2
        assert await page.get_by_text("Base price $128.00 · Sole +$20.00").count() == 1
        assert await page.locator("#own").is_hidden()
    assert api.options.asked[-1]["answers"] == {"sole": "leather", "colour": "jade", "layers": 2, "initials": "ABC"}
    assert api.options.asked[-1]["locale"] == "en"
    assert watch.errors == []


async def test_c3_typing_is_one_question_and_keeps_the_keyboard_where_it_is(
    browser: Browser, api: FakeApi, api_url: str
) -> None:
    async with open_custom(browser, api_url) as (page, _):
        field = page.get_by_label("Initials")
        await field.fill("")
        await field.press_sequentially("XYZ", delay=20)
        await settled(page, "$137.00")
        assert await page.evaluate("document.querySelector('lastbook-custom').shadowRoot.activeElement.value") == "XYZ"
        await field.press("Home")
        await field.press("Delete")
        await settled(page, "$134.00")
        assert await field.input_value() == "YZ"
    assert [one["answers"].get("initials") for one in api.options.asked] == [None, "XYZ", "YZ"]


async def test_c3_an_answer_to_an_older_question_is_dropped(browser: Browser, api: FakeApi, api_url: str) -> None:
    async with open_custom(browser, api_url) as (page, _):
        api.options.behaviour, api.options.slow_seconds = "slow", 1.0
        async with page.expect_request("**/configure"):
            await page.get_by_role("radio", name="Leather").check()
        api.options.behaviour = "ready"
        await page.get_by_role("radio", name="Rubber").check()
        await settled(page, "$129.00")
        await page.wait_for_timeout(1_200)
        assert await price(page) == "$129.00"
        assert await page.get_by_role("radio", name="Rubber").is_checked()


async def test_c3_a_conflict_is_said_beside_both_options_and_mended_by_one_tap(
    browser: Browser, api: FakeApi, api_url: str
) -> None:
    async with open_custom(browser, api_url) as (page, _):
        await page.get_by_role("radio", name="Wide").check()
        await page.get_by_role("radio", name="Leather").check()
        beside = page.get_by_role("group", name="Width").get_by_text("A leather sole is not made in wide.")
        await beside.wait_for()
        assert await page.get_by_role("group", name="Sole").get_by_text("A leather sole is not made").count() == 1
        await page.get_by_role("group", name="Width").get_by_role("button", name="Change Width to Regular").click()
        await settled(page, "$154.00")
        assert await beside.count() == 0
        assert await page.get_by_role("radio", name="Regular").is_checked()


async def test_c3_an_open_question_is_marked_only_once_an_order_was_tried(
    browser: Browser, api: FakeApi, api_url: str
) -> None:
    make_ready(api)
    async with open_custom(browser, api_url) as (page, _):
        assert await page.get_by_text("Sole is still to be chosen.").count() == 0
        await page.get_by_role("button", name="Add to basket").click()
        await page.get_by_text("Please look at the marked places.").wait_for()
        assert await page.get_by_text("Sole is still to be chosen.").count() == 1
        focused = "document.querySelector('lastbook-custom').shadowRoot.activeElement.name"
        assert await page.evaluate(focused) == "sole"
    assert api.options.quoted == []


async def test_c4_the_fit_says_what_is_on_record_and_invites_to_measure_the_rest(
    browser: Browser, api: FakeApi, api_url: str
) -> None:
    api.record.consent = True
    api.record.add("staff", foot_length_left=2543)
    async with open_custom(browser, api_url) as (page, _):
        assert await page.get_by_text("On record: Foot length").count() == 1
        assert await page.get_by_text("Still to measure: Ball girth").count() == 1
        invitation = page.get_by_role("link", name="Measure now")
        assert (await invitation.get_attribute("href") or "").endswith("/#measure")
        make_ready(api)
        await page.evaluate("document.dispatchEvent(new CustomEvent('lastbook:measure', { bubbles: true }))")
        await page.get_by_text("On record: Foot length, Ball girth").wait_for()
        assert await invitation.count() == 0


@pytest.mark.parametrize(
    ("token", "words", "link"),
    [
        (None, "Sign in to use your measurements.", "Sign in"),
        ("token", "You have not allowed us to use your measurements.", "Measure now"),
    ],
)
async def test_c4_a_stranger_signs_in_and_a_shopper_without_consent_is_told(
    browser: Browser, api: FakeApi, api_url: str, token: str | None, words: str, link: str
) -> None:
    async with open_custom(browser, api_url, token=token) as (page, _):
        assert await page.get_by_text(words).count() == 1
        assert await page.get_by_role("link", name=link).count() == 1


async def test_c10_the_withdrawal_notice_stands_above_the_button_before_an_order(
    browser: Browser, api: FakeApi, api_url: str
) -> None:
    async with open_custom(browser, api_url) as (page, _):
        notice, button = page.get_by_text(NOTICE), page.get_by_role("button", name="Add to basket")
        above, below = await notice.bounding_box(), await button.bounding_box()
        assert above is not None
        assert below is not None
        assert above["y"] + above["height"] <= below["y"]
        assert await button.get_attribute("aria-describedby") == await notice.get_attribute("id")


async def test_c8_the_promise_is_written_as_a_day_wherever_the_page_is_read(
    browser: Browser, api: FakeApi, api_url: str
) -> None:
    async with open_custom(browser, api_url, timezone_id="America/Los_Angeles") as (page, _):
        assert await page.get_by_text("Ready on December 8, 2026").count() == 1


async def test_c5_an_order_asks_for_a_quote_and_hands_it_to_the_shop(
    browser: Browser, api: FakeApi, api_url: str
) -> None:
    make_ready(api)
    body = CUSTOM.replace("measure=", "quantity='2' options='{\"sole\":\"leather\"}' measure=")
    async with open_custom(browser, api_url, body) as (page, _):
        await page.get_by_role("button", name="Add to basket").click()
        await page.get_by_text("In your basket. The price holds until December 6, 2026.").wait_for()
        added = [detail for name, detail in await page.evaluate("said") if name == "add"]
    assert [one["quote_id"] for one in added] == ["Q1"]
    assert api.options.quoted == [
        {
            "key": "lb_pk_test",
            "token": "token",
            "product": "LS-101",
            "locale": "en",
            "answers": {"width": "regular", "initials": "AL", "sole": "leather"},
            "quantity": 2,
            "expected_price_minor": 15_400,
        }
    ]


async def test_c5_a_shop_may_say_itself_that_it_is_in_the_basket(browser: Browser, api: FakeApi, api_url: str) -> None:
    make_ready(api)
    body = CUSTOM.replace("measure=", 'options=\'{"sole":"cloth"}\' measure=')
    async with open_custom(browser, api_url, body) as (page, _):
        await page.evaluate("document.addEventListener('lastbook:add', (event) => event.preventDefault())")
        async with page.expect_response("**/quotes"):
            await page.get_by_role("button", name="Add to basket").click()
        await page.wait_for_function("() => said.some(([name]) => name === 'add')")
        assert await page.get_by_text("In your basket.").count() == 0


async def test_c3_a_price_that_changed_meanwhile_is_said_and_not_ordered(
    browser: Browser, api: FakeApi, api_url: str
) -> None:
    make_ready(api)
    body = CUSTOM.replace("measure=", 'options=\'{"sole":"cloth"}\' measure=')
    async with open_custom(browser, api_url, body) as (page, _):
        api.options.base_minor = 13_800
        await page.get_by_role("button", name="Add to basket").click()
        await page.get_by_text("The price changed from $134.00 to $144.00. Nothing is ordered yet").wait_for()
        assert await price(page) == "$144.00"
        assert "add" not in [name for name, _ in await page.evaluate("said")]
        await page.get_by_role("button", name="Add to basket").click()
        await page.get_by_text("In your basket.").wait_for()
    assert [one["expected_price_minor"] for one in api.options.quoted] == [13_400, 14_400]


async def test_c3_a_choice_just_made_is_not_ordered_at_a_price_that_was_not_seen(
    browser: Browser, api: FakeApi, api_url: str
) -> None:
    make_ready(api)
    body = CUSTOM.replace("measure=", 'options=\'{"sole":"cloth"}\' measure=')
    async with open_custom(browser, api_url, body) as (page, _):
        await page.get_by_label("Initials").fill("ABC")
        await page.get_by_role("button", name="Add to basket").click()
        await page.get_by_text("The price changed from $134.00 to $137.00.").wait_for()
    assert api.options.quoted == []


async def test_c5_a_refused_quote_is_said_and_the_choices_stay(browser: Browser, api: FakeApi, api_url: str) -> None:
    make_ready(api)
    api.options.quote_status = 422
    body = CUSTOM.replace("measure=", 'options=\'{"sole":"cloth"}\' measure=')
    async with open_custom(browser, api_url, body) as (page, _):
        await page.get_by_role("button", name="Add to basket").click()
        await page.get_by_text("This could not be ordered.").wait_for()
        assert await page.get_by_role("radio", name="Stitched cloth").is_checked()


@pytest.mark.parametrize(
    ("behaviour", "state"),
    [
        ("slow", "error"),
        ("status 500", "error"),
        ("half json", "error"),
        ("status 404", "empty"),
        ("not on sale", "empty"),
    ],
)
async def test_without_an_answer_the_shops_own_children_stay(
    browser: Browser, api: FakeApi, api_url: str, behaviour: Behaviour, state: str
) -> None:
    api.options.behaviour, api.options.slow_seconds = behaviour, 7.0
    async with open_custom(browser, api_url, state=state) as (page, watch):
        assert await page.locator("#own").is_visible()
        assert await page.get_by_role("button").count() == 0
    assert watch.errors == []


async def test_a_module_that_does_not_come_leaves_the_page_as_it_was(
    browser: Browser, api: FakeApi, api_url: str
) -> None:
    with serve(build_bare_shop(api_url, CUSTOM)) as shop:
        async with open_page(browser) as (page, watch):
            await page.route("**/lastbook-custom-en.js", lambda route: route.abort())
            await page.goto(shop)
            await page.wait_for_selector("lastbook-custom[state=error]")
            assert await page.locator("#own").is_visible()
    assert watch.errors == []


async def test_a_later_failure_keeps_the_choices_and_can_be_tried_again(
    browser: Browser, api: FakeApi, api_url: str
) -> None:
    async with open_custom(browser, api_url) as (page, _):
        api.options.behaviour = "status 500"
        await page.get_by_role("radio", name="Leather").check()
        await page.wait_for_selector("lastbook-custom[state=error]")
        await page.get_by_text("Your choices are kept.").wait_for()
        assert await page.locator("[part=total][aria-busy=true]").count() == 1
        api.options.behaviour = "ready"
        await page.get_by_role("button", name="Try again").click()
        await settled(page, "$154.00")
        assert await page.get_by_role("radio", name="Leather").is_checked()
        assert await page.get_by_text("Your choices are kept.").count() == 0


async def test_a_product_that_is_no_longer_made_says_so(browser: Browser, api: FakeApi, api_url: str) -> None:
    async with open_custom(browser, api_url) as (page, _):
        api.options.behaviour = "status 404"
        await page.get_by_role("radio", name="Leather").click()
        await page.wait_for_selector("lastbook-custom[state=ended]")
        assert await page.get_by_role("status").inner_text() == "This product is no longer made to order."


async def test_markup_in_labels_and_messages_stays_text(browser: Browser, api: FakeApi, api_url: str) -> None:
    evil = "<img src=x onerror=\"document.title='owned'\"><script>document.title='owned'</script>{0}${1}"
    api.options.labels = dict.fromkeys(("sole", "width", "colour", "initials", "layers", "foot_length"), evil)
    body = CUSTOM.replace("signin='/sign-in'", "signin=\"javascript:document.title='owned'\"")
    async with open_custom(browser, api_url, body, token=None) as (page, watch):
        assert await page.locator("legend").first.inner_text() == evil
        assert await page.locator("lastbook-custom :is(script, img)").count() == 0
        assert await page.get_by_role("link").count() == 0
        assert await page.title() == "Shop"
        assert json.dumps(await page.evaluate("broken")) == "[]"
    assert watch.errors == []


@pytest.mark.parametrize("width", [390, 1280])
async def test_the_element_passes_axe_and_the_strict_policy_on_phone_and_desktop(
    browser: Browser, api: FakeApi, api_url: str, width: int
) -> None:
    body = f"<h1>Shoe</h1>{CUSTOM}"
    viewport = {"width": width, "height": 900}
    async with open_custom(browser, api_url, body, viewport=viewport) as (page, watch):
        await page.get_by_role("radio", name="Wide").check()
        await page.get_by_role("radio", name="Leather").check()
        await page.get_by_text("A leather sole is not made in wide.").first.wait_for()
        assert await page.evaluate("broken") == []
        assert await page.evaluate("document.documentElement.scrollWidth") <= width
        touched = ":is(label:has([type=radio]), select, input:not([type=radio]), button, a)"
        targets = page.locator(f"lastbook-custom {touched}")
        boxes = [await target.bounding_box() for target in await targets.all()]
        assert min(box["height"] for box in boxes if box) >= 44
    async with open_custom(browser, api_url, body, viewport=viewport, bypass_csp=True) as (page, watch):
        found = await Axe().run(page, options={"runOnly": {"type": "tag", "values": AXE_TAGS}})
    assert found.violations_count == 0, found.generate_report()
    assert watch.errors == []


async def test_the_words_follow_the_language_of_the_page(browser: Browser, api: FakeApi, api_url: str) -> None:
    with serve(build_bare_shop(api_url, CUSTOM)) as shop:
        async with open_page(browser) as (page, watch):
            await page.add_init_script(
                "new MutationObserver(() => document.documentElement && (document.documentElement.lang = 'zh-CN'))"
                ".observe(document, { childList: true })"
            )
            await page.goto(shop)
            await page.get_by_role("button", name="加入购物车").wait_for()
            assert await page.get_by_text("2026年12月8日完成").count() == 1
    assert api.options.asked[0]["locale"] == "zh-CN"
    assert watch.errors == []


async def test_another_product_is_another_question_without_the_choices_of_the_first(
    browser: Browser, api: FakeApi, api_url: str
) -> None:
    async with open_custom(browser, api_url) as (page, _):
        await page.get_by_role("radio", name="Leather").check()
        await settled(page, "$154.00")
        await page.evaluate("document.querySelector('lastbook-custom').setAttribute('product', 'LS-102')")
        await settled(page, "$134.00")
    assert (api.options.asked[-1]["product"], api.options.asked[-1]["answers"]) == ("LS-102", {})


async def test_the_module_is_fetched_only_where_such_an_element_is_near(
    browser: Browser, api: FakeApi, api_url: str
) -> None:
    tall = "<link rel='stylesheet' href='/tall.css'>"
    body = f"<pre>{'line<br>' * 200}</pre>{CUSTOM}"
    with serve(build_bare_shop(api_url, body, head=tall)) as shop:
        async with open_page(browser) as (page, _):
            asked: list[str] = []
            page.on("request", lambda request: asked.append(request.url.rpartition("/")[2]))
            await page.goto(shop)
            await page.wait_for_timeout(400)
            assert not any("custom" in name for name in asked)
            await page.evaluate("scrollTo(0, document.body.scrollHeight)")
            await page.wait_for_selector("lastbook-custom[state=ready]")
            assert "lastbook-custom-en.js" in asked
            assert not any("measure" in name for name in asked)
