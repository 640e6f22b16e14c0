"""Quotes: what a product that is made to order costs this shopper, and when it would be ready; it holds for a while.

The server alone computes the price. A quote names the versions of the profiles that it is made by and holds none of
their values; these are copied when it is ordered (`tenants.made_lines`).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Annotated
from uuid import UUID
from zoneinfo import ZoneInfo

import msgspec
from msgspec import Meta, Struct

from infra.database import Connection, Row
from infra.errors import Conflict, FieldError, Invalid, NotFound
from infra.ids import new_id
from tenants.attributes import Locale
from tenants.collections import is_closed
from tenants.fields import ExternalId, MinorUnits, Moment, Quantity, Scalar
from tenants.measured import MeasurementsNotAllowed, Side, read_record
from tenants.named import Named, follow_named
from tenants.option_answers import Evaluation, Issue, SummaryLine, evaluate
from tenants.option_documents import find_published
from tenants.option_plan import Published
from tenants.option_texts import text_of
from tenants.options import Region
from tenants.quote_settings import read_notice, read_quote_settings
from tenants.work_calendar import MOST_LEAD_DAYS, promise, read_work_calendar

Answers = Annotated[
    dict[Annotated[str, Meta(min_length=1, max_length=64)], Scalar],
    Meta(max_length=100, description="By option. Null: none is wanted, not even what the record would put in."),
]
MOST_MINOR = 10**14
"""A price in an order is no higher."""
Place = tuple[str, Side]
LinePlace = tuple[str, str]
"""An order's id and a line's."""


class QuoteWish(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What is to be made. Measurements are filled in from the record; there is no field for them."""

    product_id: ExternalId
    answers: Answers = {}
    quantity: Quantity = 1
    person_id: Annotated[ExternalId | None, Meta(description="One of the shopper's people; unset: themselves.")] = None
    region: Region | None = None
    locale: Annotated[Locale, Meta(description="Of the summary and the notice.")] = "en"
    expected_price_minor: Annotated[
        MinorUnits | None, Meta(description="What was shown for one. If it costs another sum, nothing is quoted.")
    ] = None


class PromiseMade(Struct, frozen=True, kw_only=True):
    """If it is ordered now."""

    confirm_by: Annotated[Moment, Meta(description="Until when the shop confirms, in its time zone.")]
    starts_on: Annotated[date, Meta(description="The work day that the order counts as.")]
    ready_on: Annotated[date, Meta(description="That day and the lead days, in work days.")]


class Withdrawal(Struct, frozen=True, kw_only=True):
    """Whether it can be given back for a change of mind."""

    exempt: Annotated[bool, Meta(description="true: made by measures, words or numbers of the shopper's own.")]
    notice: Annotated[str, Meta(description="What to show before ordering; empty if it can be given back.")]


class MeasuredBy(Struct, frozen=True, kw_only=True):
    """A measurement that it is made by; never its value."""

    option: str
    key: str
    side: Side


class Quote(Struct, frozen=True, kw_only=True):
    """An offer that stands until it expires, for one order line."""

    quote_id: UUID
    shopper_id: str | None
    person_id: str | None
    product_id: str
    document_id: str
    version: int
    configuration_id: str
    answers: dict[str, Scalar]
    summary: tuple[SummaryLine, ...]
    measured_by: tuple[MeasuredBy, ...]
    quantity: int
    price_minor: Annotated[int, Meta(description="Of one.")]
    total_minor: int
    currency: str
    lead_days: int
    promise: PromiseMade
    withdrawal: Withdrawal
    created_at: Moment
    expires_at: Moment


class NotMadeToOrder(NotFound):
    """This product is not made to order."""

    code = "not_made_to_order"
    hint = "PUT /v1/option-documents/{id} names products; POST /v1/option-documents:publish offers them."


class NotOrderable(Invalid):
    """What was chosen cannot be made as it is."""

    code = "not_orderable"
    hint = "The list 'errors' names each option, and of a rule both; a product made to measure needs a known shopper."


class PriceChanged(Conflict):
    """It costs another sum than the one that was shown."""

    code = "price_changed"
    hint = "Show the new price, and ask for a quote with it."


@dataclass(frozen=True, slots=True)
class MadeBy:
    """The measures that something is made by: of the record, or of a line that was ordered before."""

    measured: Mapping[Place, int] = field(default_factory=dict, repr=False)
    refs: Mapping[Place, tuple[str, int]] = field(default_factory=dict)
    """The merchant's profile id and the version of each; none of a line's."""
    copied: LinePlace | None = None
    preferences: Mapping[str, Scalar] = field(default_factory=dict, repr=False)
    allowed: bool = True
    """false: the shopper has not agreed that measurements are kept."""


