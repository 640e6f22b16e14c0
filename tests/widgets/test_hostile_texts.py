"""Hostile texts in every field: nothing runs, no policy is violated, and no element stands there that is not ours.

Each page is opened twice: under the strictest policy, which must find nothing to do, and without any, which would let
everything run.
"""

import json
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from functools import partial
from typing import Any

import msgspec
import pytest
from playwright.async_api import Browser, Page
from playwright.async_api import Route as Intercepted
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Route

from tenants.placements import Placement
from tenants.theme import Theme
from tests.support.hostile import PAYLOADS
from tests.support.polling import until
from tests.support.shop import ShopClient
from tests.widgets.fake_api import ANYONE, FakeApi, asset
from tests.widgets.golden import ALL, MADE
from tests.widgets.support import STRICT, Watch, build_bare_shop, open_page, serve
from tests.widgets.test_widget_campaign import CAMPAIGN
from tests.widgets.test_widget_custom import CUSTOM, make_ready
from tests.widgets.test_widget_measure import MEASURE
from widgets.assets import load_assets
from widgets.include import ATTRIBUTES, Filling, render_slot
from widgets.shop_style import make_shop_style
from widgets.words import WORDS, Words

EVERYTHING = "\n".join(PAYLOADS)
TRAPS = """() => {
  window.ran = []; window.broken = [];
  window.owned = window.alert = (what) => ran.push(String(what));
  document.addEventListener("securitypolicyviolation", (event) =>
    broken.push([event.violatedDirective, event.blockedURI, event.sample].join(" ")));
}"""
STRANGERS = """() => {
  const ours = {
    "lastbook-slot":
      "name product person category cart exclude limit layout heading reason currency locale state included",
    div: "class", h2: "", button: "class type aria-label aria-disabled hidden", ul: "class role aria-label",
    li: "class", a: "href", span: "class", img: "alt loading decoding src", ins: "", del: "",
  };
  const slots = [...document.querySelectorAll("main > lastbook-slot")];
  const strange = [];
  for (const node of slots.flatMap((slot) => [slot, ...slot.querySelectorAll("*")])) {
    const allowed = ours[node.localName]?.split(" ");
    for (const { name, value } of node.attributes) {
      const fits = name === "class" ? /^(lastbook-[a-z]+ ?)+$/.test(value) : name.startsWith("data-lb-");
      if (!fits && (name === "class" || !allowed?.includes(name))) strange.push(node.localName + " " + name);
    }
    const unsafe = [node.href, node.src].some((address) => address && !address.startsWith("https://"));
    if (!allowed || unsafe) strange.push(node.outerHTML);
  }
  const others = document.querySelectorAll("main > :not(lastbook-slot)").length;
  return { strange, others, slots: slots.length, cards: document.querySelectorAll(".lastbook-card").length };
}"""
SHAPE = """() => {
  const shape = (node) => [node.localName, [...node.attributes].map(({ name }) => name).sort(),
    node.shadowRoot ? [...node.shadowRoot.children].map(shape) : 0, [...node.children].map(shape)];
  return JSON.stringify(shape(document.querySelector("main")));
}"""
SAID = """() => {
  const element = document.querySelector("main > *");
  return element.textContent + element.shadowRoot.textContent;
}"""
AGAIN = f"<lastbook-again limit='{len(PAYLOADS)}'></lastbook-again>"
TEXTS = frozenset(
    ("label", "title", "message", "description", "notice", "how", "terms", "withdrawal_notice", "name", "address")
)
"""Where answers of the further elements have words for people."""


def hostile_filling(number: int) -> dict[str, Any]:
    """A slot with one payload in every place, the texts of one product, the address of another, and so on."""
    bad, name = PAYLOADS[number], f"bad-{number}"
    reason = {"code": bad, "text": bad, "product": bad}
    good = {"id": "P", "title": "P", "url": "https://shop.example/p", "brand": "", "price_minor": 1, "currency": "USD"}
    return {
        "name": name, "strategy": bad, "source": bad, "heading": bad, "why": bad, "locale": "en", "exposure": bad,
        "layout": "carousel", "fields": ALL,
        "products": [
            good | {"id": bad, "title": bad, "brand": bad, "reason": reason, "token": bad, "sale_price_minor": 0},
            good | {"url": bad}, good | {"image": bad}, good | {"currency": bad}, good | {"made": MADE | {"text": bad}},
        ],
    }  # fmt: skip


