"""/v1/work-calendar: when the maker works, and what can be promised from it."""

from dataclasses import asdict
from datetime import date
from functools import partial
from typing import Annotated

import msgspec
from msgspec import Meta, Struct
from starlette.requests import Request
from starlette.responses import Response

from api.auth import authenticate
from api.bodies import decode_one, read_body
from api.endpoints import Endpoint
from api.resources import IDEMPOTENCY, answer
from api.state import state_of
from api.v1.consents import BODY, KEYED
from api.writes import write
from infra.database import Connection
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


async def get_calendar(request: Request) -> Response:
    caller = await authenticate(request, state_of(request).keys, "calendar:read")
    async with state_of(request).db.tenant(caller.tenant_id) as conn:
        return answer(await read_work_calendar(conn))


async def put_calendar(request: Request) -> Response:
    """Say when the maker works. Promises that were made stay as they are."""
    caller = await authenticate(request, state_of(request).keys, "calendar:write")
    body = await read_body(request)
    calendar = decode_one(body, msgspec.json.Decoder(WorkCalendar))

    async def effect(conn: Connection) -> WorkCalendar:
        await store_work_calendar(conn, calendar, actor=f"key {caller.key_id}")
        return calendar

    return await write(request, caller.tenant_id, body, effect)


async def make_promise(request: Request) -> Response:
    """Say what an order would be promised. Nothing is stored."""
    state = state_of(request)
    caller = await authenticate(request, state.keys, "calendar:read")
    asked = decode_one(await read_body(request), msgspec.json.Decoder(PromiseIn))
    async with state.db.tenant(caller.tenant_id) as conn:
        calendar = await read_work_calendar(conn)
    return answer(promise_out(promise(calendar, asked.ordered_at or state.clock(), asked.lead_days)))


_endpoint = partial(Endpoint, tag="work calendar")

WORK_CALENDAR = [
    _endpoint("GET", "/v1/work-calendar", get_calendar, "Read when the maker works",
              answer=WorkCalendar, refusals=KEYED, scope="calendar:read"),
    _endpoint("PUT", "/v1/work-calendar", put_calendar, "Say when the maker works",
              answer=WorkCalendar, refusals=BODY, body=WorkCalendar, scope="calendar:write", parameters=IDEMPOTENCY),
    _endpoint("POST", "/v1/work-calendar:promise", make_promise, "Count a promise from the calendar",
              answer=PromiseOut, refusals=BODY, body=PromiseIn, scope="calendar:read"),
]  # fmt: skip
