"""Configurator: a product that is made to order, as a shopper's answers and record make it."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Annotated, Literal, NamedTuple

import msgspec
from msgspec import Meta, Struct

from recommender.serving.cards import Card
from recommender.serving.languages import words_of
from recommender.serving.live_tenant import LiveTenant
from recommender.serving.made import Made, Priced, evaluate_for, tell_made
from tenants.attributes import Locale
from tenants.fields import ExternalId, Scalar
from tenants.measured import Record
from tenants.option_answers import Evaluation, Issue, PriceLine, SummaryLine
from tenants.option_plan import Published
from tenants.option_texts import text_of
from tenants.option_views import OptionView, list_views
from tenants.options import Region
from tenants.quotes import Answers, PromiseMade, Withdrawal
from tenants.work_calendar import MOST_LEAD_DAYS, WorkCalendar, promise


class Wished(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A product and what has been chosen of it so far."""

    product: ExternalId
    answers: Answers = {}
    person: Annotated[
        ExternalId | None, Meta(description="Who is to wear it: a person around the shopper; unset: the shopper.")
    ] = None
    region: Region | None = None
    locale: Locale = "en"


class DocumentOut(Struct, frozen=True, kw_only=True):
    """What there is to choose."""

    id: str
    version: int
    options: tuple[OptionView, ...]


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
    made = tell_made(published, priced, record, region=region, now=at, words=words_of(locale))
    # As for a quote: more days than that are not promised, and a calendar would not end.
    ordered = found.complete and found.consistent and found.lead_days <= MOST_LEAD_DAYS
    return Configured(
        product=_product(live, row),
        document=_document(published, found, priced, locale),
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


def _document(published: Published, found: Evaluation, priced: Priced, locale: str) -> DocumentOut:
    options = list_views(published, found, base_price_minor=priced.price_minor, locale=locale)
    return DocumentOut(id=published.document_id, version=published.version, options=options)
