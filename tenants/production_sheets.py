"""Production sheets: what the maker of an order works from. Measures are shown while they may be, see `made_lines`."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol
from zoneinfo import ZoneInfo

from infra.database import Connection, Row
from infra.errors import NotFound
from tenants.fields import Scalar
from tenants.lengths import from_tenth_mm
from tenants.made_lines import MadeLine, MadeMeasurement, list_made_rows, make_line, may_reveal
from tenants.measured import Side, read_record
from tenants.option_answers import SummaryLine
from tenants.option_documents import get_version
from tenants.option_plan import Plan
from tenants.option_texts import label_of, text_of, value_text
from tenants.option_values import read_answer
from tenants.work_calendar import read_work_calendar


class Made(Protocol):
    """What was frozen of something that is made to order."""

    @property
    def summary(self) -> Sequence[SummaryLine]: ...

    @property
    def answers(self) -> Mapping[str, Scalar]: ...


@dataclass(frozen=True, slots=True)
class SheetMeasure:
    """One measurement, all sides of it."""

    key: str
    label: str
    millimetres: Mapping[Side, str] = field(repr=False)
    """With one decimal; empty where it may not be shown."""
    source: str
    measured_at: datetime
    profile_id: str
    version: int


@dataclass(frozen=True, slots=True)
class SheetLine:
    """One thing to make."""

    made: MadeLine
    title: str
    person: str
    """Their name, or the merchant's id of them; empty for the shopper."""
    options: Sequence[SummaryLine]
    measures: Sequence[SheetMeasure]
    special_needs: Sequence[str] = field(repr=False)
    """Those on record now."""


@dataclass(frozen=True, slots=True)
class Sheet:
    """An order as its maker sees it. Times are in the shop's time zone."""

    shop: str
    order_id: str
    ordered_at: datetime
    status: str
    shopper_id: str | None
    locale: str
    masked: bool
    """Measures are not shown: the order is done and the shopper no longer agrees that they are kept."""
    lines: Sequence[SheetLine]


async def read_sheet(conn: Connection, order_id: str, *, locale: str, now: datetime) -> Sheet:
    """Of the lines that the order still has. Raises NotFound when none of them is made to order."""
    rows = [row for row in await list_made_rows(conn, order_id) if row["quantity"]]
    if not rows:
        raise NotFound(f"The order {order_id!r} has no lines that are made to order.")
    zone, reveal = ZoneInfo((await read_work_calendar(conn)).time_zone), may_reveal(rows[0])
    about = await conn.fetchrow(_ABOUT, order_id)
    assert about is not None
    needs = await _read_needs(conn, rows, now)
    lines = [make_line(row, zone, reveal=reveal) for row in rows]
    versions = {(one.document_id, one.version) for one in lines}
    plans = {version: (await get_version(conn, *version)).plan for version in versions}
    return Sheet(
        shop=about["shop"],
        order_id=order_id,
        ordered_at=about["ordered_at"].astimezone(zone),
        status=about["status"],
        shopper_id=rows[0]["shopper"],
        locale=locale,
        masked=not reveal,
        lines=[_line(line, plans[line.document_id, line.version], about, needs, locale) for line in lines],
    )


async def _read_needs(conn: Connection, rows: Sequence[Row], now: datetime) -> Mapping[str | None, Sequence[str]]:
    """By person, of those whom the shopper still has; none without consent."""
    owner, needs = rows[0]["shopper_id"], dict[str | None, Sequence[str]]()
    for person in {row["person_id"] for row in rows} if owner is not None else ():
        try:
            needs[person] = (await read_record(conn, owner, person_id=person, now=now)).special_needs
        except NotFound:
            needs[person] = ()
    return needs


def _line(line: MadeLine, plan: Plan, about: Row, needs: Mapping[str | None, Sequence[str]], locale: str) -> SheetLine:
    return SheetLine(
        made=line,
        title=about["titles"].get(line.product_id, line.product_id),
        person=about["people"].get(line.person_id, line.person_id or ""),
        options=list(tell_options(line, plan, locale)),
        measures=tell_measures(line.measurements, about["labels"], locale),
        special_needs=needs.get(line.person_id, ()),
    )


def tell_options(made: Made, plan: Plan, locale: str) -> Iterator[SummaryLine]:
    """In the maker's words: the summary that was frozen is in those of its shopper."""
    for one in made.summary:
        option = plan.by_id[one.option].option
        value = read_answer(option, made.answers.get(one.option))
        if value is not None:
            yield SummaryLine(one.option, label_of(option, locale), value_text(plan, one.option, value, locale))


def tell_measures(
    measurements: Sequence[MadeMeasurement], labels: Mapping[str, Mapping[str, str]], locale: str
) -> Sequence[SheetMeasure]:
    """All sides of a measurement together. `labels`: of the definitions, by key and locale."""
    sides: dict[str, dict[Side, MadeMeasurement]] = {}
    for one in measurements:
        sides.setdefault(one.key, {})[one.side] = one
    return [_measure(key, found, text_of(labels.get(key, {}), locale, otherwise=key)) for key, found in sides.items()]


def _measure(key: str, sides: Mapping[Side, MadeMeasurement], label: str) -> SheetMeasure:
    newest = max(sides.values(), key=lambda one: one.measured_at)
    return SheetMeasure(
        key=key,
        label=label,
        millimetres={
            side: "" if one.value_tenth_mm is None else str(from_tenth_mm(one.value_tenth_mm, "mm"))
            for side, one in sides.items()
        },
        source=newest.source,
        measured_at=newest.measured_at,
        profile_id=newest.profile_id,
        version=newest.version,
    )


_ABOUT = """
select tenants.name as shop, ordered_at, status,
    coalesce(
        (
            select jsonb_object_agg(product_id, title)
            from products
            where product_id in (select product_id from made_lines where made_lines.order_id = $1)
        ),
        '{}'
    ) as titles,
    coalesce(
        (
            select jsonb_object_agg(external_id, name)
            from people
            where people.shopper_id = orders.shopper_id and name <> ''
        ),
        '{}'
    ) as people,
    coalesce((select jsonb_object_agg(document_id, document -> 'label') from measurement_definitions), '{}') as labels
from orders
join tenants using (tenant_id)
where order_id = $1
"""