@dataclass(frozen=True, slots=True)
class _Offered:
    """A product as it sells now."""

    price_minor: int
    currency: str
    published: Published


async def read_made_by(conn: Connection, named: Named | None, person_id: str | None, *, now: datetime) -> MadeBy:
    """From the record of a shopper, or of one of their people; of a stranger nothing. Raises NotFound, Invalid."""
    if named is None and person_id is not None:
        reason = "needs the shopper whose person it is"
        error = FieldError("person_id", reason)
        raise Invalid(f"The field 'person_id' is not valid: it {reason}.", errors=(error,))
    if named is None:
        return MadeBy()
    record = await read_record(conn, named.shopper_id, person_id=person_id, now=now)
    return MadeBy(
        measured={place: one.value_tenth_mm for place, one in record.values.items()},
        refs={place: (one.profile_id, one.version) for place, one in record.values.items()},
        preferences=record.preferences,
        allowed=record.allowed,
    )


async def open_quote(
    conn: Connection, wish: QuoteWish, named: Named | None, made_by: MadeBy, *, public: bool = False, now: datetime
) -> Quote:
    """Compute it and let it stand. `public`: only of products that this shopper, or a stranger, may see.

    Raises NotMadeToOrder, NotOrderable, PriceChanged, MeasurementsNotAllowed, Invalid.
    """
    offered = await _find_offered(conn, wish.product_id, public=public, now=now)
    if public and await is_closed(conn, wish.product_id, None if named is None else named.shopper_id, now=now):
        raise _not_made(wish.product_id)
    found = evaluate(
        offered.published,
        offered.price_minor,
        offered.currency,
        wish.answers,
        product_id=wish.product_id,
        measured=made_by.measured,
        preferences=made_by.preferences,
        region=wish.region,
        now=now,
        locale=wish.locale,
    )
    if found.missing and not made_by.allowed:
        raise MeasurementsNotAllowed("The shopper has not agreed that measurements are kept.")
    _refuse_unorderable(found, wish)
    quote_id = await _store(conn, wish, named, made_by, offered, found, now)
    return await get_quote(conn, quote_id)


async def get_quote(conn: Connection, quote_id: UUID) -> Quote:
    """Raises NotFound."""
    row = await conn.fetchrow(_SELECT, quote_id)
    if row is None:
        raise NotFound("There is no quote of that id.")
    zone = ZoneInfo((await read_work_calendar(conn)).time_zone)
    known = {name: row[name] for name in Quote.__struct_fields__ if name in row.keys()}  # noqa: SIM118 a Record
    total = {"total_minor": row["price_minor"] * row["quantity"]}
    return msgspec.convert({**known, **total, **tell_terms(row, zone)}, Quote)


def tell_terms(row: Row, zone: ZoneInfo) -> dict[str, object]:
    """Promise and right of withdrawal, from a row that holds them."""
    confirm_by = row["confirm_by"].astimezone(zone)
    return {
        "promise": {"confirm_by": confirm_by, "starts_on": row["starts_on"], "ready_on": row["ready_on"]},
        "withdrawal": {"exempt": row["withdrawal_exempt"], "notice": row["withdrawal_notice"]},
    }


async def _find_offered(conn: Connection, product_id: str, *, public: bool, now: datetime) -> _Offered:
    row = await conn.fetchrow(_PRODUCT, product_id, now, public)
    published = None if row is None else await find_published(conn, product_id, now=now)
    if row is None or published is None:
        raise _not_made(product_id)
    return _Offered(row["price_minor"], row["currency"], published)


def _not_made(product_id: str) -> NotMadeToOrder:
    return NotMadeToOrder(f"The product {product_id!r} is not made to order.")


def _refuse_unorderable(found: Evaluation, wish: QuoteWish) -> None:
    if not (found.complete and found.consistent):
        errors = tuple(_issue_error(issue) for issue in found.issues)
        raise NotOrderable(f"{errors[0].field}: {errors[0].reason}", errors=errors)
    if found.lead_days > MOST_LEAD_DAYS:
        raise NotOrderable(f"It would take {found.lead_days} work days; {MOST_LEAD_DAYS} are the most that we promise.")
    if wish.expected_price_minor not in (None, found.price_minor):
        error = FieldError("expected_price_minor", f"it costs {found.price_minor} now")
        raise PriceChanged(f"It costs {found.price_minor} and not {wish.expected_price_minor}.", errors=(error,))
    if found.price_minor * wish.quantity > MOST_MINOR:
        error = FieldError("quantity", f"makes the total higher than {MOST_MINOR}")
        raise Invalid(f"The field 'quantity' is not valid: {error.reason}.", errors=(error,))


