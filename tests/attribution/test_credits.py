"""Credits: which placement earned what was bought."""

from datetime import timedelta

import pytest

from tenants.attribution import done_before
from tests.attribution.desk import DAY, HOUR, NOON, Desk
from tests.identity.merchant import merge, undo
from tests.support.problems import check_problem
from tests.support.shop import Document, ShopClient

BOTH = {"click_days": 7, "view_days": 1}


async def test_b10_a_click_earns_its_placement_what_was_bought(desk: Desk) -> None:
    await desk.do("click")
    await desk.buy("p1", "p2")

    assert await desk.earned() == {"home": (1000, 0)}
    assert await desk.earned(by="product") == {"p1": (1000, 0)}
    assert await desk.earned(by="day") == {"2026-03-10": (1000, 0)}
    report = await desk.report()
    assert report["sold"] == [{"currency": "EUR", "orders": 1, "units": 2, "revenue_minor": 2000}]
    assert report["settings"] == BOTH


async def test_b10_quantity_counts_and_a_discount_does_not(desk: Desk) -> None:
    await desk.do("click")
    line = {"product_id": "p1", "quantity": 3, "unit_price_minor": 500, "discount_minor": 100}
    await desk.buy(lines=[line])

    [row] = (await desk.report())["sales"]
    assert (row["clicked_orders"], row["clicked_units"], row["clicked_revenue_minor"]) == (1, 3, 1400)


async def test_b10_the_last_click_earns_and_a_click_before_a_later_add(desk: Desk) -> None:
    await desk.do("click", placement="first", at=NOON - 3 * DAY)
    await desk.do("click", placement="last", at=NOON - 2 * DAY)
    await desk.do("cart", placement="add", at=NOON - DAY)
    await desk.do("impression", placement="seen")
    await desk.buy()

    assert await desk.earned() == {"last": (1000, 0)}
    assert await desk.why() == ["clicked"]


async def test_b10_an_add_earns_where_nobody_clicked(desk: Desk) -> None:
    await desk.do("cart", placement="first", at=NOON - 2 * DAY)
    await desk.do("cart", placement="last", at=NOON - DAY)
    await desk.buy()

    assert await desk.earned() == {"last": (1000, 0)}
    assert await desk.why() == ["added"]


async def test_b10_what_was_only_seen_is_reported_apart(desk: Desk) -> None:
    await desk.do("impression", "p1", at=NOON - HOUR)
    await desk.do("click", "p2")
    await desk.buy("p1", "p2")

    [row] = (await desk.report())["sales"]
    assert (row["clicked_revenue_minor"], row["viewed_revenue_minor"]) == (1000, 1000)
    assert (row["clicked_orders"], row["viewed_orders"]) == (1, 1)
    assert await desk.why() == ["viewed", "clicked"]


@pytest.mark.parametrize(("kind", "before", "days", "earned"), [
    ("click", 7 * DAY, {}, True), ("click", 7 * DAY + HOUR, {}, False),
    ("cart", 7 * DAY, {}, True), ("cart", 7 * DAY + HOUR, {}, False),
    ("impression", DAY, {}, True), ("impression", DAY + HOUR, {}, False),
    ("click", 2 * DAY, {"click_days": 1}, False), ("click", 30 * DAY, {"click_days": 30}, True),
    ("impression", 3 * DAY, {"view_days": 3}, True), ("impression", HOUR, {"view_days": 0}, False),
    ("click", timedelta(), {}, True), ("click", -HOUR, {}, False), ("impression", -HOUR, {}, False),
])  # fmt: skip
async def test_b10_only_what_was_done_within_the_days_before_earns(
    desk: Desk, kind: str, before: timedelta, days: dict[str, int], *, earned: bool
) -> None:
    await desk.set_days(**days)
    await desk.do(kind, at=NOON - before)
    await desk.buy()

    assert bool(await desk.earned()) is earned


