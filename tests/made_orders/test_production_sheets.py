"""Production sheets: what the maker works from, on paper and in a spreadsheet, whatever a shopper wrote (C5)."""

import base64
import csv
import hashlib
import io
import re
from datetime import timedelta

import httpx2
import pytest
from playwright.async_api import Browser

from tests.made_orders.shoemaker import line, measure_feet, open_workshop, ordered, push, quote
from tests.options.shoes import document, publish_at, text
from tests.record_book.shoemaker import agree
from tests.support.problems import check_problem
from tests.support.shop import MONDAY, Document, ShopClient

NEED = "Bunion on the right: leave room at the ball."


@pytest.fixture
async def workshop(shop: ShopClient) -> ShopClient:
    await open_workshop(shop)
    stored = await shop.api.put("/v1/wishes/mei", json={"special_needs": [NEED]})
    assert stored.status_code == 200, stored.text
    return shop


async def sheet(shop: ShopClient, name: str = "o1", **query: str) -> httpx2.Response:
    answer = await shop.api.get(f"/v1/production-sheets/{name}", params=query)
    assert answer.status_code == 200, answer.text
    return answer


async def rows(shop: ShopClient, name: str = "o1") -> list[dict[str, str]]:
    content = (await sheet(shop, name, format="csv")).content
    return list(csv.DictReader(io.StringIO(content.decode("utf-8-sig"))))


async def test_c5_the_sheet_says_all_that_a_maker_needs(workshop: ShopClient) -> None:
    await ordered(workshop, answers={"colour": "red", "initials": "ML"}, quantity=2)
    page = (await sheet(workshop)).text

    [made] = (await workshop.api.get("/v1/made-lines/o1")).json()["items"]
    chosen = ("Order o1", "Oxford of cloth", "<b>2</b>", "Cloth", "Red", "ML", made["configuration_id"])
    measures = ("Foot length", "245.3", "246.7", "231.8", "232.6", "by staff", NEED, made["promise"]["ready_on"])
    assert [said for said in (*chosen, *measures) if said not in page] == []
    chinese = (await sheet(workshop, locale="zh")).text
    assert [said for said in ("生产单", "脚长", "鞋底", "Cloth") if said not in chinese] == []


async def test_c5_each_line_has_its_own_page_with_its_own_measures_and_person(workshop: ShopClient) -> None:
    await measure_feet(workshop, 1803, 1809, id="lins-feet", person_id="lin", source="self")
    hers, lins = await quote(workshop), await quote(workshop, person_id="lin")
    await push(workshop, "o1", line(hers, "a"), line(lins, "b"))
    _, first, second = (await sheet(workshop)).text.split("<article>")

    assert ("245.3" in first, "180.3" in first, "For: Lin" in first) == (True, False, False)
    assert ("245.3" in second, "180.3" in second, "For: Lin" in second) == (False, True, True)
    assert (NEED in first, NEED in second) == (True, False)


async def test_c5_the_table_has_a_row_for_each_option_and_each_side_of_a_measure(workshop: ShopClient) -> None:
    await ordered(workshop, answers={"initials": "ML"})
    found = {(one["kind"], one["name"], one["side"]): (one["value"], one["unit"]) for one in await rows(workshop)}

    assert found == {
        ("option", "sole", ""): ("Cloth", ""), ("option", "colour", ""): ("Black", ""),
        ("option", "initials", ""): ("ML", ""), ("measure", "foot_length", "left"): ("245.3", "mm"),
        ("measure", "foot_length", "right"): ("246.7", "mm"), ("measure", "ball_girth", "left"): ("231.8", "mm"),
        ("measure", "ball_girth", "right"): ("232.6", "mm"), ("special need", "1", ""): (NEED, ""),
    }  # fmt: skip


HOSTILE = ("=1+1", "+1", "-1", "@A1", "<script>alert(1)</script>", "'\"><img src=x onerror=alert(1)>", "{{7*7}}")


