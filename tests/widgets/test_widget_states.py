"""Every state of every element: WCAG 2.2 AA, the strictest policy with Trusted Types, and nothing in the console."""

import pytest
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Browser

from tests.widgets.element_states import STATES, ElementState, in_state
from tests.widgets.fake_api import FakeApi

AXE_TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]


@pytest.mark.parametrize("one", STATES, ids=lambda one: one.id)
async def test_a_state_passes_axe_and_violates_no_policy(
    browser: Browser, api: FakeApi, api_url: str, one: ElementState
) -> None:
    async with in_state(browser, api, api_url, one) as (page, watch):
        found = await Axe().run(page, options={"runOnly": {"type": "tag", "values": AXE_TAGS}})
        broken = await page.evaluate("broken")
    assert found.violations_count == 0, found.generate_report()
    assert broken == []
    assert watch.errors == []
