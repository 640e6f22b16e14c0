"""Promise dates: the order day and lead days in the shop's own calendar, with its time zone and cut-off (C8)."""

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tenants.work_calendar import WEEK, WorkCalendar, promise
from tests.support.problems import check_problem
from tests.support.shop import Document, ShopClient

BERLIN = ZoneInfo("Europe/Berlin")
PLAIN = WorkCalendar(time_zone="Europe/Berlin")


def promised(calendar: WorkCalendar, ordered: str, lead_days: int = 0) -> tuple[str, str, str]:
    """Of an order at this time of the calendar's zone: confirmed by, starts, ready."""
    made = promise(calendar, datetime.fromisoformat(ordered).replace(tzinfo=ZoneInfo(calendar.time_zone)), lead_days)
    return made.confirm_by.strftime("%Y-%m-%d %H:%M"), made.starts_on.isoformat(), made.ready_on.isoformat()


@pytest.mark.parametrize(("ordered", "confirm_by", "starts_on"), [
    ("2026-03-02 14:59", "2026-03-03 08:00", "2026-03-02"),
    ("2026-03-02 15:00", "2026-03-04 08:00", "2026-03-03"),
    ("2026-03-02 15:01", "2026-03-04 08:00", "2026-03-03"),
    ("2026-03-06 14:59", "2026-03-09 08:00", "2026-03-06"),
    ("2026-03-06 15:01", "2026-03-10 08:00", "2026-03-09"),
    ("2026-03-07 10:00", "2026-03-10 08:00", "2026-03-09"),
    ("2026-03-08 23:59", "2026-03-10 08:00", "2026-03-09"),
])  # fmt: skip
def test_c8_an_order_before_the_cut_off_is_confirmed_the_next_work_day(
    ordered: str, confirm_by: str, starts_on: str
) -> None:
    assert promised(PLAIN, ordered)[:2] == (confirm_by, starts_on)


def test_c8_the_cut_off_is_in_the_shops_time_and_not_in_the_callers() -> None:
    """14:59 in Shanghai is before the sun is up in Berlin."""
    shanghai = WorkCalendar(time_zone="Asia/Shanghai")
    early = promise(shanghai, datetime(2026, 3, 2, 6, 59, tzinfo=UTC), 0)
    late = promise(shanghai, datetime(2026, 3, 2, 7, 1, tzinfo=UTC), 0)

    assert (early.confirm_by, late.confirm_by) == (
        datetime(2026, 3, 3, 0, tzinfo=UTC), datetime(2026, 3, 4, 0, tzinfo=UTC)
    )  # fmt: skip
    assert early.confirm_by.isoformat() == "2026-03-03T08:00:00+08:00"


@pytest.mark.parametrize(("lead_days", "ready_on"), [
    (0, "2026-03-02"), (1, "2026-03-03"), (4, "2026-03-06"), (5, "2026-03-09"), (10, "2026-03-16"),
])  # fmt: skip
def test_c8_lead_days_are_work_days(lead_days: int, ready_on: str) -> None:
    assert promised(PLAIN, "2026-03-02 10:00", lead_days)[2] == ready_on


def test_c8_public_holidays_of_the_country_and_its_part_are_no_work_days() -> None:
    """Good Friday and Easter Monday 2026 are in all of Germany, Epiphany is Bavaria's."""
    germany = WorkCalendar(time_zone="Europe/Berlin", country="DE")
    bavaria = WorkCalendar(time_zone="Europe/Berlin", country="DE", subdivision="BY")

    assert promised(PLAIN, "2026-04-02 10:00", 1)[2] == "2026-04-03"
    assert promised(germany, "2026-04-02 10:00", 1) == ("2026-04-07 08:00", "2026-04-02", "2026-04-07")
    assert [promised(one, "2026-01-05 10:00", 1)[2] for one in (germany, bavaria)] == ["2026-01-06", "2026-01-07"]


