"""Browser: a Chromium to open pages with, found on this machine."""

import os
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:  # it is only there with the extra `doctor`
    from playwright.async_api import Browser

NAMES: Final = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
QUIET: Final = ("--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync")
"""The browser itself asks nobody for anything."""


class NoBrowser(Exception):
    """There is nothing to open a page with; the words say how to get it."""


NO_PLAYWRIGHT = """Opening pages needs playwright and axe, which are not installed.
What to do: pip install 'lastbook-server[doctor]'"""
NO_CHROMIUM = """There is no Chromium on this machine.
What to do: install it (Debian, Ubuntu: sudo apt-get install chromium; anywhere: playwright install chromium; Google
Chrome will do), or name the one that you have: CHROMIUM=/path/to/chromium lastbook-server doctor …"""


@asynccontextmanager
async def open_browser() -> AsyncIterator["Browser"]:
    """Chromium without a window. Raises NoBrowser."""
    try:
        import axe_playwright_python  # noqa: F401 whose axe is put into the page
        from playwright.async_api import Error, async_playwright
    except ModuleNotFoundError:
        raise NoBrowser(NO_PLAYWRIGHT) from None
    # As root there is no sandbox to be had; the page is the merchant's own.
    alone = ("--no-sandbox", "--disable-dev-shm-usage") if os.geteuid() == 0 else ()
    async with async_playwright() as playwright:
        try:
            browser = await playwright.chromium.launch(executable_path=find_chromium(), args=[*QUIET, *alone])
        except Error:
            raise NoBrowser(NO_CHROMIUM) from None
        try:
            yield browser
        finally:
            await browser.close()


def find_chromium() -> str | None:
    """The path of the one that CHROMIUM names, or of an installed one; None leaves it to playwright's own."""
    named = os.environ.get("CHROMIUM")
    found = next(filter(None, (shutil.which(name) for name in ([named] if named else NAMES))), None)
    if named and found is None:
        raise NoBrowser(f"CHROMIUM names {named}, which is no program.")
    return found
