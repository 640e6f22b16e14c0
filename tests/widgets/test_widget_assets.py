"""The files that a page loads: their size, and what is served of them."""

import gzip

from widgets.assets import load_assets

BUDGET_BYTES = 6_000


def test_script_and_style_sheet_stay_within_the_budget() -> None:
    assets = load_assets()
    total = sum(len(assets[name].gzipped) for name in ("lastbook.js", "lastbook.css"))
    assert total <= BUDGET_BYTES, f"{total} bytes"


def test_an_asset_is_served_without_comment_lines_and_unpacks_to_itself() -> None:
    for asset in load_assets().values():
        assert gzip.decompress(asset.gzipped) == asset.body
        assert b"/**" not in asset.body
        assert asset.etag.startswith('"')


def test_the_script_never_turns_a_string_into_markup() -> None:
    script = load_assets()["lastbook.js"].body.decode()
    for sink in ("innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval(", "new Function"):
        assert sink not in script
