"""/v1/theme: typed tokens, never CSS; what is hard to read is said."""

from typing import Any

import pytest

from tests.support.problems import check_problem
from tests.support.shop import ShopClient

FULL: dict[str, Any] = {
    "accent": "#0b5fff", "button": "#1f1f1f", "on_button": "#ffffff", "muted": "#595959", "sale": "#b3261e",
    "good": "#2e6f40", "warning": "#b3261e", "line": "#767676", "focus": "#0b5fff", "tape": "#b3261e",
    "image_background": "#f4f4f4", "card_width": "12.5rem", "gap": "16px", "radius": "0", "step_radius": "4px",
    "heading_size": "1.5rem", "image_ratio": "4/5", "image_fit": "cover", "page_background": "#ffffff",
    "page_text": "#1a1a1a",
}  # fmt: skip


async def test_a_theme_is_stored_whole_and_read_back(shop: ShopClient) -> None:
    stored = await shop.api.put("/v1/theme", json=FULL)
    assert (stored.status_code, stored.json()) == (200, {"theme": FULL, "warnings": []})
    assert (await shop.api.get("/v1/theme")).json() == stored.json()
    assert (await shop.api.put("/v1/theme", json={"gap": "8px"})).json()["theme"] == {"gap": "8px"}


async def test_without_a_theme_nothing_is_set(shop: ShopClient) -> None:
    assert (await shop.api.get("/v1/theme")).json() == {"theme": {}, "warnings": []}


@pytest.mark.parametrize(
    ("token", "value"),
    [
        ("accent", "red"), ("accent", "#fff"), ("accent", "#0b5fff;}"), ("accent", "#0b5fff\n"), ("accent", "url(x)"),
        ("accent", "var(--x)"), ("accent", "expression(alert(1))"), ("accent", "#0b5fff/**/"), ("accent", 255),
        ("accent", None), ("gap", "-1px"), ("gap", "65px"), ("gap", "1e3px"), ("gap", "calc(1px)"), ("gap", "1 px"),
        ("gap", "1px}"), ("gap", "01px"), ("gap", "1vw"), ("card_width", "63px"), ("card_width", "41rem"),
        ("card_width", "0"), ("heading_size", "31px"), ("image_ratio", "1"), ("image_ratio", "1/0"),
        ("image_ratio", "5/1"), ("image_ratio", "1 / 1"), ("image_fit", "fill"), ("image_fit", "cover;"),
        ("font_family", "Arial"), ("css", "body{}"), ("accent;}", "#000000"),
    ],
)  # fmt: skip
async def test_what_is_no_token_is_refused_and_nothing_is_stored(shop: ShopClient, token: str, value: Any) -> None:
    await shop.api.put("/v1/theme", json={"muted": "#595959"})
    said = check_problem(await shop.api.put("/v1/theme", json={"sale": "#b3261e", token: value}), 422)
    assert token.rstrip(";}") in str(said)
    assert (await shop.api.get("/v1/theme")).json()["theme"] == {"muted": "#595959"}


async def test_low_contrast_is_stored_and_said_with_its_ratio(shop: ShopClient) -> None:
    theme = {"page_background": "#ffffff", "muted": "#999999", "focus": "#949494", "button": "#777777"}
    said = (await shop.api.put("/v1/theme", json=theme)).json()
    assert said["theme"] == theme
    # WebAIM's contrast checker: #999999 on white 2.84, white on #777777 4.47, #949494 on white 3.03.
    assert [(one["token"], one["against"], one["ratio"], one["needed"]) for one in said["warnings"]] == [
        ("muted", "page_background", 2.8, 4.5),
        ("on_button", "button", 4.4, 4.5),
    ]
    assert "4.5:1 is needed" in said["warnings"][0]["text"]


async def test_storing_a_theme_leaves_an_audit_row_and_needs_the_scope(shop: ShopClient) -> None:
    await shop.api.put("/v1/theme", json={"gap": "8px", "sale": "#b3261e"})
    async with shop.service.db.tenant(shop.keys.tenant_id) as conn:
        rows = await conn.fetch("select action, subject from audit_log where action = 'store theme'")
    assert [tuple(row) for row in rows] == [("store theme", "gap, sale")]
    page = {"Authorization": f"Bearer {shop.keys.publishable.secret}"}
    check_problem(await shop.page.put("/v1/theme", json={}, headers=page), 401)