def test_c8_closed_days_extra_days_and_a_week_of_ones_own_count() -> None:
    own = WorkCalendar(
        working_days=("tue", "thu"), closed_days=(date(2026, 3, 5), date(2026, 3, 7)),
        extra_days=(date(2026, 3, 6), date(2026, 3, 7)), cut_off="12:00", confirm_by="18:30",
    )  # fmt: skip

    assert promised(own, "2026-03-03 11:59", 2) == ("2026-03-06 18:30", "2026-03-03", "2026-03-10")
    assert promised(own, "2026-03-03 12:00", 2) == ("2026-03-10 18:30", "2026-03-06", "2026-03-12")


def test_c8_the_clocks_change_and_the_promise_stays_at_its_local_time() -> None:
    """Summer time begins on Sunday 2026-03-29 in Berlin and ends on 2026-10-25."""
    spring = promise(PLAIN, datetime(2026, 3, 27, 14, 59, tzinfo=BERLIN), 1)
    autumn = promise(PLAIN, datetime(2026, 10, 23, 14, 59, tzinfo=BERLIN), 1)

    assert (spring.confirm_by.isoformat(), spring.ready_on) == ("2026-03-30T08:00:00+02:00", date(2026, 3, 30))
    assert (autumn.confirm_by.isoformat(), autumn.ready_on) == ("2026-10-26T08:00:00+01:00", date(2026, 10, 26))


def test_c8_a_time_that_the_clocks_skip_is_the_moment_an_hour_later() -> None:
    sundays = WorkCalendar(time_zone="Europe/Berlin", working_days=WEEK, confirm_by="02:30")

    assert promised(sundays, "2026-03-28 10:00")[0] == "2026-03-29 03:30"


CALENDARS = st.builds(
    WorkCalendar,
    time_zone=st.sampled_from(["UTC", "Europe/Berlin", "America/New_York", "Asia/Shanghai", "Pacific/Apia"]),
    country=st.sampled_from([None, "DE", "US", "CN"]),
    working_days=st.lists(st.sampled_from(WEEK), min_size=1, max_size=7, unique=True).map(tuple),
    closed_days=st.lists(st.dates(date(2025, 12, 1), date(2026, 3, 1)), max_size=40).map(tuple),
    extra_days=st.lists(st.dates(date(2025, 12, 1), date(2026, 3, 1)), max_size=10).map(tuple),
    cut_off=st.sampled_from(["00:00", "12:30", "15:00", "23:59"]),
    confirm_by=st.sampled_from(["00:00", "02:30", "08:00", "23:59"]),
)
MOMENTS = st.datetimes(datetime(2025, 11, 20), datetime(2026, 4, 10)).map(lambda one: one.replace(tzinfo=UTC))


@given(calendar=CALENDARS, moments=st.lists(MOMENTS, min_size=2, max_size=6), lead_days=st.integers(0, 30))
def test_c8_a_later_order_is_never_promised_earlier_and_more_days_never_less(
    calendar: WorkCalendar, moments: list[datetime], lead_days: int
) -> None:
    made = [promise(calendar, moment, lead_days) for moment in sorted(moments)]
    longer = [promise(calendar, moment, lead_days + 1) for moment in sorted(moments)]

    assert all(a.confirm_by <= b.confirm_by and a.ready_on <= b.ready_on for a, b in pairwise(made))
    assert all(one.ready_on < more.ready_on for one, more in zip(made, longer, strict=True))
    for one, moment in zip(made, sorted(moments), strict=True):
        assert one.starts_on >= moment.astimezone(ZoneInfo(calendar.time_zone)).date()
        assert one.confirm_by > moment
        assert one.confirm_by.date() > one.starts_on
        closed = {one.starts_on, one.ready_on} & {*calendar.closed_days}
        assert not closed


SETTINGS: Document = {
    "time_zone": "Europe/Berlin", "country": "DE", "subdivision": "BY", "working_days": ["mon", "tue", "fri"],
    "closed_days": ["2026-08-03"], "extra_days": ["2026-08-01"], "cut_off": "14:00", "confirm_by": "09:30",
}  # fmt: skip


