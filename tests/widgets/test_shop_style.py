"""The shop's style sheet: the room that it reserves is the room that products take, and no text becomes CSS."""

import re

import pytest
from playwright.async_api import Browser

from tenants.placements import Placement
from tenants.theme import Theme
from tests.widgets.support import make_product, open_page
from widgets.assets import SOURCE, load_assets
from widgets.include import Filling, Product, render_slot
from widgets.shop_style import NOT_PROPERTIES, TYPES, make_shop_style

WIDTHS = (
    90, 98, 160, 240, 280, 320, 343.5, 361, 390, 419, 480, 544, 560, 599.7, 768, 900, 1024, 1199, 1280, 1440, 2560,
)  # fmt: skip
HEIGHTS = "[...document.querySelectorAll('div[style]')].map((one) => one.getBoundingClientRect().height)"
THEMES = (
    Theme(),
    Theme(card_width="150px", gap="0.5rem", image_ratio="4/5", radius="1rem"),
    Theme(card_width="20rem", gap="24px", image_ratio="16/9"),
    Theme(card_width="64px", gap="64px", heading_size="30px"),
)
PLACEMENTS = (
    Placement(id="home", strategy="popular", layout="grid", limit=7),
    Placement(id="row", strategy="popular", layout="carousel", limit=5),
    Placement(id="with reasons", strategy="popular", layout="grid", fields=("image", "title", "price", "reason")),
    Placement(id="short", strategy="popular", layout="grid", fields=("image", "title"), limit=3),
    Placement(id="texts", strategy="popular", layout="grid", fields=("title", "price"), limit=4),
    Placement(id="pictures", strategy="popular", layout="carousel", fields=("image",), limit=4),
    Placement(id='quo"te\\}{;—店', strategy="popular", layout="grid", limit=2),
)
ASKED: tuple[dict[str, str], ...] = ({}, {"limit": "1"}, {"limit": "13"}, {"layout": "grid"}, {"layout": "carousel"})


def page_of(theme: Theme, root: str, *, filled: bool) -> str:
    style = (
        f"html{{font-size:{root}}}" + load_assets()["lastbook.css"].body.decode() + make_shop_style(theme, PLACEMENTS)
    )
    boxes = [
        f'<div style="width:{width}px">{slot(placement, asked, filled=filled)}</div>'
        for width in WIDTHS
        for placement in PLACEMENTS
        for asked in ASKED
    ]
    return f"<!doctype html><style>body{{margin:0}}{style}</style>{''.join(boxes)}"


def slot(placement: Placement, asked: dict[str, str], *, filled: bool) -> str:
    shown = int(asked.get("limit", placement.limit)) if filled else 0
    products = tuple(
        Product(**make_product(number, title="A long title " * (number % 4), brand="" if number % 2 else "Brand " * 30,
                               sale_price_minor=99 if number % 3 else None, image="https://shop.example/i.png"))
        for number in range(1, shown + 1)
    )  # fmt: skip
    filling = Filling(
        name=placement.id, heading="Picked", layout=placement.layout, fields=placement.shown, products=products
    )
    attributes = asked if filled else {**asked, "layout": asked.get("layout", "")}
    html = str(render_slot(filling, locale="en", attributes=attributes))
    return html if filled or "layout" in asked else re.sub(r' layout="[a-z]*"', "", html, count=1)


@pytest.mark.parametrize("root", ["100%", "62.5%"])
@pytest.mark.parametrize("theme", THEMES, ids=["shipped", "narrow", "wide", "odd"])
async def test_the_room_reserved_is_the_room_that_products_take(browser: Browser, theme: Theme, root: str) -> None:
    async with open_page(browser) as (page, _):
        heights = []
        for filled in (False, True):
            await page.set_content(page_of(theme, root, filled=filled), wait_until="domcontentloaded")
            heights.append(await page.evaluate(HEIGHTS))
    cases = [(width, one.id, asked) for width in WIDTHS for one in PLACEMENTS for asked in ASKED]
    apart = [
        (case, before, after) for case, before, after in zip(cases, *heights, strict=True) if abs(before - after) > 0.1
    ]
    assert apart == []
    assert min(heights[0]) > 44


def test_every_token_of_a_theme_is_a_property_that_some_style_sheet_reads() -> None:
    sheets = "".join(path.read_text("utf-8") for path in SOURCE.glob("*.css"))
    read = {name.replace("-", "_") for name in re.findall(r"var\(--lastbook-([a-z-]+)", sheets)}
    assert {*Theme.__struct_fields__} - NOT_PROPERTIES == read


def test_a_shop_without_a_theme_and_placements_has_no_rule_for_any_element() -> None:
    rules = re.sub(r"@property[^}]*}", "", make_shop_style(Theme(), ())).strip()
    assert rules == "@layer lastbook{:root{--lastbook-card-width:11rem;--lastbook-gap:1rem;--lastbook-radius:.5rem}}"


@pytest.mark.parametrize("root", ["100%", "62.5%"])
async def test_a_wrong_value_in_a_shops_own_css_is_as_none_and_types_change_no_default(
    browser: Browser, root: str
) -> None:
    wrong = ";".join(f"{name}:banana" for name in TYPES)
    right = "--lastbook-gap:3px;--lastbook-card-width:45%;--lastbook-muted:light-dark(red,blue)"
    async with open_page(browser) as (page, _):
        looks = []
        for typed, own in ((False, ""), (True, ""), (True, wrong), (True, right)):
            sheet = make_shop_style(Theme(), ()) if typed else ""
            await page.set_content(card_page(root, sheet + f"lastbook-slot{{color:navy;{own}}}"))
            looks.append(await page.evaluate(LOOKS))
        await page.set_content(card_page(root, sheet + f":root{{{wrong}}} lastbook-slot{{color:navy}}"))
        assert await page.evaluate("document.querySelector('.lastbook-card').clientWidth") == 176
    assert looks[0] == looks[1] == looks[2]
    assert looks[3] != looks[0]


def card_page(root: str, css: str) -> str:
    """A carousel of two cards, one reduced."""
    style = f"html{{font-size:{root}}}" + load_assets()["lastbook.css"].body.decode() + css
    return f"<!doctype html><style>{style}</style>{slot(PLACEMENTS[1], {}, filled=True)}"


LOOKS = """() => [...document.querySelectorAll("lastbook-slot *")].map((one) => {
  const { color, font, gap, borderRadius, objectFit, backgroundColor, outlineColor } = getComputedStyle(one);
  const { x, y, width, height } = one.getBoundingClientRect();
  return [one.className, color, font, gap, borderRadius, objectFit, backgroundColor, outlineColor, x, y, width, height];
})"""
