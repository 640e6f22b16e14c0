"""Special requests: what a shopper asks the maker for outside the configurator, and what becomes of it.

    requested → quoted → accepted → in_production
                       → declined
                       → expired

Nothing else follows on anything. An offer expires by the clock of whoever reads; its price and the day it is ready
stand from the moment of acceptance on, whatever the calendar says later.
"""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Annotated, Literal, get_args
from uuid import UUID

import msgspec
from msgspec import Meta, Struct

from infra.database import Connection, Row
from infra.errors import Conflict, FieldError, Invalid, NotFound
from infra.ids import new_id
from tenants.audit import record_audit
from tenants.collections import is_closed
from tenants.fields import Currency, ExternalId, MinorUnits, Moment, check_moments
from tenants.named import Named, follow_named
from tenants.work_calendar import LeadDays, make_calendar, promise

RequestState = Literal["requested", "quoted", "accepted", "declined", "expired", "in_production"]
STATES: tuple[RequestState, ...] = get_args(RequestState)
MOST_OPEN = 20
"""Of one shopper, neither answered nor decided: a page must not fill the maker's desk."""


class Wish(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What is asked for, for whom, and of which product if of any."""

    text: Annotated[str, Meta(min_length=1, max_length=5000, description="In the shopper's words.")]
    product_id: ExternalId | None = None
    person_id: Annotated[ExternalId | None, Meta(description="One of the shopper's people; unset: themselves.")] = None


class Offer(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What the maker would make it for."""

    price_minor: MinorUnits
    currency: Currency
    lead_days: LeadDays
    valid_until: Moment
    text: Annotated[str, Meta(max_length=5000, description="The maker's words.")] = ""

    def __post_init__(self) -> None:
        check_moments(valid_until=self.valid_until)


class SpecialRequest(Struct, frozen=True, kw_only=True):
    """A request as it stands."""

    id: UUID
    shopper_id: str
    person_id: str | None
    product_id: str | None
    text: str
    state: RequestState
    offer: Offer | None
    ready_on: Annotated[
        date | None,
        Meta(description="While quoted: if it were accepted now. From the acceptance on: the day that was promised."),
    ]
    asked_at: Moment
    quoted_at: Moment | None
    decided_at: Moment | None
    started_at: Moment | None


class WrongState(Conflict):
    """The request is not in the state that this needs."""

    code = "wrong_state"
    hint = "requested → quoted → accepted, declined or expired; accepted → in_production. Ask anew with a new request."


class TooManyOpen(Conflict):
    """This shopper has as many open requests as one may have."""

    code = "too_many_open_requests"
    hint = "Answer, accept or decline some first."


async def open_request(
    conn: Connection, named: Named, wish: Wish, *, actor: str, public: bool = False, now: datetime
) -> SpecialRequest:
    """Take a shopper's wish. `public`: a product that pages do not show this shopper is as unknown as none.

    Raises Invalid for a product or person that is not theirs to name, TooManyOpen.
    """
    person = await _hold_person(conn, named.shopper_id, wish.person_id)
    if wish.product_id is not None and not await _knows(conn, wish.product_id, named, public=public, now=now):
        raise _invalid("product_id", "is not a product of this shop")
    if await conn.fetchval(_COUNT_OPEN, named.shopper_id, now) >= MOST_OPEN:
        raise TooManyOpen(f"The shopper has {MOST_OPEN} open requests.")
    request_id = new_id()
    await conn.execute(_INSERT, request_id, named.shopper_id, person, wish.product_id, wish.text, now)
    await follow_named(conn, "special_requests", [(str(request_id), named)])
    await _tell(conn, actor, "open special request", request_id)
    return await get_request(conn, request_id, now=now)


async def quote_request(
    conn: Connection, request_id: UUID, offer: Offer, *, actor: str, now: datetime
) -> SpecialRequest:
    """Offer to make it. Raises NotFound, WrongState, Invalid."""
    if offer.valid_until <= now:
        raise _invalid("valid_until", "must lie in the future")
    values = (offer.price_minor, offer.currency, offer.lead_days, offer.text, offer.valid_until)
    await _move(conn, _QUOTE, request_id, now, *values, doing="quote", actor=actor)
    return await get_request(conn, request_id, now=now)


async def accept_request(
    conn: Connection, request_id: UUID, *, shopper_id: UUID | None = None, actor: str, now: datetime
) -> SpecialRequest:
    """Accept the offer: its price stands, and the day it will be ready is counted now.

    Raises NotFound (also when it is another one's than this shopper's), WrongState (also when the offer has expired).
    """
    found = await get_request(conn, request_id, shopper_id=shopper_id, now=now)
    await _move(conn, _ACCEPT, request_id, now, found.ready_on, doing="accept", actor=actor)
    return await get_request(conn, request_id, now=now)


async def decline_request(
    conn: Connection, request_id: UUID, *, shopper_id: UUID | None = None, actor: str, now: datetime
) -> SpecialRequest:
    """Decline the offer. Raises NotFound, WrongState."""
    await get_request(conn, request_id, shopper_id=shopper_id, now=now)
    await _move(conn, _DECLINE, request_id, now, doing="decline", actor=actor)
    return await get_request(conn, request_id, now=now)


async def start_request(conn: Connection, request_id: UUID, *, actor: str, now: datetime) -> SpecialRequest:
    """The making begins. Raises NotFound, WrongState."""
    await _move(conn, _START, request_id, now, doing="start", actor=actor)
    return await get_request(conn, request_id, now=now)


async def get_request(
    conn: Connection, request_id: UUID, *, shopper_id: UUID | None = None, now: datetime
) -> SpecialRequest:
    """As it stands now. Raises NotFound, also when it is not this shopper's."""
    row = await conn.fetchrow(_SELECT + "and request_id = $2", now, request_id)
    if row is None or shopper_id not in (None, row["owner_id"]):
        raise no_request(request_id)
    return _request(row, now)


async def list_requests(
    conn: Connection,
    *,
    state: RequestState | None = None,
    shopper_id: UUID | None = None,
    before: UUID | None = None,
    limit: int,
    now: datetime,
) -> Sequence[SpecialRequest]:
    """The newest first, behind `before`."""
    rows = await conn.fetch(_SELECT + _PAGE, now, state, shopper_id, before, limit)
    return [_request(row, now) for row in rows]


async def _move(
    conn: Connection, statement: str, request_id: UUID, now: datetime, *values: object, doing: str, actor: str
) -> None:
    """One step, if the state allows it: of two at the same moment the second finds another state."""
    if await conn.fetchval(statement, request_id, now, *values) is None:
        state = (await get_request(conn, request_id, now=now)).state
        raise WrongState(f"A request that is {state} cannot be moved by '{doing}'.")
    await _tell(conn, actor, f"{doing} special request", request_id)


async def _hold_person(conn: Connection, shopper_id: UUID, person: str | None) -> UUID | None:
    if person is None:
        return None
    found: UUID | None = await conn.fetchval(_PERSON, person, shopper_id)
    if found is None:
        raise _invalid("person_id", "is none of this shopper's people")
    return found


async def _knows(conn: Connection, product_id: str, named: Named, *, public: bool, now: datetime) -> bool:
    if not await conn.fetchval(_PRODUCT, product_id, public, now):
        return False
    return not (public and await is_closed(conn, product_id, named.shopper_id, now=now))


async def _tell(conn: Connection, actor: str, action: str, request_id: UUID) -> None:
    await record_audit(conn, actor=actor, action=action, subject=f"special request {request_id}")


def _request(row: Row, now: datetime) -> SpecialRequest:
    offer = None if row["offer"] is None else msgspec.convert(row["offer"], Offer)
    ready_on = row["ready_on"]
    if offer is not None and row["state"] == "quoted":
        calendar = make_calendar(row["calendar"], time_zone=row["time_zone"])
        ready_on = promise(calendar, now, offer.lead_days).ready_on
    fields = {name: row[name] for name in SpecialRequest.__struct_fields__ if name not in ("offer", "ready_on")}
    return SpecialRequest(**fields, offer=offer, ready_on=ready_on)


def no_request(request_id: UUID) -> NotFound:
    """Missing, or somebody else's: the answer is the same."""
    return NotFound(f"There is no special request {str(request_id)!r}.", hint="GET /v1/special-requests lists them.")


def _invalid(field: str, reason: str) -> Invalid:
    return Invalid(f"The field {field!r} is not valid: {reason}.", errors=(FieldError(field, reason),))


_INSERT = """
insert into special_requests (request_id, shopper_id, person_id, product_id, wish, state, asked_at)
values ($1, $2, $3, $4, $5, 'requested', $6)
"""

_COUNT_OPEN = """
select count(*)
from special_requests
where shopper_id = $1 and (state = 'requested' or state = 'quoted' and valid_until > $2)
"""

_PERSON = """
select person_id
from people
where external_id = $1 and shopper_id = $2
for key share
"""

_PRODUCT = """
select exists (
    select
    from products
    where product_id = $1 and status = 'active' and deleted_at is null
        and (not $2 or restricted_to_segments = '{}' and coalesce(available_from <= $3, true))
)
"""

_QUOTE = """
update special_requests
set (state, quoted_at, price_minor, currency, lead_days, offer, valid_until) = ('quoted', $2, $3, $4, $5, $6, $7)
where request_id = $1 and state = 'requested'
returning request_id
"""

_ACCEPT = """
update special_requests
set (state, decided_at, ready_on) = ('accepted', $2, $3)
where request_id = $1 and state = 'quoted' and valid_until > $2 and $3::date is not null
returning request_id
"""

_DECLINE = """
update special_requests
set (state, decided_at) = ('declined', $2)
where request_id = $1 and state = 'quoted' and valid_until > $2
returning request_id
"""

_START = """
update special_requests
set (state, started_at) = ('in_production', $2)
where request_id = $1 and state = 'accepted'
returning request_id
"""

_SELECT = """
select *
from (
    select request_id, request_id as id, special_requests.shopper_id as owner_id, shoppers.external_id as shopper_id,
        people.external_id as person_id, product_id, wish as text,
        case when state = 'quoted' and valid_until <= $1 then 'expired' else state end as state,
        case
            when quoted_at is not null then jsonb_build_object(
                'price_minor', price_minor, 'currency', special_requests.currency, 'lead_days', lead_days,
                'valid_until', valid_until, 'text', offer
            )
        end as offer,
        ready_on, asked_at, quoted_at, decided_at, started_at, time_zone, document as calendar
    from special_requests
    join tenants using (tenant_id)
    join shoppers using (tenant_id, shopper_id)
    left join people using (tenant_id, person_id)
    left join work_calendars using (tenant_id)
) as requests
where true
"""

_PAGE = """
and ($2::text is null or state = $2) and ($3::uuid is null or owner_id = $3) and ($4::uuid is null or request_id < $4)
order by request_id desc
limit $5
"""