async def order_words(shop: ShopClient) -> None:
    """A card for each of them, with the words on it."""
    await publish_at(shop, document([text("words", max_length=60)], id="card", products=["mug"]))
    quotes = [await quote(shop, product_id="mug", answers={"words": words}) for words in HOSTILE]
    lines = [line(quoted, f"line {number}") for number, quoted in enumerate(quotes)]
    assert (await push(shop, "o1", *lines)).status_code == 200


async def test_c5_a_spreadsheet_runs_nothing_that_a_shopper_wrote(workshop: ShopClient) -> None:
    await order_words(workshop)
    values = [one["value"] for one in await rows(workshop) if one["name"] == "words"]

    assert values == [f"'{words}" if words[0] in "=+-@" else words for words in HOSTILE]


async def test_c5_a_browser_runs_nothing_that_a_shopper_wrote(workshop: ShopClient, browser: Browser) -> None:
    """And prints a page of A4 a line."""
    await order_words(workshop)
    answer = await sheet(workshop)
    page, ran = await browser.new_page(), list[str]()
    page.on("dialog", lambda dialog: ran.append(dialog.message))
    page.on("pageerror", lambda error: ran.append(str(error)))
    page.on("console", lambda message: ran.append(message.text))
    headers = {name: answer.headers[name] for name in ("content-type", "content-security-policy")}
    await page.route("**/*", lambda route: route.fulfill(status=200, headers=headers, body=answer.text))
    await page.goto("https://maker.example/sheet")

    cells = await page.locator("td").all_text_contents()
    assert [one for one in cells if one] == list(HOSTILE)
    assert ran == []
    width = await page.locator("article").first.evaluate("one => getComputedStyle(one).width")
    assert float(width.removesuffix("px")) > 700, "the style was not let in"
    printed = await page.pdf(prefer_css_page_size=True)
    assert len(re.findall(rb"/Type\s*/Page\b", printed)) == len(HOSTILE)
    await page.close()


async def test_c5_the_page_allows_its_own_style_alone_and_is_kept_nowhere(workshop: ShopClient) -> None:
    await ordered(workshop)
    answer = await sheet(workshop)
    style = re.search(r"<style>(.*?)</style>", answer.text, re.DOTALL)
    assert style is not None
    digest = base64.b64encode(hashlib.sha256(style[1].encode()).digest()).decode()

    assert f"style-src 'sha256-{digest}'" in answer.headers["content-security-policy"]
    assert answer.headers["content-security-policy"].startswith("default-src 'none'")
    assert (answer.headers["cache-control"], answer.headers["x-content-type-options"]) == ("no-store", "nosniff")


async def test_c5_reading_a_sheet_is_audited_and_needs_its_own_scope(workshop: ShopClient) -> None:
    await ordered(workshop)
    await sheet(workshop, format="csv")
    async with workshop.service.db.tenant(workshop.keys.tenant_id) as conn:
        rows = await conn.fetch(
            "select subject, details from audit_log where action = 'read production sheet of order'"
        )
    assert [tuple(row) for row in rows] == [("o1", {})]

    check_problem(await workshop.page.get("/v1/production-sheets/o1"), 401)
    check_problem(await workshop.api.get("/v1/production-sheets/o1", params={"format": "pdf"}), 400)
    check_problem(await workshop.api.get("/v1/production-sheets/o2"), 404)


async def test_c5_a_done_order_of_who_withdrew_consent_shows_no_measure(workshop: ShopClient) -> None:
    quoted: Document = await ordered(workshop)
    await agree(workshop, "mei", granted=False, at=MONDAY + timedelta(days=1))
    making = (await sheet(workshop)).text
    await push(workshop, "o1", line(quoted), status="completed")
    done = (await sheet(workshop)).text

    assert ("245.3" in making, NEED in making) == (True, False)
    assert ("245.3" in done, "no longer agrees" in done) == (False, True)
    assert {one["value"] for one in await rows(workshop) if one["kind"] == "measure"} == {""}


async def test_c5_an_order_without_made_lines_has_no_sheet(workshop: ShopClient) -> None:
    await push(workshop, "o1", {"product_id": "mug", "quantity": 1, "unit_price_minor": 4000})

    check_problem(await workshop.api.get("/v1/production-sheets/o1"), 404)
