"""Made: products that are made to measure, as this shopper would get them: ready with price and days, or what lacks.

Nothing here is remembered: it is worked out from a record that was read for this one page.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Literal, NamedTuple

from msgspec import Meta, Struct

from recommender.serving.words import Words
from tenants.measured import Record
from tenants.option_answers import Evaluation, evaluate
from tenants.option_plan import Published

Prompt = Literal["identify", "consent", "measure", "request"]
"""What to ask of a shopper who cannot be shown a product in their measure: who they are, to allow it, to measure, or,
where the maker cannot make what was measured, to ask the maker."""
Side = Literal["left", "right", "none"]
BOTH: tuple[Side, ...] = ("left", "right")
ALONE: tuple[Side, ...] = ("none",)


class Made(Struct, frozen=True, kw_only=True):
    """A product that is made to measure, for whoever looks at it."""

    ready: Annotated[bool, Meta(description="Every measurement that it needs is on record and can be made.")]
    prompt: Annotated[Prompt | None, Meta(description="What to ask of this shopper; null when ready.")]
    missing: Annotated[tuple[str, ...], Meta(description="Measurement keys that the record lacks.")] = ()
    stale: Annotated[tuple[str, ...], Meta(description="Keys that were measured long ago.")] = ()
    complete: Annotated[bool, Meta(description="It can be ordered as it is: nothing is left to choose.")] = False
    price_minor: Annotated[int | None, Meta(description="As it would be made now; null unless ready.")] = None
    lead_days: Annotated[int | None, Meta(description="Days of work; null unless ready.")] = None
    text: Annotated[str | None, Meta(description="For people; null unless ready.")] = None
    configuration_id: str | None = None


class Priced(NamedTuple):
    """What a product costs at the moment, before any option."""

    product_id: str
    price_minor: int
    currency: str


def tell_made(
    published: Published, priced: Priced, record: Record | None, *, region: str | None, now: datetime, words: Words
) -> Made:
    """`record`: None for somebody who has not proven who they are; `words`: of the page's language."""
    if record is None or not record.allowed:
        return Made(ready=False, prompt="identify" if record is None else "consent")
    found = evaluate_for(published, priced, {}, record, region=region, now=now, locale=words.language)
    if found.missing:
        return Made(ready=False, prompt="measure", missing=found.missing, stale=list_stale(record, found))
    if any(issue.code == "out_of_range" for issue in found.issues):
        return Made(ready=False, prompt="request")
    return Made(
        ready=True,
        prompt=None,
        stale=list_stale(record, found),
        complete=found.complete and found.consistent,
        price_minor=found.price_minor,
        lead_days=found.lead_days,
        text=words.made_in(found.lead_days),
        configuration_id=found.configuration_id,
    )


def evaluate_for(
    published: Published,
    priced: Priced,
    answers: Mapping[str, str | int | float | bool | None],
    record: Record | None,
    *,
    region: str | None,
    now: datetime,
    locale: str,
) -> Evaluation:
    """The answers, filled from this person's record as far as there is one."""
    values = {} if record is None else record.values
    return evaluate(
        published,
        priced.price_minor,
        priced.currency,
        answers,
        product_id=priced.product_id,
        measured={where: one.value_tenth_mm for where, one in values.items()},
        preferences={} if record is None else record.preferences,
        region=region,
        now=now,
        locale=locale,
    )


def list_stale(record: Record, found: Evaluation) -> tuple[str, ...]:
    """Keys of measurements that it is made by and that are old."""
    used = {(need.key, side) for need in found.measurements for side in need.sides}
    return tuple(dict.fromkeys(key for (key, side), one in record.values.items() if one.stale and (key, side) in used))


def list_needed(published: Published) -> frozenset[tuple[str, Side]]:
    """The measurements without which nothing of it can be made."""
    return frozenset(
        (option.key, side)
        for option in published.plan.measured
        if option.required and not published.plan.by_id[option.id].shows
        for side in (ALONE if option.sided == "none" else BOTH)
    )
