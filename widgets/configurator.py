"""Configurator: a product that is made to order, as a shopper's answers and record make it."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Annotated, Literal, NamedTuple

import msgspec
from msgspec import Meta, Struct

from recommender.serving.cards import Card
from recommender.serving.live_tenant import LiveTenant
from recommender.serving.made import Made, Priced, evaluate_for, tell_made
from tenants.attributes import Locale
from tenants.fields import ExternalId, Scalar
from tenants.measured import Record
from tenants.option_answers import Evaluation, Issue, PriceLine, SummaryLine
from tenants.option_plan import Published
from tenants.option_pricing import price_of
from tenants.option_texts import label_of, text_of
from tenants.options import ChoiceOption, MeasurementOption, NumberOption, Option, Region, TextOption
from tenants.quotes import Answers, PromiseMade, Withdrawal
from tenants.work_calendar import WorkCalendar, promise


class Wished(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A product and what has been chosen of it so far."""

    product: ExternalId
    answers: Answers = {}
    person: Annotated[
        ExternalId | None, Meta(description="Who is to wear it: a person around the shopper; unset: the shopper.")
    ] = None
    region: Region | None = None
    locale: Locale = "en"


class ValueOut(Struct, frozen=True, kw_only=True):
    """One value of a choice, as things stand."""

    id: str
    label: str
    price_minor: Annotated[int, Meta(description="What it adds to the price.")]
    available: bool
    why_not: Literal["region", "not_yet", "over", "hidden"] | None


class OptionOut(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One option, with what its kind needs."""

    id: str
    kind: Literal["choice", "text", "number", "measurement"]
    label: str
    required: bool
    shown: bool
    values: tuple[ValueOut, ...] = ()
    max_length: int | None = None
    min: float | None = None
    max: float | None = None
    step: float | None = None
    unit: str | None = None
    key: str | None = None
    sided: Literal["each", "larger", "none"] | None = None


class DocumentOut(Struct, frozen=True, kw_only=True):
    """What there is to choose."""

    id: str
    version: int
    options: tuple[OptionOut, ...]


class ResultOut(Struct, frozen=True, kw_only=True):
    """What the answers come to."""

    complete: bool
    consistent: bool
    issues: tuple[Issue, ...]
    price_minor: int
    prices: tuple[PriceLine, ...]
    lead_days: int
    summary: tuple[SummaryLine, ...]
    configuration_id: str


class FitOut(Struct, frozen=True, kw_only=True):
    """What is known of whoever it is made for. Never a value."""

    who: Literal["stranger", "shopper"]
    consent: bool
    ready: bool
    missing: tuple[str, ...]
    stale: tuple[str, ...]
    person: str | None


class ConfiguredProduct(Card, frozen=True, kw_only=True):
    """The product as the shop sells it, and whether it is on sale now."""

    available: bool


class Configured(Struct, frozen=True, kw_only=True):
    """A product as it would be made."""

    product: ConfiguredProduct
    document: DocumentOut
    answers: dict[str, Scalar]
    prefilled: Annotated[dict[str, str], Meta(description="Which answers were put in, and from what.")]
    result: ResultOut
    fit: FitOut
    promise: Annotated[PromiseMade | None, Meta(description="If it were ordered now; null while it cannot be.")]
    withdrawal: Withdrawal


class Terms(NamedTuple):
    """What the shop promises whoever orders."""

    calendar: WorkCalendar
    notice: Mapping[str, str]
    """By locale: that what is made for one person cannot be given back."""


def configure(
    live: LiveTenant, published: Published, wished: Wished, record: Record | None, terms: Terms, *, now: float
) -> Configured:
    """`record`: None for somebody who has not proven who they are; `now` in POSIX seconds."""
    live.advance(now)
    row, at = live.catalogue.rows[wished.product], datetime.fromtimestamp(now, UTC)
    priced = Priced(wished.product, *live.catalogue.price(row, now))
    region, locale = wished.region, wished.locale
    found = evaluate_for(published, priced, wished.answers, record, region=region, now=at, locale=locale)
    made = tell_made(published, priced, record, region=region, now=at)
    ordered = found.complete and found.consistent
    return Configured(
        product=_product(live, row),
        document=_document(published, found, priced.price_minor, locale),
        answers=dict(found.answers),
        prefilled=dict(found.prefilled),
        result=tell_result(found),
        fit=_fit(published, made, record, wished.person),
        promise=_promise(terms.calendar, at, found.lead_days) if ordered else None,
        withdrawal=_withdrawal(terms.notice, found, locale),
    )


def _promise(calendar: WorkCalendar, at: datetime, lead_days: int) -> PromiseMade:
    return msgspec.convert(promise(calendar, at, lead_days), PromiseMade, from_attributes=True)


def _withdrawal(notice: Mapping[str, str], found: Evaluation, locale: str) -> Withdrawal:
    said = text_of(notice, locale, otherwise="") if found.withdrawal_exempt else ""
    return Withdrawal(exempt=found.withdrawal_exempt, notice=said)


def tell_result(found: Evaluation) -> ResultOut:
    """An evaluation for the wire."""
    return msgspec.convert(found, ResultOut, from_attributes=True)


def _product(live: LiveTenant, row: int) -> ConfiguredProduct:
    card = msgspec.json.decode(live.catalogue.cards[row] + b"}")
    return msgspec.convert({**card, "available": bool(live.catalogue.sellable[row])}, ConfiguredProduct)


def _fit(published: Published, made: Made, record: Record | None, person: str | None) -> FitOut:
    return FitOut(
        who="stranger" if record is None else "shopper",
        consent=record is not None and record.allowed,
        ready=made.ready or not published.plan.measured,
        missing=made.missing,
        stale=made.stale,
        person=person,
    )


def _document(published: Published, found: Evaluation, base: int, locale: str) -> DocumentOut:
    closed = {(one.option, one.value): one.why for one in found.unavailable}
    options = tuple(_option(option, found.shown, closed, base, locale) for option in published.document.options)
    return DocumentOut(id=published.document_id, version=published.version, options=options)


def _option(
    option: Option,
    shown: Sequence[str],
    closed: Mapping[tuple[str, str | None], Literal["region", "not_yet", "over", "hidden"]],
    base: int,
    locale: str,
) -> OptionOut:
    common = {
        "id": option.id,
        "kind": option.kind,
        "label": label_of(option, locale),
        "required": option.required,
        "shown": option.id in shown,
    }
    return msgspec.convert({**common, **_details(option, closed, base, locale)}, OptionOut)


def _details(option: Option, closed: Mapping[tuple[str, str | None], str], base: int, locale: str) -> dict[str, object]:
    match option:
        case ChoiceOption():
            return {"values": tuple(_values(option, closed, base, locale))}
        case TextOption():
            return {"max_length": option.max_length}
        case NumberOption():
            return {"min": option.min, "max": option.max, "step": option.step, "unit": option.unit}
        case MeasurementOption():
            return {"key": option.key, "sided": option.sided}


def _values(
    option: ChoiceOption, closed: Mapping[tuple[str, str | None], str], base: int, locale: str
) -> Iterable[dict[str, object]]:
    for value in option.values:
        why_not = closed.get((option.id, value.id))
        yield {
            "id": value.id,
            "label": text_of(value.label, locale, otherwise=value.id),
            "price_minor": price_of(value.price, base_price_minor=base),
            "available": why_not is None,
            "why_not": why_not,
        }