@contextmanager
def hostile_page(body: str, *, head: str = "") -> Iterator[str]:
    """The page, the API whose answers are hostile, and our files, of one origin."""

    async def page(request: Request) -> Response:
        origin = str(request.base_url).rstrip("/")
        policy = STRICT.format(api=origin).replace(f"img-src {origin}", f"img-src {origin} https:")
        script = f"<script type='module' src='{origin}/w/v1/lastbook.js' data-key='lb_pk_test'></script>"
        html = f"<!doctype html><html lang='en'><title>Shop</title>{head}{script}<main>{body}</main></html>"
        return HTMLResponse(html, headers={"content-security-policy": policy})

    async def slots(request: Request) -> Response:
        asked = json.loads(request.query_params["page"] if request.method == "GET" else await request.body())
        found = [hostile_filling(int(slot["name"].removeprefix("bad-"))) for slot in asked["slots"]]
        return JSONResponse({"model": None, "slots": found}, headers=ANYONE)

    async def told(request: Request) -> Response:
        return JSONResponse({}, 202, headers=ANYONE)

    routes = [
        Route("/", page),
        Route("/w/v1/{name}", asset),
        Route("/public/v1/slots", slots, methods=["GET", "POST"]),
        Route("/public/v1/events", told, methods=["POST"]),
    ]
    app = Starlette(routes=routes)
    app.state.assets = load_assets()
    with serve(app) as url:
        yield url


@asynccontextmanager
async def opened(browser: Browser, url: str, *, policy: bool) -> AsyncIterator[tuple[Page, Watch]]:
    async with open_page(browser, bypass_csp=not policy) as (page, watch):
        await page.add_init_script(f"({TRAPS})()")
        await page.route("https://**", lambda route: route.fulfill(status=204))
        await page.goto(url)
        yield page, watch


async def harmless(page: Page, watch: Watch) -> None:
    """Nothing ran, nothing was violated, the shop's page is as it was."""
    await page.wait_for_timeout(200)
    assert await page.evaluate("() => ran") == []
    assert await page.evaluate("() => broken") == []
    assert await page.title() == "Shop"
    assert page.url.startswith("http://127.0.0.1")
    assert watch.errors == []


def test_there_are_more_than_two_hundred() -> None:
    assert len({*PAYLOADS}) == len(PAYLOADS) > 200


async def test_control_written_into_a_page_as_they_are_they_run(browser: Browser) -> None:
    with hostile_page("".join(f"<div>{bad}</div>" for bad in PAYLOADS[:12])) as url:
        async with opened(browser, url, policy=False) as (page, _):
            await page.wait_for_function("() => ran.length >= 5", timeout=5_000)
        async with opened(browser, url, policy=True) as (page, _):
            await page.wait_for_function("() => broken.length >= 5", timeout=5_000)
            assert await page.evaluate("() => ran") == []
    with hostile_page("<lastbook-slot name='x'><b onclick='owned(1)'></b></lastbook-slot><i></i>") as url:
        async with opened(browser, url, policy=False) as (page, _):
            found = await page.evaluate(STRANGERS)
    assert (len(found["strange"]), found["others"]) == (2, 1)


@pytest.mark.parametrize("policy", [True, False], ids=["strict policy", "no policy"])
async def test_in_a_widget_every_field_stays_text(browser: Browser, policy: bool) -> None:
    body = "".join(f"<lastbook-slot name='bad-{number}'></lastbook-slot>" for number in range(len(PAYLOADS)))
    with hostile_page(body) as url:
        async with opened(browser, url, policy=policy) as (page, watch):
            await page.wait_for_function(_ALL_READY, arg=len(PAYLOADS), timeout=90_000, polling=1_500)
            found = await page.evaluate(STRANGERS)
            titles = await page.evaluate("() => [...document.querySelectorAll('h2')].map((one) => one.textContent)")
            await harmless(page, watch)
    assert (found["strange"], found["others"], found["slots"]) == ([], 0, len(PAYLOADS))
    assert found["cards"] >= 4 * len(PAYLOADS)
    assert titles == list(PAYLOADS)


