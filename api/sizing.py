"""Sizing: the answer to "which size?", the same for the merchant's server and for a page, and what it may tell each."""

import contextlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from msgspec import Meta, Struct

from infra.database import Connection
from infra.errors import FieldError, Invalid
from tenants.fit_feedback import read_leaning
from tenants.fit_leaning import Leaning
from tenants.footwear_sizes import SYSTEMS, NoFootwearSize, foot_length, list_equivalents
from tenants.lengths import say_length
from tenants.measured import read_record
from tenants.measurement_definitions import LONGEST_TENTH_MM, find_measurement_definitions
from tenants.size_advice import Advice, Confidence, Row, Shift, Verdict, advise, take_larger
from tenants.size_charts import SizeChart, find_chart_of
from tenants.told_measurements import ToldValue, read_value

Typed = Annotated[
    tuple[ToldValue, ...],
    Meta(max_length=50, description="What somebody says they measure. It is used for this answer and not kept."),
]


class FitOut(Struct, frozen=True, kw_only=True):
    """How the chart's size sits at one measurement."""

    key: str
    verdict: Verdict


class LearnedOut(Struct, frozen=True, kw_only=True):
    """What returns and ratings taught about the product."""

    shift: Annotated[
        Shift,
        Meta(description="1: the next larger size than the chart says. -1: the next smaller one. 0: there is none."),
    ]
    because: str


class EquivalentOut(Struct, frozen=True, kw_only=True):
    """About the same size in another system."""

    system: str
    size: str


class SizeAnswer(Struct, frozen=True, kw_only=True):
    """Advice on a size. It holds no measurement of anybody."""

    product_id: str
    chart: Annotated[str | None, Meta(description="The chart that the advice is from; null where none serves it.")]
    size: Annotated[str | None, Meta(description="null when no chart serves the product or nothing is measured.")]
    fit: Annotated[tuple[FitOut, ...], Meta(description="Of the size that the chart says, before what was learned.")]
    between: Annotated[tuple[str, ...], Meta(description="Sizes that are as likely, the smaller first; often none.")]
    confidence: Confidence
    missing: Annotated[tuple[str, ...], Meta(description="What the chart asks for and is not known.")]
    learned: LearnedOut | None
    equivalents: Annotated[tuple[EquivalentOut, ...], Meta(description="Of footwear, by ISO 19407: a guideline.")]
    guideline: Annotated[bool, Meta(description="Always true: it is advice, and `equivalents` are about right only.")]
    used: Annotated[
        Literal["typed", "recorded", "both", "none"], Meta(description="Whose measurements the advice is made from.")
    ]


@dataclass(frozen=True, slots=True)
class Wearer:
    """Whose recorded measurements may be used, by our id; one of the people around them if named."""

    shopper_id: UUID
    person_id: str | None = None


async def answer_size(
    conn: Connection,
    product_id: str,
    typed: Sequence[ToldValue],
    wearer: Wearer | None,
    *,
    now: datetime,
    counts: bool,
    hidden: bool = False,
) -> SizeAnswer:
    """Advice for typed measurements, and for recorded ones of a wearer who consents; of one key what is typed counts.

    `counts`: whether the answer may say how many people said what. `hidden`: the asker must not learn of the product.
    Raises Invalid for a typed measurement that cannot be true, NotFound for a person whom the wearer does not have.
    """
    said = take_larger(await _read_typed(conn, typed))
    chart = None if hidden else await find_chart_of(conn, product_id)
    if chart is None:
        return _nothing(product_id)
    recorded, stale = await _recorded(conn, wearer, chart, now=now)
    measured = {**recorded, **said}
    sure = not (stale - said.keys())
    leaning = await read_leaning(conn, product_id)
    rows = chart.rows_in_tenth_mm()
    advice = advise(rows, measured, shift=leaning.shift, sure=sure)
    used = _used({*said} & {*rows[0].ranges}, {*recorded} - {*said})
    return _answer(product_id, chart, advice, leaning, used, counts=counts)


