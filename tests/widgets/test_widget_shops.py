"""The two example shops, as a shopper meets them."""

from typing import Any

import msgspec
import pytest
from axe_playwright_python.async_playwright import Axe
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from joserfc import jwt
from joserfc.jwk import OKPKey
from playwright.async_api import Browser

from tenants.theme import Theme
from tests.widgets.fake_api import FakeApi
from tests.widgets.shops import KEY, NOW, Kind, card, open_shop
from tests.widgets.support import open_page
from widgets.examples import shoemaker, themes
from widgets.examples.shoe_drawings import draw_shoe
from widgets.examples.shop import HERE
from widgets.examples.shopper_token import sign_shopper_token

DESKTOP, PHONE = {"width": 1280, "height": 900}, {"width": 390, "height": 844}
SHIFT = """() => new Promise((done) => {
  let sum = 0;
  new PerformanceObserver((list) => list.getEntries().forEach((entry) => (sum += entry.value)))
    .observe({ type: "layout-shift", buffered: true });
  setTimeout(() => done(sum), 300);
})"""


@pytest.fixture
def api() -> FakeApi:
    return FakeApi(products=[card(product) for product in shoemaker.list_products("http://127.0.0.1")])


@pytest.mark.parametrize("viewport", [DESKTOP, PHONE], ids=["desktop", "phone"])
@pytest.mark.parametrize("kind", ["grocery", "shoemaker"])
@pytest.mark.parametrize("behaviour", ["ready", "status 500", "slow", "empty"])
async def test_nothing_moves_when_products_arrive_or_do_not(
    browser: Browser, api: FakeApi, api_url: str, kind: Kind, behaviour: Any, viewport: Any
) -> None:
    api.behaviour = behaviour
    with open_shop(api_url, kind) as shop:
        async with open_page(browser, viewport=viewport) as (page, watch):
            await page.goto(shop)
            await page.wait_for_selector("lastbook-slot:is([state=ready], [state=error], [state=empty])")
            assert await page.evaluate(SHIFT) == 0
    assert watch.errors == []


@pytest.mark.parametrize("kind", ["grocery", "shoemaker"])
async def test_the_phone_page_is_as_wide_as_the_phone(browser: Browser, api: FakeApi, api_url: str, kind: Kind) -> None:
    with open_shop(api_url, kind) as shop:
        async with open_page(browser, viewport=PHONE) as (page, _):
            await page.goto(f"{shop}/product/LS-204?shopper=S001")
            if kind == "shoemaker":
                await page.wait_for_selector("lastbook-custom[state=ready]")
            await page.locator("lastbook-slot").scroll_into_view_if_needed()
            await page.wait_for_selector("lastbook-slot[state=ready]")
            assert await page.evaluate("document.documentElement.scrollWidth") == 390


@pytest.mark.parametrize("path", ["/", "/product/LS-204"])
@pytest.mark.parametrize("kind", ["grocery", "shoemaker"])
async def test_pages_pass_axe(browser: Browser, api: FakeApi, api_url: str, kind: Kind, path: str) -> None:
    with open_shop(api_url, kind) as shop:
        async with open_page(browser, viewport=DESKTOP, bypass_csp=True) as (page, _):
            await page.goto(shop + path)
            if await page.locator("lastbook-custom").count():
                await page.wait_for_selector("lastbook-custom[state=ready]")
                await page.get_by_text("How we measure").click()
                await page.wait_for_selector("lastbook-measure[state=ready]")
            await page.locator("lastbook-slot").last.scroll_into_view_if_needed()
            await page.locator("lastbook-slot[state=ready]").last.wait_for()
            tags = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
            found = await Axe().run(page, options={"runOnly": {"type": "tag", "values": tags}})
    assert found.violations_count == 0, found.generate_report()


async def test_the_switch_shops_as_someone_without_javascript(browser: Browser, api: FakeApi, api_url: str) -> None:
    with open_shop(api_url, "shoemaker") as shop:
        async with open_page(browser, java_script_enabled=False) as (page, _):
            await page.goto(shop)
            assert await page.locator("script[data-token]").count() == 0
            await page.locator("summary").first.click()
            await page.get_by_role("link", name="Bao Tran").click()
            token = await page.locator("script[data-key]").get_attribute("data-token")
            chosen = await page.locator("[aria-current]").all_inner_texts()
            assert chosen == ["Bao Tran", "Auto", "English", "Up"]
            assert await page.locator("lastbook-slot .lastbook-card").count() == 4 + 5 + 6 + 8
    assert token == sign_shopper_token(KEY, "S002", NOW)