@pytest.mark.parametrize("policy", [True, False], ids=["strict policy", "no policy"])
async def test_in_included_markup_every_field_and_attribute_stays_text(browser: Browser, policy: bool) -> None:
    body = "".join(
        render_slot(
            msgspec.convert(hostile_filling(number), Filling),
            locale=bad,
            attributes=dict.fromkeys((*ATTRIBUTES, bad), bad) | {"reason": "", "layout": "grid"},
        )
        for number, bad in enumerate(PAYLOADS)
    )
    with hostile_page(body) as url:
        async with opened(browser, url, policy=policy) as (page, watch):
            await page.wait_for_function(_ALL_READY, arg=len(PAYLOADS), timeout=90_000, polling=1_500)
            found = await page.evaluate(STRANGERS)
            headings = await page.evaluate("() => [...document.querySelectorAll('h2')].map((one) => one.textContent)")
            await harmless(page, watch)
    assert (found["strange"], found["others"], found["slots"]) == ([], 0, len(PAYLOADS))
    assert found["cards"] >= 4 * len(PAYLOADS)
    # HTML makes one sign of a line's end, whichever it is.
    assert headings == list(PAYLOADS)


async def test_through_the_record_and_the_include_texts_stay_texts(browser: Browser, shop: ShopClient) -> None:
    for start in range(0, len(PAYLOADS), 100):
        names = range(start, min(start + 100, len(PAYLOADS)))
        products = [
            {"id": f"p{at:03}", "title": PAYLOADS[at], "brand": PAYLOADS[at], "url": "https://shop.example/p",
             "price_minor": 100, "currency": "USD"}
            for at in names
        ]  # fmt: skip
        stored = (await shop.push("products", products)).json()
        assert stored["rejected"] == 0, stored
    place = {"id": "bad", "strategy": "new", "heading": PAYLOADS[0], "headings": {"de": PAYLOADS[1]}, "layout": "grid"}
    assert (await shop.push("placements", [place])).json()["created"] == 1
    query = {"key": shop.keys.publishable.secret, "name": "bad", "limit": "50"}

    async def there() -> bool:
        return len(await shop.shown({"name": "bad", "limit": 50})) == 50

    await until(there, seconds=10)
    html, known = "", list[str]()
    while len(known) < 200:
        answer = await shop.page.get("/w/v1/include", params={**query, "exclude": " ".join(known)})
        assert answer.status_code == 200, answer.text
        html += answer.text
        known += [one.split('"')[0] for one in answer.text.split('data-lb-product="')[1:]]
    assert len({*known}) == 200
    for policy in (True, False):
        with hostile_page(html) as url:
            async with opened(browser, url, policy=policy) as (page, watch):
                found = await page.evaluate(STRANGERS)
                await harmless(page, watch)
        assert found == {"strange": [], "others": 0, "slots": 4, "cards": 200}


async def test_words_of_a_language_stay_words(browser: Browser, monkeypatch: pytest.MonkeyPatch) -> None:
    text = [EVERYTHING] * 4

    async def hostile_words(route: Intercepted) -> None:
        body = f"export const text = {json.dumps(text)};"
        await route.fulfill(body=body, content_type="text/javascript", headers=ANYONE)

    with hostile_page("<lastbook-slot name='bad-0' locale='zh'></lastbook-slot>") as url:
        async with open_page(browser, bypass_csp=True) as (page, watch):
            await page.add_init_script(f"({TRAPS})()")
            await page.route("**/lastbook-zh.js", hostile_words)
            await page.goto(url)
            await page.wait_for_selector("lastbook-slot[state=ready]")
            assert await page.locator(".lastbook-next").get_attribute("aria-label") == EVERYTHING
            assert (await page.evaluate(STRANGERS))["strange"] == []
            await harmless(page, watch)

    made = []
    for number, bad in enumerate(PAYLOADS):
        monkeypatch.setitem(WORDS, "zh", Words(bad, bad, bad, bad))
        made.append(render_slot(msgspec.convert(hostile_filling(number), Filling), locale="zh"))
    with hostile_page("".join(made)) as url:
        async with opened(browser, url, policy=False) as (page, watch):
            assert (await page.evaluate(STRANGERS))["strange"] == []
            await harmless(page, watch)