async def _read_typed(conn: Connection, typed: Sequence[ToldValue]) -> list[tuple[str, int]]:
    """Keys and tenths of a millimetre. Raises Invalid for what cannot be true of anybody."""
    definitions = await find_measurement_definitions(conn) if typed else {}
    values = [(one.key, read_value(one).value_tenth_mm) for one in typed]
    for number, (key, value) in enumerate(values):
        low, high = definitions[key].hard_range if key in definitions else (1, LONGEST_TENTH_MM)
        if not low <= value <= high:
            unit = typed[number].unit
            reason = f"must be from {say_length(low, unit)} to {say_length(high, unit)}"
            raise Invalid(f"No {key} is like that.", errors=(FieldError(f"measurements[{number}].value", reason),))
    return values


async def _recorded(
    conn: Connection, wearer: Wearer | None, chart: SizeChart, *, now: datetime
) -> tuple[dict[str, int], set[str]]:
    """What is on record of the chart's keys, and which of it is stale; nothing without consent."""
    if wearer is None:
        return {}, set()
    record = await read_record(conn, wearer.shopper_id, person_id=wearer.person_id, basis=chart.basis, now=now)
    asked = {one.key for one in chart.rows[0].ranges}
    values = [one for one in record.values.values() if one.key in asked] if record.allowed else []
    return take_larger((one.key, one.value_tenth_mm) for one in values), {one.key for one in values if one.stale}


def _used(said: set[str], recorded: set[str]) -> Literal["typed", "recorded", "both", "none"]:
    if said and recorded:
        return "both"
    return "typed" if said else "recorded" if recorded else "none"


def _answer(
    product_id: str,
    chart: SizeChart,
    advice: Advice,
    leaning: Leaning,
    used: Literal["typed", "recorded", "both", "none"],
    *,
    counts: bool,
) -> SizeAnswer:
    because = leaning.tell(counts=counts)
    return SizeAnswer(
        product_id=product_id,
        chart=chart.id,
        size=None if advice.row is None else advice.row.size,
        fit=tuple(FitOut(key=one.key, verdict=one.verdict) for one in advice.fit),
        between=advice.between,
        confidence=advice.confidence,
        missing=advice.missing,
        learned=None if because is None else LearnedOut(shift=advice.shift, because=because),
        equivalents=() if advice.row is None else tuple(_equivalents(chart, advice.row)),
        guideline=True,
        used=used,
    )


def _nothing(product_id: str) -> SizeAnswer:
    return SizeAnswer(
        product_id=product_id, chart=None, size=None, fit=(), between=(), confidence="low", missing=(), learned=None,
        equivalents=(), guideline=True, used="none",
    )  # fmt: skip


def tell_equivalents(length_tenth_mm: int, *, but: str | None = None) -> tuple[EquivalentOut, ...]:
    """The sizes of all systems for a foot of this length; `but` is left out."""
    found = list_equivalents(length_tenth_mm).items()
    return tuple(EquivalentOut(system=system, size=size) for system, size in found if system != but)


def _equivalents(chart: SizeChart, row: Row) -> Iterable[EquivalentOut]:
    """By the size's own label where its system is known, else by the feet that the chart makes it for; never by the
    shopper's foot."""
    if chart.kind != "foot":
        return ()
    system = SYSTEMS.get(chart.system)
    if system is not None:
        # A label of the maker's own, such as "42 wide", is no size of the system.
        with contextlib.suppress(NoFootwearSize):
            return tell_equivalents(foot_length(system, row.size), but=system)
    length = row.ranges.get("foot_length")
    return () if length is None else tell_equivalents(length.middle, but=chart.system)


class AskedSize(Struct, frozen=True, kw_only=True):
    """A size of footwear by the length of foot that it is for, and about the same in other systems."""

    foot_length_tenth_mm: Annotated[int, Meta(description="In tenths of a millimetre.")]
    equivalents: tuple[EquivalentOut, ...]
    guideline: Annotated[bool, Meta(description="Always true.")]
    source: str
