"""Work calendar: when a shop's maker works, and what can be promised from it: confirmed by when, ready on which day."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from itertools import islice
from typing import Annotated, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import holidays
import msgspec
from msgspec import Meta, Struct

from infra.database import Connection
from infra.errors import FieldError, Invalid
from tenants.audit import record_audit

Weekday = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
WEEK: tuple[Weekday, ...] = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
DAY = timedelta(days=1)
MOST_LEAD_DAYS = 3650

TimeOfDay = Annotated[
    str, Meta(pattern=r"\A([01][0-9]|2[0-3]):[0-5][0-9]\Z", description="Hours and minutes, such as 15:00.")
]
Days = Annotated[tuple[date, ...], Meta(max_length=1000)]
LeadDays = Annotated[int, Meta(ge=0, le=MOST_LEAD_DAYS, description="Work days that the making takes.")]


class WorkCalendar(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """When the maker works. A day that is closed stays closed, also when it is an extra one."""

    time_zone: Annotated[str, Meta(min_length=1, max_length=60, description="IANA name: Europe/Berlin.")] = "UTC"
    country: Annotated[
        Annotated[str, Meta(pattern=r"\A[A-Z]{2}\Z")] | None,
        Meta(description="ISO 3166 code; its public holidays are no work days. Unset: no holidays are known."),
    ] = None
    subdivision: Annotated[
        Annotated[str, Meta(min_length=1, max_length=60)] | None,
        Meta(description="A state, canton or province with holidays of its own: BY of DE."),
    ] = None
    working_days: Annotated[tuple[Weekday, ...], Meta(min_length=1, max_length=7)] = WEEK[:5]
    closed_days: Annotated[Days, Meta(description="Closed besides: the workshop's own holidays.")] = ()
    extra_days: Annotated[Days, Meta(description="Worked although the weekday or a holiday says otherwise.")] = ()
    cut_off: Annotated[TimeOfDay, Meta(description="An order from this time on counts as the next work day's.")] = (
        "15:00"
    )
    confirm_by: Annotated[
        TimeOfDay, Meta(description="Until when, on the work day after the order's, the shop confirms it.")
    ] = "08:00"

    def __post_init__(self) -> None:
        if len({*self.working_days}) < len(self.working_days):
            raise ValueError("working_days must differ from one another")
        if self.subdivision is not None and self.country is None:
            raise ValueError("a subdivision needs its country")


@dataclass(frozen=True, slots=True)
class Promise:
    """What a shopper is told of an order."""

    confirm_by: datetime
    """In the shop's time zone."""
    starts_on: date
    """The work day that the order counts as; lead days are counted from it."""
    ready_on: date


def promise(calendar: WorkCalendar, ordered_at: datetime, lead_days: int) -> Promise:
    """An order before the cut-off of a work day counts as that day's, any other as the next work day's.

    The shop confirms it by the set time of the work day after, and it is ready that many work days later. A time that
    the clocks skip when summer begins is the moment an hour later. Costs microseconds a day looked at.
    """
    zone = ZoneInfo(calendar.time_zone)
    ordered = ordered_at.astimezone(zone)
    late = ordered.time() >= time.fromisoformat(calendar.cut_off)
    days = list(islice(_work_days(calendar, ordered.date() + (DAY if late else timedelta())), max(lead_days, 1) + 1))
    confirm_by = datetime.combine(days[1], time.fromisoformat(calendar.confirm_by), zone)
    # There and back, for a local time that does not exist.
    return Promise(confirm_by.astimezone(UTC).astimezone(zone), starts_on=days[0], ready_on=days[lead_days])


async def read_work_calendar(conn: Connection) -> WorkCalendar:
    """The tenant's, or the one that holds without any: Monday to Friday in the tenant's time zone."""
    row = await conn.fetchrow(_READ)
    assert row is not None
    return make_calendar(row["document"], time_zone=row["time_zone"])


def make_calendar(stored: object, *, time_zone: str) -> WorkCalendar:
    """From a row of work_calendars (None without one) and the tenant's time zone."""
    return WorkCalendar(time_zone=time_zone) if stored is None else msgspec.convert(stored, WorkCalendar)


async def store_work_calendar(conn: Connection, calendar: WorkCalendar, *, actor: str) -> None:
    """Replace it; audited. Promises that were made stay. Raises Invalid for a place that is not known."""
    _refuse_unknown(calendar)
    await conn.execute(_STORE, msgspec.to_builtins(calendar))
    subject = f"{calendar.time_zone}, {calendar.country or 'no holidays'}, cut-off {calendar.cut_off}"
    await record_audit(conn, actor=actor, action="store work calendar", subject=subject)


def _work_days(calendar: WorkCalendar, first: date) -> Iterator[date]:
    """From the first day on, without end: closed days are a list, and no country has holidays on all days of a week."""
    working = frozenset(WEEK.index(day) for day in calendar.working_days)
    closed, extra = frozenset(calendar.closed_days), frozenset(calendar.extra_days)
    day = first
    while True:
        usual = day.weekday() in working and day not in _holidays(calendar.country, calendar.subdivision, day.year)
        if day not in closed and (usual or day in extra):
            yield day
        day += DAY


@lru_cache(maxsize=1000)
def _holidays(country: str | None, subdivision: str | None, year: int) -> frozenset[date]:
    """Public holidays as the package `holidays` knows them; of some countries for a few decades only."""
    if country is None:
        return frozenset()
    return frozenset(holidays.country_holidays(country, subdiv=subdivision, years=year))


def _refuse_unknown(calendar: WorkCalendar) -> None:
    try:
        ZoneInfo(calendar.time_zone)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise _unknown("time_zone", "is no time zone of the IANA database, such as Europe/Berlin") from None
    try:
        _holidays(calendar.country, None, 2026)
    except NotImplementedError:
        raise _unknown("country", "is no country whose holidays are known") from None
    try:
        _holidays(calendar.country, calendar.subdivision, 2026)
    except NotImplementedError:
        raise _unknown("subdivision", f"is none of {calendar.country} with holidays of its own") from None


def _unknown(field: str, reason: str) -> Invalid:
    return Invalid(f"The field {field!r} is not valid: {reason}.", errors=(FieldError(field, reason),))


SHOPS_ZONE = """coalesce(
    (select document ->> 'time_zone' from work_calendars where tenant_id = current_tenant()),
    (select time_zone from tenants where tenant_id = current_tenant())
)"""
"""For statements that reckon with the shop's clock: that of its calendar, if it has one."""

_READ = """
select time_zone, document
from tenants
left join work_calendars using (tenant_id)
where tenant_id = current_tenant()
"""

_STORE = """
insert into work_calendars (document)
values ($1)
on conflict (tenant_id) do update set document = excluded.document
"""