@pytest.mark.parametrize("element", [CUSTOM, MEASURE, CAMPAIGN, AGAIN], ids=["custom", "measure", "campaign", "again"])
async def test_in_further_elements_texts_change_no_element(
    browser: Browser, api: FakeApi, api_url: str, element: str
) -> None:
    """The page has the same elements with plain labels, values, messages and titles as with hostile ones."""
    make_ready(api)
    for number in range(len(PAYLOADS)):
        api.again.add(f"P{number}")
    shapes = []
    script = "data-key='lb_pk_test' data-token='token'"
    with serve(build_bare_shop(api_url, element, script=script)) as url:
        for texts, policy in ((["x"] * len(PAYLOADS), True), (PAYLOADS, True), (PAYLOADS, False)):
            async with open_page(browser, bypass_csp=not policy) as (page, watch):
                await page.add_init_script(f"({TRAPS})()")
                await page.route(f"{api_url}/public/v1/**", partial(_spoil, texts=texts))
                await page.goto(url)
                await page.wait_for_selector("main > [state=ready]", state="attached", timeout=8_000)
                shapes.append(await page.evaluate(f"({SHAPE})()"))
                await harmless(page, watch)
                shown = await page.evaluate(SAID)
                assert (PAYLOADS[1] in shown) == (texts is PAYLOADS)
    assert shapes[0] == shapes[1] == shapes[2]


async def _spoil(route: Intercepted, *, texts: Sequence[str]) -> None:
    """The service's answer with every text for people replaced, and one option of as many values as there are texts."""
    answer = await route.fetch()
    document = await answer.json()
    for option in document.get("document", {}).get("options", ()):
        if option["id"] == "colour":
            option["values"] = [{**option["values"][0], "id": f"v{at}"} for at in range(len(texts))]
    await route.fulfill(response=answer, json=_replace(document, "\n".join(texts), iter(texts)))


def _replace(value: Any, whole: str, each: Iterator[str], name: str = "") -> Any:
    if isinstance(value, dict):
        if "why_not" in value:  # a value of an option
            return value | {"label": next(each, "x"), "why_not": whole if value["why_not"] else None}
        if "runs_out_on" in value:  # what to buy again
            bad = next(each)
            fields = dict.fromkeys(("title", "brand", "variant", "currency", "id"), bad)
            return value | fields | {"image": None if bad.startswith("https:") else bad}
        return {key: _replace(one, whole, each, key) for key, one in value.items()}
    if isinstance(value, list):
        return [_replace(one, whole, each, name) for one in value]
    return whole if name in TEXTS and isinstance(value, str) else value


def test_no_token_of_a_theme_is_anything_but_a_colour_a_length_a_ratio_or_a_word() -> None:
    for token in Theme.__struct_fields__:
        for bad in PAYLOADS:
            for value in (bad, f"#0b5fff{bad}", f"1px{bad}", f"1/1{bad}", f"cover{bad}"):
                if bad:
                    with pytest.raises(msgspec.ValidationError):
                        msgspec.convert({token: value}, Theme)
    for bad in PAYLOADS:
        with pytest.raises(msgspec.ValidationError):
            msgspec.convert({bad: "#0b5fff"}, Theme)


async def test_names_of_placements_stay_names_in_a_style_sheet(browser: Browser) -> None:
    placements = [Placement(id=bad, strategy="popular", limit=1 + at % 50) for at, bad in enumerate(PAYLOADS)]
    async with open_page(browser) as (page, _):
        asked: list[str] = []
        page.on("request", lambda request: asked.append(request.url))
        sheet = make_shop_style(Theme(), placements)
        found = await page.evaluate(_STYLED, [sheet, list(PAYLOADS)])
    assert found["limits"] == [str(1 + at % 50) for at in range(len(PAYLOADS))]
    assert found["strange"] == []
    assert asked == []


# A busy machine may miss the page's deadline: such a slot asks once more.
_ALL_READY = """(wanted) => {
  document.querySelectorAll("lastbook-slot[state=error]").forEach((slot) => slot.refresh());
  return document.querySelectorAll("lastbook-slot[state=ready]").length === wanted;
}"""
_STYLED = """([text, names]) => {
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(text);
  document.adoptedStyleSheets = [sheet];
  const limits = names.map((name) => {
    const slot = document.body.appendChild(document.createElement("lastbook-slot"));
    slot.setAttribute("name", name);
    return getComputedStyle(slot).getPropertyValue("--lb-n").trim();
  });
  const rules = (list) => [...list].flatMap((rule) => (rule.cssRules?.length ? rules(rule.cssRules) : [rule]));
  const named = rules(sheet.cssRules).map((rule) => rule.selectorText ?? rule.name);
  const strange = named.filter((one) => !/^(lastbook-slot|--lastbook-|:root$)/.test(one ?? ""));
  return { limits, strange };
}"""