async def test_the_basket_button_tracks_and_links_keep_the_shopper(
    browser: Browser, api: FakeApi, api_url: str
) -> None:
    with open_shop(api_url, "grocery") as shop:
        api.products = [{**product, "url": f"{shop}/product/{product['id']}"} for product in api.products]
        async with open_page(browser) as (page, _):
            await page.goto(f"{shop}/product/LS-101?shopper=S001")
            await page.get_by_role("button", name="Put in the basket").click()
            assert await page.get_by_role("status").inner_text() == "1 in the basket"
            await page.wait_for_selector("lastbook-slot[state=ready]")
            await page.locator("lastbook-slot a").first.click()
            await page.wait_for_url("**/product/*?shopper=S001")
    assert [event["product"] for event in api.events("view")][:1] == ["LS-101"]
    assert [event["product"] for event in api.events("cart")] == ["LS-101"]
    assert len(api.events("click")) == 1


async def test_carousel_buttons_move_the_shelf(browser: Browser, api: FakeApi, api_url: str) -> None:
    with open_shop(api_url, "grocery") as shop:
        async with open_page(browser, viewport=PHONE, reduced_motion="reduce") as (page, _):
            await page.goto(shop)
            await page.wait_for_selector("lastbook-slot[state=ready]")
            forward = page.get_by_role("button", name="Next products")
            await page.wait_for_selector(".lastbook-previous[aria-disabled=true]")
            box = await forward.bounding_box()
            await forward.click()
            await page.wait_for_function("() => document.querySelector('.lastbook-list').scrollLeft > 100")
            await page.wait_for_selector(".lastbook-previous[aria-disabled=false]")
    assert box is not None
    assert (box["width"], box["height"]) == (44, 44)


def test_a_shopper_token_says_who_for_whom_and_until_when() -> None:
    token = sign_shopper_token(KEY, "S001", NOW)
    public = Ed25519PrivateKey.from_private_bytes(KEY.seed).public_key()
    pem = public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    read = jwt.decode(token, OKPKey.import_key(pem), algorithms=["Ed25519"])
    assert read.header == {"typ": "JWT", "alg": "Ed25519", "kid": "key-1"}
    assert read.claims == {
        "aud": "lastbook",
        "sub": "S001",
        "iat": int(NOW.timestamp()),
        "exp": int(NOW.timestamp()) + 600,
    }


async def test_an_unknown_product_is_a_page_that_says_so(browser: Browser, api: FakeApi, api_url: str) -> None:
    with open_shop(api_url, "grocery") as shop:
        async with open_page(browser) as (page, _):
            answer = await page.goto(f"{shop}/product/none")
            assert answer is not None
            assert answer.status == 404
            assert await page.get_by_role("heading").inner_text() == "We do not carry that."


@pytest.mark.parametrize("viewport", [DESKTOP, PHONE], ids=["desktop", "phone"])
async def test_nothing_moves_when_a_made_shoes_options_arrive(
    browser: Browser, api: FakeApi, api_url: str, viewport: Any
) -> None:
    with open_shop(api_url, "shoemaker") as shop:
        async with open_page(browser, viewport=viewport) as (page, watch):
            drawing = draw_shoe("mary-jane", "stitched cloth", "vermilion", "peony")
            await page.route("**/image/**", lambda route: route.fulfill(body=drawing, content_type="image/svg+xml"))
            await page.goto(f"{shop}/product/LS-201")
            await page.wait_for_selector("lastbook-custom[state=ready]")
            assert await page.evaluate(SHIFT) == 0
    assert watch.errors == []


async def test_c4_a_recorded_shopper_sees_her_shoe_ready_and_puts_it_in_the_basket(
    browser: Browser, api: FakeApi, api_url: str
) -> None:
    api.record.consent = True
    api.record.add("staff", foot_length_left=2435, ball_girth_left=2310)
    with open_shop(api_url, "shoemaker") as shop:
        async with open_page(browser) as (page, watch):
            await page.goto(f"{shop}/product/LS-201?shopper=S001")
            await page.get_by_text("On record: Foot length, Ball girth").wait_for()
            await page.get_by_role("radio", name="Stitched cloth").check()
            await page.get_by_role("button", name="Add to basket").click()
            await page.get_by_text("1 in the basket").wait_for()
            assert await page.locator("[data-buy]").is_hidden()
    assert [event["product"] for event in api.events("cart")] == ["LS-201"]
    assert watch.errors == []


async def test_c4_an_unmeasured_shopper_is_led_to_the_drawing_and_is_ready_after_measuring(
    browser: Browser, api: FakeApi, api_url: str
) -> None:
    with open_shop(api_url, "shoemaker") as shop:
        async with open_page(browser) as (page, watch):
            await page.goto(f"{shop}/product/LS-201?shopper=S002")
            await page.get_by_role("link", name="Measure now").click()
            for name, length in (("Foot length", "25.4"), ("Ball girth", "24.2")):
                for side in ("Left", "Right"):
                    await page.get_by_label(f"{name} {side}").fill(length)
            await page.get_by_role("checkbox").check()
            await page.get_by_role("button", name="Save measurements").click()
            await page.get_by_text("On record: Foot length, Ball girth").wait_for()
    assert watch.errors == []


