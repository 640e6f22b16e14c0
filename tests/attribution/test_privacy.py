"""What attribution keeps of a person goes with them, is in their archive, and is kept no longer than events are."""

import itertools
from datetime import UTC, datetime, timedelta
from uuid import uuid4

from infra.settings import Settings
from tenants.erase import replay_erasures
from tenants.jobs import keep_retention
from tests.attribution.desk import DAY, NOON, Desk
from tests.privacy.people import erase, export, store
from tests.privacy.scan import find_in_tables
from tests.support.polling import until


async def told_by_a_page(desk: Desk, shopper: str, number: int = 1) -> None:
    await desk.shop.stock("p1")
    card = (await desk.shop.ask("home-popular")).json()["slots"][0]["products"][0]
    click = {"id": f"event-{number:04}", "type": "click", "token": card["token"]}
    assert (await desk.beacon(click, token=desk.shop.token(shopper)))["accepted"] == 1


async def test_b10_an_archive_holds_what_was_clicked_where(desk: Desk) -> None:
    await told_by_a_page(desk, "s1")
    await desk.buy()
    await desk.do("click", placement="home-sweet-home")

    archive = (await export(desk.shop, "s1")).read("events.csv").decode()
    assert "home-popular" in archive, "told before the record knew the shopper"
    assert "home-sweet-home" in archive


async def test_b10_an_erased_shopper_leaves_no_click_and_sales_without_credit(desk: Desk, settings: Settings) -> None:
    canary = f"canary{uuid4().hex}"
    await told_by_a_page(desk, canary)
    await desk.buy(shopper_id=canary)
    await desk.do("click", shopper_id=canary)
    assert await desk.earned() == {"home": (1000, 0)}
    await erase(desk.shop, shopper_id=canary)

    assert await find_in_tables(settings, canary) == []
    report = await desk.report()
    assert (report["sales"], report["deeds"], report["sold"][0]["revenue_minor"]) == ([], [], 1000)


async def test_b10_whom_only_a_page_has_named_is_erased_too_and_stays_out(desk: Desk, settings: Settings) -> None:
    canary = f"canary{uuid4().hex}"
    await told_by_a_page(desk, canary)
    await erase(desk.shop, shopper_id=canary)
    assert await find_in_tables(settings, canary) == []
    await told_by_a_page(desk, canary, 2)

    assert await find_in_tables(settings, canary) == []


async def test_b10_an_erasure_replayed_after_a_restore_takes_them_out_again(desk: Desk, settings: Settings) -> None:
    canary = f"canary{uuid4().hex}"
    await erase(desk.shop, shopper_id=canary)
    await desk.do("click", value=1)
    async with desk.shop.service.db.tenant(desk.shop.keys.tenant_id) as conn:
        await conn.execute("update events set told_shopper = $1", canary)
        await replay_erasures(conn)

    assert await find_in_tables(settings, canary) == []


async def test_b10_who_does_not_want_to_be_recognised_is_not_credited(desk: Desk) -> None:
    consent = {"purpose": "personalisation", "granted": False, "at": NOON.isoformat(), "source": "account"}
    await desk.buy(at=datetime.now(UTC) + timedelta(minutes=1))
    assert (await desk.shop.api.put("/v1/consents/s1", json=consent)).status_code == 200
    numbers = itertools.count(1)

    async def is_nobody() -> bool:
        number = next(numbers)
        await told_by_a_page(desk, "s1", number)
        return await desk.why_event(f"client:event-{number:04}") == "nobody"

    await until(is_nobody, seconds=5)


async def test_b10_events_are_kept_no_longer_for_it(desk: Desk) -> None:
    await desk.do("click", at=datetime.now(UTC) - 20 * DAY)
    assert (await desk.shop.api.put("/v1/retention-rules", json={"events": 10})).status_code == 200
    await keep_retention(
        desk.shop.service.db, store(desk.shop), desk.shop.keys.tenant_id, clock=desk.shop.service.clock
    )

    assert (await desk.shop.api.get("/v1/events")).json()["items"] == []
