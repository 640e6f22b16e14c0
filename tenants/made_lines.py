"""Made lines: order lines that are made to order, frozen as they were ordered: options, measures, price and promise.

What is edited later (the profile, the option document, the calendar) leaves them as they are. Measures stand in them:
they are masked unless whoever asks may see them, and they go with their shopper.
"""

from collections.abc import Sequence
from typing import Annotated
from uuid import UUID
from zoneinfo import ZoneInfo

import msgspec
from msgspec import Meta, Struct

from infra.database import Connection, Row
from infra.errors import NotFound
from tenants.fields import Moment, Scalar
from tenants.measured import MeasurementsNotAllowed, Side, Source
from tenants.option_answers import SummaryLine
from tenants.quoted_lines import NewLine
from tenants.quoted_measures import COPY
from tenants.quotes import PromiseMade, Withdrawal, tell_terms
from tenants.work_calendar import promise, read_work_calendar

MAKING = ("placed", "paid")
"""Orders that are still to be made: their measures are needed whatever became of the consent."""


class MadeMeasurement(Struct, frozen=True, kw_only=True):
    """A measure as it was ordered. Masked, its value is null."""

    option: str
    key: str
    side: Side
    value_tenth_mm: int | None
    profile_id: str
    version: int
    source: Source
    measured_at: Moment


class MadeLine(Struct, frozen=True, kw_only=True):
    """A line as it was ordered."""

    order_id: str
    line_id: str
    quote_id: UUID
    product_id: str
    quantity: Annotated[int, Meta(description="As the order says now; 0 when it no longer has the line.")]
    person_id: str | None
    document_id: str
    version: int
    configuration_id: str
    answers: dict[str, Scalar]
    summary: tuple[SummaryLine, ...]
    measurements: tuple[MadeMeasurement, ...]
    region: str | None
    locale: str
    price_minor: int
    currency: str
    lead_days: int
    promise: PromiseMade
    withdrawal: Withdrawal
    frozen_at: Moment


async def freeze_lines(conn: Connection, lines: Sequence[NewLine]) -> None:
    """Copy what their quotes say, and the measures. The promise counts from the time of the order.

    In the transaction that stores the orders, after `quoted_lines.check_lines`, which holds the measures.
    """
    if not lines:
        return
    calendar = await read_work_calendar(conn)
    promises = [promise(calendar, one.line.ordered_at, one.lead_days) for one in lines]
    await conn.execute(
        _FREEZE,
        [one.line.order_id for one in lines],
        [one.line.line_id for one in lines],
        [one.quote_id for one in lines],
        [one.confirm_by for one in promises],
        [one.starts_on for one in promises],
        [one.ready_on for one in promises],
    )


async def list_made_lines(conn: Connection, order_id: str, *, reveal: bool = False) -> Sequence[MadeLine]:
    """Of an order, by line. Raises NotFound when it has none, MeasurementsNotAllowed when they may not be revealed."""
    rows = await list_made_rows(conn, order_id)
    if not rows:
        raise NotFound(f"The order {order_id!r} has no lines that are made to order.")
    if reveal and not may_reveal(rows[0]):
        raise MeasurementsNotAllowed("The shopper no longer agrees that measurements are kept.")
    return await _lines(conn, rows, reveal=reveal)


async def list_made_rows(conn: Connection, order_id: str) -> Sequence[Row]:
    """The same as rows, their measures in them: see `find_made_row`."""
    return await conn.fetch(_SELECT + "where made_lines.order_id = $1 order by length(line_id), line_id", order_id)


async def list_own_lines(conn: Connection, shopper_id: UUID, *, limit: int) -> Sequence[MadeLine]:
    """Of a shopper, the newest orders first; masked."""
    rows = await conn.fetch(_SELECT + _OWN, shopper_id, limit)
    return await _lines(conn, rows, reveal=False)


async def find_made_row(conn: Connection, order_id: str, line_id: str) -> Row | None:
    """One line as a row, its measures in it: for what computes with them and shows none."""
    return await conn.fetchrow(_SELECT + "where made_lines.order_id = $1 and line_id = $2", order_id, line_id)


def may_reveal(row: Row) -> bool:
    """Whether the measures of a line may be seen: while it is to be made, and as long as the shopper agrees."""
    return row["status"] in MAKING or row["allowed"]


async def _lines(conn: Connection, rows: Sequence[Row], *, reveal: bool) -> Sequence[MadeLine]:
    zone = ZoneInfo((await read_work_calendar(conn)).time_zone)
    return [make_line(row, zone, reveal=reveal) for row in rows]


def make_line(row: Row, zone: ZoneInfo, *, reveal: bool) -> MadeLine:
    """From one of these rows."""
    known = {name: row[name] for name in MadeLine.__struct_fields__ if name not in ("promise", "withdrawal")}
    if not reveal:
        known["measurements"] = [{**one, "value_tenth_mm": None} for one in known["measurements"]]
    return msgspec.convert({**known, **tell_terms(row, zone)}, MadeLine)


_FREEZE = f"""
insert into made_lines (
    order_id, line_id, quote_id, product_id, person_id, document_id, version, configuration_id, answers, summary,
    measurements, region, locale, price_minor, currency, lead_days, confirm_by, starts_on, ready_on,
    withdrawal_exempt, withdrawal_notice, frozen_at
)
select line.order_id, line.line_id, line.quote_id, quotes.product_id, people.external_id, quotes.document_id,
    quotes.version, quotes.configuration_id, quotes.answers, quotes.summary,
    {COPY},
    region, locale, price_minor, currency, lead_days, line.confirm_by, line.starts_on, line.ready_on,
    withdrawal_exempt, withdrawal_notice, now()
from unnest($1::text[], $2::text[], $3::uuid[], $4::timestamptz[], $5::date[], $6::date[]) as line (
    order_id, line_id, quote_id, confirm_by, starts_on, ready_on
)
join quotes on quotes.quote_id = line.quote_id
left join people on people.person_id = quotes.person_id
"""

_SELECT = """
select made_lines.*, coalesce(order_lines.quantity, 0) as quantity, orders.status, orders.shopper_id,
    shoppers.external_id as shopper,
    coalesce(
        (
            select granted
            from consents
            where consents.shopper_id = orders.shopper_id and purpose = 'measurements'
            order by at desc, consent_id desc
            limit 1
        ),
        false
    ) as allowed
from made_lines
join orders using (tenant_id, order_id)
left join shoppers using (tenant_id, shopper_id)
left join order_lines using (tenant_id, order_id, line_id)
"""

_OWN = """
where orders.shopper_id = $1
order by ordered_at desc, order_id, length(line_id), line_id
limit $2
"""
