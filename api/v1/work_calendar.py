"""/v1/work-calendar: when the maker works, and what can be promised from it."""

from dataclasses import asdict
from datetime import date
from typing import Annotated

import msgspec
from msgspec import Meta, Struct
from starlette.requests import Request
from starlette.responses import Response

from api.auth import authenticate
from api.bodies import decode_one, read_body
from api.endpoints import Endpoint
from api.resources import answer
from api.setting import Setting
from api.state import state_of
from api.v1.consents import BODY
from tenants.fields import Moment, check_moments
from tenants.work_calendar import LeadDays, Promise, WorkCalendar, promise, read_work_calendar, store_work_calendar


class PromiseIn(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """An order as it might come."""

    lead_days: LeadDays
    ordered_at: Annotated[Moment | None, Meta(description="Unset: now.")] = None

    def __post_init__(self) -> None:
        check_moments(ordered_at=self.ordered_at)


class PromiseOut(Struct, frozen=True, kw_only=True):
    """What a shopper can be told."""

    confirm_by: Annotated[Moment, Meta(description="Until when the shop confirms, in its time zone.")]
    starts_on: Annotated[date, Meta(description="The work day that the order counts as.")]
    ready_on: Annotated[date, Meta(description="That day and the lead days, in work days.")]


def promise_out(made: Promise) -> PromiseOut:
    return PromiseOut(**asdict(made))


async def make_promise(request: Request) -> Response:
    """Say what an order would be promised. Nothing is stored."""
    state = state_of(request)
    caller = await authenticate(request, state.keys, "calendar:read")
    asked = decode_one(await read_body(request), msgspec.json.Decoder(PromiseIn))
    async with state.db.tenant(caller.tenant_id) as conn:
        calendar = await read_work_calendar(conn)
    return answer(promise_out(promise(calendar, asked.ordered_at or state.clock(), asked.lead_days)))


_CALENDAR = Setting(
    path="/v1/work-calendar",
    tag="work calendar",
    scope="calendar",
    document=WorkCalendar,
    read=read_work_calendar,
    store=store_work_calendar,
    reads="Read when the maker works",
    stores="Say when the maker works",
)

WORK_CALENDAR = [
    *_CALENDAR.endpoints(),
    Endpoint("POST", "/v1/work-calendar:promise", make_promise, "Count a promise from the calendar", "work calendar",
             answer=PromiseOut, refusals=BODY, body=PromiseIn, scope="calendar:read"),
]  # fmt: skip
