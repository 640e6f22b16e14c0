"""The files that a page loads: their size, and what is served of them."""

import gzip
import re
from pathlib import Path

import pytest
from minify import MinifyError

from widgets.assets import SOURCE, bundle, load_assets, make_asset, shrink

CORE_BYTES = 6_000
ELEMENT_BYTES = 3_000
MEASURE_BYTES = 4_000
LOOKS_BYTES = 1_000
WORDS_BYTES = 900
MORE_BYTES = 2_000
"""Of what is fetched when the shopper acts."""
PAGE_BYTES = 10_000
CHINESE_BYTES = {"lastbook-campaign": 10_400, "lastbook-custom": 10_090}
"""Pages that fall short of the budget: in UTF-8 a Chinese sign takes three bytes, and these say much."""
LOOKS: dict[str, list[str]] = {"lastbook-measure": []}
"""Of what else is on the page, where that is not slots."""

ELEMENTS = sorted(path.stem for path in SOURCE.glob("lastbook-*.css"))
MORE = sorted(path.stem for path in SOURCE.glob("lastbook-*-more.js"))
LANGUAGES = ("en", "zh")


def size(*names: str) -> int:
    """Of some files together as they are served, gzip."""
    assets = load_assets()
    return sum(len(assets[name].gzipped) for name in names)


def source_size(name: str) -> int:
    """Of a part that is served within another file."""
    return len(make_asset(name, (SOURCE / name).read_text("utf-8")).gzipped)


def test_the_core_with_its_style_sheet_stays_within_the_budget() -> None:
    total = size("lastbook.js", "lastbook.css")
    assert total <= CORE_BYTES, f"{total} bytes"


@pytest.mark.parametrize("name", ELEMENTS)
def test_an_elements_code_its_looks_and_its_words_stay_within_the_budget(name: str) -> None:
    words = max(source_size(f"{name}-{language}.js") for language in LANGUAGES)
    assert source_size(f"{name}.js") <= (MEASURE_BYTES if name == "lastbook-measure" else ELEMENT_BYTES)
    assert source_size(f"{name}.css") <= LOOKS_BYTES
    assert words <= WORDS_BYTES


@pytest.mark.parametrize("name", ELEMENTS)
def test_a_page_with_a_further_element_loads_no_more_than_it_may(name: str) -> None:
    """All that is fetched before the shopper acts; a page for measurements has no slots, and so not their looks."""
    total = size("lastbook.js", *LOOKS.get(name, ["lastbook.css"]), f"{name}-en.js")
    assert total <= PAGE_BYTES, f"{total} bytes"


@pytest.mark.parametrize("name", ELEMENTS)
def test_a_chinese_page_with_a_further_element_loads_no_more_than_it_may(name: str) -> None:
    """With the words of the slots, a file of its own. Two pages fall short of it."""
    total = size("lastbook.js", *LOOKS.get(name, ["lastbook.css", "lastbook-zh.js"]), f"{name}-zh.js")
    assert total <= CHINESE_BYTES.get(name, PAGE_BYTES), f"{total} bytes"


@pytest.mark.parametrize("name", MORE)
@pytest.mark.parametrize("language", LANGUAGES)
def test_what_is_fetched_when_the_shopper_acts_stays_within_the_budget(name: str, language: str) -> None:
    assert size(f"{name}-{language}.js") <= MORE_BYTES


@pytest.mark.parametrize("name", [*ELEMENTS, *MORE])
def test_both_languages_have_the_same_words_with_the_same_places_in_them(name: str) -> None:
    english, chinese = ((SOURCE / f"{name}-{language}.js").read_text("utf-8") for language in LANGUAGES)
    assert re.findall(r"^  (\w+):", english, re.MULTILINE) == re.findall(r"^  (\w+):", chinese, re.MULTILINE)
    for place in ("{0}", "{1}"):
        assert english.count(place) == chinese.count(place)


def test_an_asset_is_served_without_comment_lines_and_unpacks_to_itself() -> None:
    for asset in load_assets().values():
        assert gzip.decompress(asset.gzipped) == asset.body
        assert b"/**" not in asset.body
        assert asset.etag.startswith('"')


def test_an_element_is_one_file_a_language_with_its_words_and_looks() -> None:
    served = load_assets()
    for name in ELEMENTS:
        for language in LANGUAGES:
            module = served[f"{name}-{language}.js"].body.decode()
            assert module.startswith("export const open=")
            assert "function mount" not in module


def test_scripts_never_turn_a_string_into_markup() -> None:
    for asset in load_assets().values():
        script = asset.body.decode()
        for sink in ("innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval(", "new Function"):
            assert sink not in script


def test_only_the_core_keeps_anything_in_the_browser_and_never_in_cookies() -> None:
    for name, asset in load_assets().items():
        script = asset.body.decode()
        for store in ("indexedDB", "document.cookie", "caches", *(() if name == "lastbook.js" else ("Storage",))):
            assert store not in script


def test_parts_of_a_script_become_one_each_once_and_before_what_needs_it(tmp_path: Path) -> None:
    (tmp_path / "core").mkdir()
    (tmp_path / "core" / "one.js").write_text("export const one = () => 1;\n")
    (tmp_path / "core" / "two.js").write_text(
        'import { one } from "./one.js";\nexport function two() { return one() * 2; }\n'
    )
    (tmp_path / "all.js").write_text(
        'import { one } from "./core/one.js";\nimport {\n  two,\n} from "./core/two.js";\nwindow.sum = one() + two();\n'
    )
    whole = bundle(tmp_path / "all.js")
    assert whole.count("const one") == whole.count("function two") == 1
    assert whole.index("const one") < whole.index("function two") < whole.index("window.sum")
    assert "import" not in whole
    assert "export" not in whole


def test_two_parts_that_declare_the_same_name_are_refused_at_once(tmp_path: Path) -> None:
    (tmp_path / "one.js").write_text("export const same = 1;\n")
    (tmp_path / "all.js").write_text('import { same } from "./one.js";\nconst same = 2;\n')
    with pytest.raises(MinifyError, match="same has already been declared"):
        shrink(bundle(tmp_path / "all.js"), ".js")
