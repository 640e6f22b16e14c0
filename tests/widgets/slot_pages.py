"""Slot pages: a page with one slot, and what its tests ask of it."""

from typing import Any

from playwright.async_api import Page

from tests.widgets.fake_api import FakeApi

SLOT = "<lastbook-slot name='home' limit='2'><p id='own'>The shop's own</p></lastbook-slot>"


async def settled(page: Page, count: int = 1, state: str = "ready") -> None:
    await page.wait_for_function(
        "([count, state]) => document.querySelectorAll(`lastbook-slot[state=${state}]`).length === count",
        arg=[count, state],
    )


def slot_with(api: FakeApi, at: int = -1) -> dict[str, Any]:
    """The first slot of a question, as it was asked."""
    return dict(api.questions[at]["slots"][0])
