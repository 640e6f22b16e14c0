"""The files that a page loads: their size, and what is served of them."""

import gzip
import re

import pytest

from widgets.assets import load_assets, strip

BUDGET_BYTES = 6_000
CUSTOM_BYTES = 3_000
MEASURE_BYTES = 4_000
CAMPAIGN_BYTES = 3_000
AGAIN_BYTES = 3_000
LOOKS_BYTES = 1_000
WORDS_BYTES = 750
CAMPAIGN_WORDS_BYTES = 1_450
"""Thirteen states and a dozen refusals, each with what to do about it."""
PAGE_BYTES = 10_000
CAMPAIGN_PAGE_BYTES = 10_800


def size(*names: str) -> int:
    """Of some files together, gzip."""
    assets = load_assets()
    return sum(len(assets[name].gzipped) for name in names)


def test_script_and_style_sheet_stay_within_the_budget() -> None:
    total = size("lastbook.js", "lastbook.css")
    assert total <= BUDGET_BYTES, f"{total} bytes"


@pytest.mark.parametrize(
    ("name", "budget", "words"),
    [
        ("lastbook-custom", CUSTOM_BYTES, WORDS_BYTES),
        ("lastbook-measure", MEASURE_BYTES, WORDS_BYTES),
        ("lastbook-campaign", CAMPAIGN_BYTES, CAMPAIGN_WORDS_BYTES),
        ("lastbook-again", AGAIN_BYTES, WORDS_BYTES),
    ],
)
def test_an_elements_module_its_looks_and_its_words_stay_within_the_budget(name: str, budget: int, words: int) -> None:
    assert size(f"{name}.js") <= budget
    assert size(f"{name}.css") <= LOOKS_BYTES
    assert max(size(f"{name}-en.js"), size(f"{name}-zh.js")) <= words


def test_a_product_page_with_options_loads_no_more_than_ten_thousand_bytes() -> None:
    """Until the shopper opens what else there is."""
    custom = size("lastbook-custom.js", "lastbook-custom.css", "lastbook-custom-en.js")
    assert custom + size("lastbook.js", "lastbook.css") <= PAGE_BYTES


def test_a_page_with_a_campaign_loads_no_more_than_it_may() -> None:
    campaign = size("lastbook-campaign.js", "lastbook-campaign.css", "lastbook-campaign-en.js")
    assert campaign + size("lastbook.js", "lastbook.css") <= CAMPAIGN_PAGE_BYTES


def test_the_list_to_buy_again_takes_no_more_than_three_thousand_bytes_in_all() -> None:
    assert size("lastbook-again.js", "lastbook-again.css", "lastbook-again-zh.js") <= AGAIN_BYTES


@pytest.mark.parametrize("name", ["lastbook-custom", "lastbook-measure", "lastbook-campaign", "lastbook-again"])
def test_both_languages_have_the_same_words_with_the_same_places_in_them(name: str) -> None:
    english, chinese = (load_assets()[f"{name}-{language}.js"].body.decode() for language in ("en", "zh"))
    assert re.findall(r"[{,](\w+):", english) == re.findall(r"[{,](\w+):", chinese)
    for place in ("{0}", "{1}"):
        assert english.count(place) == chinese.count(place)


def test_an_asset_is_served_without_comment_lines_and_unpacks_to_itself() -> None:
    for asset in load_assets().values():
        assert gzip.decompress(asset.gzipped) == asset.body
        assert b"/**" not in asset.body
        assert asset.etag.startswith('"')


def test_scripts_never_turn_a_string_into_markup_nor_keep_anything_in_the_browser() -> None:
    for asset in load_assets().values():
        script = asset.body.decode()
        for sink in ("innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval(", "new Function"):
            assert sink not in script
        for store in ("localStorage", "sessionStorage", "indexedDB", "document.cookie", "caches"):
            assert store not in script


@pytest.mark.parametrize(
    ("source", "served"),
    [
        ('const a = "x , // y";  // why\n', 'const a="x , // y";'),
        ("const a = `x , ${b} : c`;\n", "const a=`x , ${b} : c`;"),
        ("text.split(/[ ,] \\/ /g);\n", "text.split(/[ ,] \\/ /g);"),
        ("const [a] =\n  / x | y/.exec(b);\n", "const[a]=\n  / x | y/.exec(b);"),
        ("/** what\n * it is */\nfunction f(a, b) {\n  return a - -b;\n}\n", "function f(a,b){return a - -b;}"),
        ("f({\n  a: 1,\n  b: [\n    2,\n  ],\n});\n", "f({a:1,b:[2]});"),
        ("let a\nlet b\n", "let a\nlet b"),
        ("return a / b / c + d;\n", "return a / b / c+d;"),
    ],
)
def test_a_script_loses_what_only_readers_need(source: str, served: str) -> None:
    assert strip(source, ".js") == served


@pytest.mark.parametrize(
    ("source", "served"),
    [
        (
            '/* why */\na > b :hover {\n  content: " ; ";\n  margin: 1px 2px;\n}\n',
            'a > b :hover{content:" ; ";margin:1px 2px}',
        ),
        ("a,\nb {\n  inline-size: calc(1em + 2px);\n}\n\nc {\n}\n", "a,b{inline-size:calc(1em + 2px)}c{}"),
    ],
)
def test_a_style_sheet_loses_what_only_readers_need(source: str, served: str) -> None:
    assert strip(source, ".css") == served