def _issue_error(issue: Issue) -> FieldError:
    """The option to be changed, the sentence that a shopper is shown, and what else it speaks of."""
    others = " and ".join(repr(name) for name in issue.options)
    about = f" (rule {issue.rule!r}: {others})" if issue.rule is not None else ""
    return FieldError(f"answers.{issue.options[-1]}" if issue.options else "product_id", issue.message + about)


async def _store(
    conn: Connection,
    wish: QuoteWish,
    named: Named | None,
    made_by: MadeBy,
    offered: _Offered,
    found: Evaluation,
    now: datetime,
) -> UUID:
    quote_id, exempt = new_id(), found.withdrawal_exempt
    made = promise(await read_work_calendar(conn), now, found.lead_days)
    notice = text_of((await read_notice(conn)).texts, wish.locale, otherwise="") if exempt else ""
    expires_at = now + timedelta(days=(await read_quote_settings(conn)).valid_days)
    copied = made_by.copied if found.measurements else None
    await conn.execute(
        _INSERT,
        quote_id,
        None if named is None else named.shopper_id,
        None if named is None else wish.person_id,
        wish.product_id,
        offered.published.document_id,
        offered.published.version,
        found.configuration_id,
        dict(found.answers),
        found.summary,
        _measured_refs(found, made_by),
        *(copied or (None, None)),
        wish.quantity,
        wish.region,
        wish.locale,
        found.price_minor,
        offered.currency,
        found.lead_days,
        made.confirm_by,
        made.starts_on,
        made.ready_on,
        exempt,
        notice,
        now,
        expires_at,
    )
    if named is not None:
        await follow_named(conn, "quotes", [(str(quote_id), named)])
    return quote_id


def _measured_refs(found: Evaluation, made_by: MadeBy) -> Sequence[Mapping[str, object]]:
    """What it is made by, each with its profile and version unless it is copied from a line."""
    refs = []
    for need in found.measurements:
        for side in need.sides:
            profile, version = made_by.refs.get((need.key, side), (None, None))
            refs.append(
                {"option": need.option, "key": need.key, "side": side, "profile_id": profile, "version": version}
            )
    return refs


_PRODUCT = """
select currency,
    case
        when coalesce(sale_from <= $2, true) and coalesce(sale_until > $2, true)
            then coalesce(sale_price_minor, price_minor)
        else price_minor
    end as price_minor
from products
where product_id = $1 and deleted_at is null and status = 'active' and coalesce(available_from <= $2, true)
    and coalesce(available_until > $2, true) and (restricted_to_segments = '{}' or not $3)
"""

# The profiles by our own ids: one that is deleted and told again is another one.
_INSERT = """
insert into quotes (
    quote_id, shopper_id, person_id, product_id, document_id, version, configuration_id, answers, summary, measured,
    copied_order_id, copied_line_id, quantity, region, locale, price_minor, currency, lead_days, confirm_by, starts_on,
    ready_on, withdrawal_exempt, withdrawal_notice, created_at, expires_at
)
select $1, $2, (select person_id from people where people.external_id = $3 and people.shopper_id = $2), $4, $5, $6, $7,
    $8, $9,
    coalesce(
        (
            select jsonb_agg(
                jsonb_build_object(
                    'option', option, 'key', key, 'side', side, 'profile', measurement_profiles.profile_id,
                    'version', needed.version
                )
                order by place
            )
            from rows from (
                jsonb_to_recordset($10::jsonb) as (option text, key text, side text, profile_id text, version integer)
            ) with ordinality as needed (option, key, side, profile_id, version, place)
            left join measurement_profiles on measurement_profiles.external_id = needed.profile_id
        ),
        '[]'
    ),
    $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23, $24, $25
"""

_SELECT = """
select quote_id, shoppers.external_id as shopper_id, people.external_id as person_id, product_id, document_id,
    quotes.version, configuration_id, answers, summary, measured as measured_by, quantity, price_minor,
    quotes.currency, lead_days, confirm_by, starts_on, ready_on, withdrawal_exempt, withdrawal_notice,
    quotes.created_at, expires_at
from quotes
left join shoppers using (tenant_id, shopper_id)
left join people using (tenant_id, person_id)
where quote_id = $1
"""
