"""The element in a browser, in front of the real service."""

from datetime import timedelta

import pytest

from tests.again.household import buy, ids, supplies
from tests.support.polling import until
from tests.support.shop import ShopClient
from tests.widgets.support import build_bare_shop, open_browser, open_page, serve

pytestmark = pytest.mark.filterwarnings("ignore:EdDSA is deprecated")


async def test_i6_the_page_shows_what_runs_out_and_the_record_keeps_what_is_said(store: ShopClient) -> None:
    await store.stock("salt", "mint", image_urls=[])
    now = store.service.clock().date()
    bought = {now - timedelta(days=days): units for days, units in ((55, 10), (25, 10))}
    await buy(store, "ada", bought, "salt")
    await buy(store, "ada", bought, "mint")

    async def known() -> bool:
        return await ids(store, "ada", horizon_days=30) == ["mint", "salt"]

    await until(known, seconds=5)
    script = f"data-key='{store.keys.publishable.secret}' data-token='{store.token('ada')}'"
    page_of_ada = build_bare_shop(store.service.url, "<lastbook-again horizon='30'></lastbook-again>", script=script)
    with serve(page_of_ada) as url:
        async with open_browser() as browser, open_page(browser) as (page, watch):
            page.set_default_timeout(8_000)
            await page.goto(url)
            await page.get_by_role("button", name="Later Product salt").click()
            await page.get_by_role("button", name="Undo Product salt").wait_for()
            assert (await supplies(store, "ada"))["salt"]["standing"] == "snoozed"
            await page.reload()
            await page.get_by_role("button", name="Not using it any more Product mint").click()
            await page.get_by_role("button", name="Undo Product mint").click()
            await page.get_by_role("button", name="Buy 10 again Product mint").wait_for()
            assert await page.get_by_text("Product salt").count() == 0
    assert (await supplies(store, "ada"))["mint"]["standing"] == "due"
    assert watch.errors == []