async def test_c8_the_calendar_is_read_changed_and_counted_from_over_the_api(shop: ShopClient) -> None:
    shipped = (await shop.api.get("/v1/work-calendar")).json()
    assert (shipped["time_zone"], shipped["cut_off"], shipped["confirm_by"]) == ("UTC", "15:00", "08:00")
    assert shipped["working_days"] == ["mon", "tue", "wed", "thu", "fri"]

    assert (await shop.api.put("/v1/work-calendar", json=SETTINGS)).json() == SETTINGS
    assert (await shop.api.get("/v1/work-calendar")).json() == SETTINGS
    asked = {"ordered_at": "2026-07-31T13:59:00+02:00", "lead_days": 2}
    made = (await shop.api.post("/v1/work-calendar:promise", json=asked)).json()
    assert made == {
        "confirm_by": "2026-08-01T09:30:00+02:00", "starts_on": "2026-07-31", "ready_on": "2026-08-04"
    }  # fmt: skip
    now = (await shop.api.post("/v1/work-calendar:promise", json={"lead_days": 1})).json()
    assert datetime.fromisoformat(now["confirm_by"]) > shop.service.clock() - timedelta(minutes=1)


@pytest.mark.parametrize(("change", "field"), [
    ({"time_zone": "Europe/Atlantis"}, "time_zone"), ({"time_zone": "../../etc/passwd"}, "time_zone"),
    ({"time_zone": "Europe"}, "time_zone"), ({"country": "XX"}, "country"), ({"country": "de"}, "country"),
    ({"subdivision": "CA"}, "subdivision"), ({"country": None}, ""), ({"working_days": []}, "working_days"),
    ({"working_days": ["mon", "mon"]}, ""), ({"working_days": ["monday"]}, "working_days[0]"),
    ({"cut_off": "24:00"}, "cut_off"), ({"confirm_by": "8:00"}, "confirm_by"),
    ({"closed_days": ["2026-02-30"]}, "closed_days[0]"), ({"holidays": True}, ""),
])  # fmt: skip
async def test_c8_a_calendar_that_cannot_be_is_refused_and_the_old_one_stays(
    shop: ShopClient, change: dict[str, Any], field: str
) -> None:
    await shop.api.put("/v1/work-calendar", json=SETTINGS)
    refused = await shop.api.put("/v1/work-calendar", json=SETTINGS | change)

    assert check_problem(refused, 422)["errors"][0]["field"] == field
    assert (await shop.api.get("/v1/work-calendar")).json() == SETTINGS


@pytest.mark.parametrize(("asked", "field"), [
    ({"lead_days": -1}, "lead_days"), ({"lead_days": 3651}, "lead_days"), ({}, ""),
    ({"lead_days": 1, "ordered_at": "2026-03-02T10:00:00"}, "ordered_at"),
    ({"lead_days": 1, "ordered_at": "9999-12-31T23:59:59Z"}, ""),
])  # fmt: skip
async def test_c8_a_promise_that_cannot_be_counted_is_refused(
    shop: ShopClient, asked: dict[str, Any], field: str
) -> None:
    problem = check_problem(await shop.api.post("/v1/work-calendar:promise", json=asked), 422)
    assert problem["errors"][0]["field"] == field


async def test_c8_a_calendar_is_its_tenants_own_and_its_change_is_audited(
    shop: ShopClient, other_shop: ShopClient
) -> None:
    await shop.api.put("/v1/work-calendar", json=SETTINGS)

    assert (await other_shop.api.get("/v1/work-calendar")).json()["time_zone"] == "UTC"
    async with shop.service.db.tenant(shop.keys.tenant_id) as conn:
        rows = await conn.fetch("select action, subject from audit_log where action = 'store work calendar'")
    assert [tuple(row) for row in rows] == [("store work calendar", "Europe/Berlin, DE, cut-off 14:00")]