async def test_a_child_s_shoe_and_a_failing_api_keep_the_shops_own_price_and_button(
    browser: Browser, api: FakeApi, api_url: str
) -> None:
    api.options.behaviour = "status 500"
    with open_shop(api_url, "shoemaker") as shop:
        async with open_page(browser) as (page, _):
            await page.goto(f"{shop}/product/LS-601")
            assert await page.locator("lastbook-custom").count() == 0
            await page.goto(f"{shop}/product/LS-201")
            await page.wait_for_selector("lastbook-custom[state=error]")
            assert await page.get_by_role("button", name="Put in the basket").is_visible()
            assert await page.locator("lastbook-custom .price").inner_text() == "$168.00"


@pytest.mark.parametrize("viewport", [DESKTOP, PHONE], ids=["desktop", "phone"])
@pytest.mark.parametrize(("due", "state"), [(3, "ready"), (0, "empty")])
async def test_i6_the_grocery_reminds_its_shopper_in_the_room_kept_for_it(
    browser: Browser, api: FakeApi, api_url: str, due: int, state: str, viewport: Any
) -> None:
    for n in range(due):
        api.again.add(f"p{n}", quantity=2)
    with open_shop(api_url, "grocery") as shop:
        async with open_page(browser, viewport=viewport) as (page, watch):
            await page.goto(f"{shop}/?shopper=S001")
            await page.locator("lastbook-again").scroll_into_view_if_needed()
            await page.wait_for_selector(f"lastbook-again[state={state}]")
            assert await page.evaluate(SHIFT) == 0
            if due:
                await page.get_by_role("button", name="Buy 2 again").first.click()
                assert await page.locator("[data-basket]").inner_text() == "2"
            assert await page.evaluate("document.documentElement.scrollWidth") == viewport["width"]
    assert watch.errors == []


async def test_the_panel_switches_consent_and_language_and_links_keep_what_was_switched(
    browser: Browser, api: FakeApi, api_url: str
) -> None:
    with open_shop(api_url, "shoemaker") as shop:
        async with open_page(browser, viewport=PHONE) as (page, watch):
            await page.goto(f"{shop}/?shopper=S001")
            await page.locator("summary").first.click()
            await page.get_by_role("link", name="Denied").click()
            await page.get_by_role("link", name="中文").click()
            assert await page.locator("html").get_attribute("lang") == "zh-CN"
            assert await page.locator("script[data-key]").get_attribute("data-consent") == "denied"
            assert await page.get_by_text("每一步，三十二层棉布。").is_visible()
            assert await page.evaluate("document.documentElement.scrollWidth") == PHONE["width"]
            await page.get_by_role("link", name="预订").click()
            await page.get_by_role("heading", name="够多人想要，我们就做").wait_for()
            assert page.url.partition("?")[2] == "shopper=S001&consent=denied&lang=zh"
    assert watch.errors == []


@pytest.mark.parametrize("viewport", [DESKTOP, PHONE], ids=["desktop", "phone"])
@pytest.mark.parametrize("kind", ["grocery", "shoemaker"])
async def test_with_lastbook_gone_the_shop_is_as_good_as_its_own_shelves(
    browser: Browser, api: FakeApi, api_url: str, kind: Kind, viewport: Any
) -> None:
    with open_shop(api_url, kind) as shop:
        async with open_page(browser, viewport=viewport) as (page, watch):
            await page.goto(f"{shop}/?shopper=S001&api=down")
            cards = page.locator("lastbook-slot").first.locator(".lastbook-card")
            first, second = await cards.nth(0).bounding_box(), await cards.nth(1).bounding_box()
            assert first is not None
            assert second is not None
            assert (first["y"], first["width"] < 300) == (second["y"], True)  # side by side, as ever
            assert await page.evaluate("document.documentElement.scrollWidth") == viewport["width"]
            assert await page.evaluate(SHIFT) == 0
    assert (api.questions, watch.errors) == ([], [])


@pytest.mark.parametrize("kind", ["grocery", "shoemaker"])
async def test_the_open_panel_and_the_chinese_pages_pass_axe(
    browser: Browser, api: FakeApi, api_url: str, kind: Kind
) -> None:
    with open_shop(api_url, kind) as shop:
        async with open_page(browser, viewport=PHONE, bypass_csp=True) as (page, _):
            await page.goto(f"{shop}/?lang=zh&panel=open")
            await page.wait_for_selector("lastbook-slot[state=ready]")
            tags = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
            found = await Axe().run(page, options={"runOnly": {"type": "tag", "values": tags}})
    assert found.violations_count == 0, found.generate_report()


def test_the_themes_that_the_shops_tell_are_themes_and_say_what_their_style_sheets_say() -> None:
    for kind, theme in (("grocery", themes.GROCERY), ("shoemaker", themes.SHOEMAKER)):
        msgspec.convert(theme, Theme)
        own = (HERE / "static" / f"{kind}.css").read_text("utf-8")
        for name in ("radius", "gap", "card_width", "heading_size"):
            token = f"--lastbook-{name.replace('_', '-')}: {theme.get(name)};"
            assert (token in own) == (name in theme)