@pytest.mark.parametrize("end", ["cancelled", "returned"])
async def test_b10_an_order_that_ended_earns_nothing_and_earns_again_when_it_stands(desk: Desk, end: str) -> None:
    await desk.do("click")
    await desk.buy()
    await desk.buy(status=end)

    assert await desk.earned() == {}
    assert (await desk.report())["sold"] == []
    assert await desk.why() == [end]
    await desk.buy(status="paid")
    assert await desk.earned() == {"home": (1000, 0)}


async def test_b10_an_order_sent_again_counts_once_and_as_it_was_told_last(desk: Desk) -> None:
    await desk.do("click", "p1")
    await desk.do("click", "p2")
    for products in (("p1", "p2"), ("p1", "p2"), ("p1",)):
        await desk.buy(*products)

    assert await desk.earned(by="product") == {"p1": (1000, 0)}


async def test_b10_a_click_that_is_told_after_its_order_earns_it(desk: Desk) -> None:
    await desk.buy()
    assert await desk.why() == ["nothing_done"]
    await desk.do("click")

    assert await desk.earned() == {"home": (1000, 0)}


async def test_b10_a_browsers_click_is_the_shoppers_whom_the_server_names_for_it(desk: Desk) -> None:
    await desk.do("click", visitor_id="v1")
    await desk.buy()
    assert await desk.earned() == {}
    await desk.name("v1", "s1")

    assert await desk.earned() == {"home": (1000, 0)}


async def test_b10_a_browser_that_is_taken_back_earns_nothing(desk: Desk) -> None:
    await desk.do("click", visitor_id="v1")
    await desk.name("v1", "s1")
    await desk.buy()
    gone = {"kind": "visitor", "value": "v1"}
    assert (await desk.shop.api.delete("/v1/shopper-identifiers/s1", params=gone)).status_code == 204

    assert await desk.earned() == {}


async def test_b10_a_shared_browsers_click_earns_whoever_of_them_buys(desk: Desk) -> None:
    """Also when another one signed in first, so that the events are theirs in the record."""
    await desk.do("click", visitor_id="v1")
    await desk.name("v1", "s2")
    await desk.name("v1", "s1")
    await desk.buy()

    assert await desk.earned() == {"home": (1000, 0)}


async def test_b10_a_click_under_a_name_is_nobody_elses_at_the_same_browser(desk: Desk) -> None:
    await desk.do("click", shopper_id="s2", visitor_id="v1")
    await desk.name("v1", "s2")
    await desk.name("v1", "s1")
    await desk.buy()

    assert await desk.earned() == {}


async def test_b10_a_merged_shoppers_click_earns_and_not_after_the_merge_was_undone(desk: Desk) -> None:
    await desk.do("click", shopper_id="s2")
    await desk.buy()
    merged = await merge(desk.shop, "s1", "s2")
    assert await desk.earned() == {"home": (1000, 0)}
    assert (await undo(desk.shop, merged)).status_code == 200

    assert await desk.earned() == {}


async def test_b10_a_merged_shoppers_browser_is_the_persons(desk: Desk) -> None:
    await desk.do("click", visitor_id="v1")
    await desk.name("v1", "s2")
    await desk.buy()
    await merge(desk.shop, "s1", "s2")

    assert await desk.earned() == {"home": (1000, 0)}


async def test_b10_another_shoppers_click_and_another_products_earn_nothing(desk: Desk) -> None:
    await desk.do("click", shopper_id="s2")
    await desk.do("click", "p2")
    await desk.do("click", visitor_id="v2")
    await desk.buy()

    assert await desk.earned() == {}


async def test_b10_a_guests_order_earns_nothing_and_is_sold(desk: Desk) -> None:
    await desk.do("click")
    await desk.buy(shopper_id=None)

    assert await desk.earned() == {}
    assert (await desk.report())["sold"][0]["revenue_minor"] == 1000
    assert await desk.why() == ["guest"]


