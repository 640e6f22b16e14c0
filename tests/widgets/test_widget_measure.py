"""<lastbook-measure> in a browser: measuring, saving, history, deletion, and that lengths go nowhere but to us."""

import json
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Browser, Page, Request

from tests.widgets.fake_api import FakeApi
from tests.widgets.support import Watch, build_bare_shop, open_page, serve

MEASURE = (
    "<lastbook-measure profile='foot' fields='foot_length ball_girth' signin='/sign-in'>"
    "<p id='own'>The shop's own</p></lastbook-measure>"
)
AXE_TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
LENGTH = re.compile(r"\b(25\.43|254\.3|2543)\b")
NOTE = """() => {
  window.said = []; window.broken = [];
  for (const name of ["measure", "ready", "error", "empty"])
    document.addEventListener("lastbook:" + name, (event) => said.push([name, event.detail]));
  document.addEventListener("securitypolicyviolation", (event) => broken.push(event.violatedDirective));
}"""


@asynccontextmanager
async def open_measure(
    browser: Browser,
    api_url: str,
    body: str = MEASURE,
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
            await page.wait_for_selector(f'lastbook-measure[state="{state}"]', state="attached", timeout=8_000)
            yield page, watch


async def test_c1_measures_are_typed_per_side_and_saved_as_exact_tenths_with_consent(
    browser: Browser, api: FakeApi, api_url: str
) -> None:
    async with open_measure(browser, api_url) as (page, watch):
        await page.get_by_label("Foot length Left").fill("25.43")
        await page.get_by_label("Foot length Right").fill("25,5")
        await page.get_by_role("checkbox").check()
        await page.get_by_role("button", name="Save measurements").click()
        await page.get_by_text("Your measurements are saved.").wait_for()
        assert await page.get_by_role("checkbox").count() == 0
        assert await page.get_by_text("Measured by you, March 3, 2026").count() == 3  # both sides, and the history
        said = [detail for name, detail in await page.evaluate("said") if name == "measure"]
    saved = [question for what, question in api.record.asked if what == "save"]
    assert saved == [
        {
            "key": "lb_pk_test",
            "token": "token",
            "kind": "foot",
            "values": [
                {"key": "foot_length", "side": "left", "value": "254.3", "unit": "mm"},
                {"key": "foot_length", "side": "right", "value": "255", "unit": "mm"},
            ],
            "consent": {"text_version": "lastbook-measure-1-en"},
            "locale": "en",
        }
    ]
    assert said == [{"action": "save", "fields": ["foot_length"]}]
    assert watch.errors == []


async def test_b7_without_a_yes_nothing_is_sent(browser: Browser, api: FakeApi, api_url: str) -> None:
    async with open_measure(browser, api_url) as (page, _):
        await page.get_by_label("Ball girth Left").fill("24")
        await page.get_by_role("button", name="Save measurements").click()
        await page.get_by_text("the shop needs your permission").wait_for()
        active = "document.querySelector('lastbook-measure').shadowRoot.activeElement.id"
        assert await page.evaluate(active) == "consent"
    assert [what for what, _ in api.record.asked] == ["read"]


async def test_c1_switching_the_unit_a_hundred_times_changes_no_length(
    browser: Browser, api: FakeApi, api_url: str
) -> None:
    api.record.consent = True
    api.record.add("self", foot_length_left=2543, foot_length_right=2551)
    async with open_measure(browser, api_url, MEASURE.replace("profile", "unit='in' profile")) as (page, _):
        left = page.get_by_label("Foot length Left")
        assert await left.input_value() == "10.012"
        for _ in range(50):
            await page.get_by_role("radio", name="Centimetres").check()
            await page.get_by_role("radio", name="Inches").check()
        assert await left.input_value() == "10.012"
        await page.get_by_role("radio", name="Centimetres").check()
        assert await left.input_value() == "25.43"


async def test_c1_every_length_from_1_to_4000_survives_both_units_and_fractions_are_read(
    browser: Browser, api: FakeApi, api_url: str
) -> None:
    """Through the field itself: what is shown in inches, typed again, is the same number of tenths."""
    async with open_measure(browser, api_url, MEASURE.replace("profile", "unit='in' profile")) as (page, _):
        wrong = await page.evaluate(
            """() => {
              const root = document.querySelector("lastbook-measure").shadowRoot;
              const input = root.getElementById("foot_lengthleft"), [cm, inch] = root.querySelectorAll("[name=unit]");
              const type = (text) => { input.value = text; input.dispatchEvent(new Event("input")); };
              const wrong = [];
              for (let tenths = 1; tenths <= 4000; tenths += 7) {
                cm.click(); type(String(tenths / 100)); inch.click();
                type(input.value); cm.click();
                if (input.value !== String(tenths / 100)) wrong.push([tenths, input.value]);
              }
              inch.click(); type("10 1/4"); cm.click();
              return [wrong, input.value];
            }"""
        )
    assert wrong == [[], "26.04"]


@pytest.mark.parametrize(
    ("typed", "words", "refused"),
    [
        ("35", "Most people have 14 cm to 32 cm. Please measure once more.", False),
        ("254", "This must be from 7 cm to 40 cm.", True),
        ("long", "Please write a length, such as 25.4.", True),
    ],
)
async def test_c2_an_unusual_length_is_questioned_and_an_impossible_one_refused_in_place(
    browser: Browser, api: FakeApi, api_url: str, typed: str, words: str, refused: bool
) -> None:
    api.record.consent = True
    async with open_measure(browser, api_url) as (page, _):
        left = page.get_by_label("Foot length Left")
        await left.press_sequentially(typed)
        assert await page.get_by_text(words).count() == 0
        await left.press("Tab")
        await page.get_by_text(words).wait_for()
        assert await left.get_attribute("aria-invalid") == str(refused).lower()
        beside = await left.get_attribute("aria-describedby")
        assert await page.locator(f"#{beside}").inner_text() == words
        await page.get_by_role("button", name="Save measurements").click()
        said = "Please look at the marked length." if refused else "Your measurements are saved."
        await page.get_by_text(said).wait_for()
    assert ("save" in [what for what, _ in api.record.asked]) is not refused


async def test_c1_what_staff_measured_is_shown_as_theirs_and_not_sent_as_the_shoppers(
    browser: Browser, api: FakeApi, api_url: str
) -> None:
    api.record.consent = True
    api.record.add("staff", foot_length_left=2543)
    async with open_measure(browser, api_url) as (page, _):
        assert await page.get_by_text("Measured by the shop, March 3, 2026").count() == 1
        await page.get_by_role("button", name="Save measurements").click()
        await page.get_by_text("Nothing has changed yet.").wait_for()
        await page.get_by_label("Ball girth Right").fill("24.1")
        await page.get_by_role("button", name="Save measurements").click()
        await page.get_by_text("Your measurements are saved.").wait_for()
    values = [question["values"] for what, question in api.record.asked if what == "save"]
    assert values == [[{"key": "ball_girth", "side": "right", "value": "241", "unit": "mm"}]]


async def test_b7_history_is_there_and_deletion_asks_first(browser: Browser, api: FakeApi, api_url: str) -> None:
    api.record.consent = True
    api.record.add("scan", ball_girth_left=2410)
    api.record.add("self", foot_length_left=2543)
    async with open_measure(browser, api_url) as (page, _):
        await page.get_by_text("History", exact=True).click()
        await page.get_by_text("Foot length, Left: 25.43 cm").wait_for()
        assert await page.get_by_text("Ball girth, Left: 24.1 cm").is_visible()
        await page.get_by_role("button", name="Delete my measurements").click()
        active = "document.querySelector('lastbook-measure').shadowRoot.activeElement.id"
        assert await page.evaluate(active) == "keep"
        await page.get_by_role("button", name="Keep them").click()
        assert [what for what, _ in api.record.asked] == ["read"]
        await page.get_by_role("button", name="Delete my measurements").click()
        await page.get_by_role("button", name="Delete my measurements").click()
        await page.get_by_text("Your measurements are deleted.").wait_for()
        assert await page.get_by_label("Foot length Left").input_value() == ""
        said = [detail for name, detail in await page.evaluate("said") if name == "measure"]
    assert said == [{"action": "delete", "fields": ["foot_length", "ball_girth"]}]
    assert api.record.versions == []


async def test_without_a_token_the_steps_are_shown_and_signing_in_is_offered(
    browser: Browser, api: FakeApi, api_url: str
) -> None:
    async with open_measure(browser, api_url, token=None) as (page, watch):
        assert await page.get_by_text("Mark the tip of your longest toe.").is_visible()
        assert await page.get_by_role("link", name="Sign in").count() == 1
        assert await page.get_by_role("textbox").count() == 0
        assert await page.locator("svg[part=drawing]").count() == 2
    assert watch.errors == []


async def test_b7_lengths_are_sent_to_us_alone_and_kept_nowhere_in_the_browser(
    browser: Browser, api: FakeApi, api_url: str
) -> None:
    sent: list[tuple[str, str]] = []

    def note(request: Request) -> None:
        sent.append((request.url, request.post_data or ""))

    async with open_measure(browser, api_url) as (page, _):
        page.on("request", note)
        await page.get_by_label("Foot length Left").fill("25.43")
        await page.get_by_role("checkbox").check()
        await page.get_by_role("button", name="Save measurements").click()
        await page.get_by_text("Your measurements are saved.").wait_for()
        kept = await page.evaluate(
            "async () => [{...localStorage}, {...sessionStorage}, document.cookie, history.state,"
            " await indexedDB.databases(), await caches.keys()]"
        )
        said = json.dumps(await page.evaluate("said")) + page.url
        fields = page.locator("lastbook-measure input[inputmode]")
        remembered = await fields.evaluate_all("all => all.map((one) => one.autocomplete)")
        await page.goto("about:blank")
    with_lengths = [url for url, body in sent if LENGTH.search(url + body)]
    assert with_lengths == [f"{api_url}/public/v1/measurements:save"]
    assert kept == [{}, {}, "", None, [], []]
    assert LENGTH.search(said + json.dumps(api.beacons)) is None
    assert set(remembered) == {"off"}


async def test_signing_out_takes_the_lengths_off_the_page(browser: Browser, api: FakeApi, api_url: str) -> None:
    api.record.consent = True
    api.record.add("self", foot_length_left=2543)
    async with open_measure(browser, api_url) as (page, _):
        assert await page.get_by_label("Foot length Left").input_value() == "25.43"
        await page.evaluate("lastbook.reset()")
        await page.get_by_role("link", name="Sign in").wait_for()
        assert "25.43" not in await page.evaluate("document.querySelector('lastbook-measure').shadowRoot.textContent")
        assert await page.locator("lastbook-measure input[inputmode]").count() == 0


async def test_another_person_has_measures_of_their_own(browser: Browser, api: FakeApi, api_url: str) -> None:
    api.record.people = [{"id": "lin", "name": "Lin", "relation": "child"}]
    async with open_measure(browser, api_url) as (page, _), page.expect_response("**/measurements:read"):
        await page.get_by_label("For whom").select_option("lin")
    assert [question.get("person") for _, question in api.record.asked] == [None, "lin"]


async def test_a_failed_save_keeps_what_was_typed(browser: Browser, api: FakeApi, api_url: str) -> None:
    api.record.consent = True
    async with open_measure(browser, api_url) as (page, _):
        await page.get_by_label("Foot length Left").fill("25.43")
        api.record.status = 503
        await page.get_by_role("button", name="Save measurements").click()
        await page.get_by_text("What you typed is still here").wait_for()
        assert await page.get_by_label("Foot length Left").input_value() == "25.43"


async def test_an_api_that_is_down_leaves_the_shops_own_children(browser: Browser, api: FakeApi, api_url: str) -> None:
    api.record.status = 500
    async with open_measure(browser, api_url, state="error") as (page, watch):
        assert await page.locator("#own").is_visible()
    assert watch.errors == []


async def test_markup_in_labels_stays_text(browser: Browser, api: FakeApi, api_url: str) -> None:
    evil = "<img src=x onerror=\"document.title='owned'\"><script>document.title='owned'</script>{0}"
    api.record.labels["foot_length"] = evil
    api.record.people = [{"id": "x", "name": evil, "relation": "child"}]
    async with open_measure(browser, api_url) as (page, watch):
        assert await page.get_by_role("heading").first.inner_text() == evil
        assert await page.locator("lastbook-measure :is(script, img)").count() == 0
        assert await page.title() == "Shop"
    assert watch.errors == []


@pytest.mark.parametrize("width", [390, 1280])
async def test_the_element_passes_axe_and_the_strict_policy_on_phone_and_desktop(
    browser: Browser, api: FakeApi, api_url: str, width: int
) -> None:
    api.record.add("staff", foot_length_left=2543)
    api.record.people = [{"id": "lin", "name": "Lin", "relation": "child"}]
    body, viewport = f"<h1>Shop</h1>{MEASURE}", {"width": width, "height": 900}
    async with open_measure(browser, api_url, body, viewport=viewport) as (page, watch):
        await page.get_by_label("Foot length Left").fill("254")
        await page.get_by_role("button", name="Save measurements").click()
        assert await page.evaluate("broken") == []
        assert await page.evaluate("document.documentElement.scrollWidth") <= width
        touched = ":is([part=unit], [part=consent], input[inputmode], select, button, summary)"
        targets = page.locator(f"lastbook-measure {touched}")
        boxes = [await target.bounding_box() for target in await targets.all()]
        assert min(box["height"] for box in boxes if box) >= 44
    api.record.consent = True
    async with open_measure(browser, api_url, body, viewport=viewport, bypass_csp=True) as (page, watch):
        await page.get_by_role("button", name="Delete my measurements").click()
        await page.get_by_text("History", exact=True).click()
        found = await Axe().run(page, options={"runOnly": {"type": "tag", "values": AXE_TAGS}})
    assert found.violations_count == 0, found.generate_report()
    assert watch.errors == []


async def test_the_keyboard_alone_measures_and_saves(browser: Browser, api: FakeApi, api_url: str) -> None:
    async with open_measure(browser, api_url) as (page, _):
        await page.get_by_role("radio", name="Centimetres").focus()
        for text in ("25.4", "25.5", "24", "24.1"):
            await page.keyboard.press("Tab")
            await page.keyboard.type(text)
        await page.keyboard.press("Tab")
        await page.keyboard.press("Space")
        await page.keyboard.press("Tab")
        await page.keyboard.press("Enter")
        await page.get_by_text("Your measurements are saved.").wait_for()
    assert [one["value_tenth_mm"] for one in api.record.versions[0]["values"]] == [2540, 2550, 2400, 2410]


async def test_a_closed_box_fetches_nothing_until_it_is_opened(browser: Browser, api: FakeApi, api_url: str) -> None:
    body = f"<details><summary>Measure</summary>{MEASURE}</details>"
    with serve(build_bare_shop(api_url, body)) as shop:
        async with open_page(browser) as (page, _):
            await page.goto(shop)
            await page.wait_for_timeout(500)
            assert api.record.asked == []
            await page.get_by_text("Measure", exact=True).click()
            await page.wait_for_selector("lastbook-measure[state=ready]")