async def test_b10_currencies_are_not_added_up(desk: Desk) -> None:
    await desk.do("click")
    await desk.buy(name="o1")
    await desk.buy(name="o2", currency="USD")

    report = await desk.report()
    assert [(row["key"], row["currency"], row["clicked_revenue_minor"]) for row in report["sales"]] == [
        ("home", "EUR", 1000),
        ("home", "USD", 1000),
    ]
    assert {row["currency"] for row in report["sales_totals"]} == {"EUR", "USD"}


async def test_b10_days_are_the_shops_own(desk: Desk) -> None:
    async with desk.shop.service.db.system() as conn:
        await conn.execute(
            "update tenants set time_zone = 'Pacific/Auckland' where tenant_id = $1", desk.shop.keys.tenant_id
        )
    await desk.do("click", at=NOON)
    await desk.buy(at=NOON)

    report = await desk.report(by="day")
    assert ([row["key"] for row in report["sales"]], [row["key"] for row in report["deeds"]]) == (
        ["2026-03-11"],
        ["2026-03-11"],
    )
    assert (await desk.earned(by="day", **{"from": "2026-03-10", "to": "2026-03-10"})) == {}


async def test_b10_the_same_deed_of_the_same_browser_counts_once(desk: Desk) -> None:
    for number in range(3):
        await desk.do("impression", visitor_id="v1", at=NOON + number * HOUR)
    await desk.do("impression", visitor_id="v2")
    await desk.do("impression", visitor_id="v1", at=NOON + DAY)
    await desk.do("click", visitor_id="v1")
    await desk.do("cart", visitor_id="v1")
    await desk.do("view", visitor_id="v1")

    assert (await desk.report())["deeds"] == [{"key": "home", "impressions": 3, "clicks": 1, "adds": 1}]
    by_day = (await desk.report(by="day"))["deeds"]
    assert [(row["key"], row["impressions"]) for row in by_day] == [("2026-03-10", 2), ("2026-03-11", 1)]


async def test_b10_settings_are_told_read_and_in_the_audit_log(desk: Desk) -> None:
    address = "/v1/attribution-settings"
    assert (await desk.shop.api.get(address)).json() == BOTH
    await desk.set_days(click_days=3, view_days=0)
    assert (await desk.shop.api.get(address)).json() == {"click_days": 3, "view_days": 0}
    await desk.set_days()
    assert (await desk.shop.api.get(address)).json() == BOTH
    async with desk.shop.service.db.tenant(desk.shop.keys.tenant_id) as conn:
        assert await conn.fetchval("select count(*) from audit_log where action = 'store attribution settings'") == 2


@pytest.mark.parametrize("bad", [
    {"click_days": 0}, {"click_days": 31}, {"view_days": -1}, {"view_days": 31}, {"click_days": 1.5}, {"days": 7},
    {"click_days": None}, {"click_days": True},
])  # fmt: skip
async def test_b10_settings_that_cannot_be_are_refused(shop: ShopClient, bad: Document) -> None:
    check_problem(await shop.api.put("/v1/attribution-settings", json=bad), 422)
    assert (await shop.api.get("/v1/attribution-settings")).json() == BOTH


async def test_b10_what_others_did_with_a_product_is_not_looked_at_for_an_order(desk: Desk) -> None:
    """Millions may have seen it. A browser that the buyer shares with who signed in there first is."""
    for n in range(5):
        await desk.do("click", shopper_id=f"other-{n}")
        await desk.do("impression", visitor_id=f"browser-{n}")
    await desk.do("click", visitor_id="shared")
    await desk.name("shared", "first")
    await desk.name("shared", "s1")
    await desk.do("click", visitor_id="shared")
    await desk.do("impression")
    await desk.buy()
    async with desk.shop.service.db.tenant(desk.shop.keys.tenant_id) as conn:
        looked_at = f"select count(*) from events where {done_before('order_id = any($1::text[])')}"
        assert await conn.fetchval(looked_at, ["o1"]) == 3

    assert await desk.why() == ["clicked"]
