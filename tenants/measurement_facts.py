"""Measurement facts: what of someone's measurements is known, missing or old, without any length."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Literal

from msgspec import Struct

from tenants.completeness import Fact
from tenants.fields import Moment
from tenants.measured import Measured, Side, Source
from tenants.measurement_definitions import Definitions, MeasurementDefinition

PREFIX = "measurement:"
"""Before a key among the names of what is missing or stale, so that it is told from an attribute."""


class KnownMeasurement(Struct, frozen=True, kw_only=True):
    """That a measurement is known, by whom and since when."""

    key: str
    side: Side
    source: Source
    measured_at: Moment
    stale: bool


def list_known(measured: Iterable[Measured]) -> tuple[KnownMeasurement, ...]:
    return tuple(
        KnownMeasurement(
            key=one.key, side=one.side, source=one.source, measured_at=one.measured_at, stale=one.stale
        )
        for one in measured
    )  # fmt: skip


def make_facts(
    definitions: Definitions,
    measured: Iterable[Measured],
    *,
    of: Literal["shopper", "person"],
    stale_after_days: int,
) -> list[Fact]:
    """One for each key of the shop. A required one is known when all its sides are; it is as old as its oldest side."""
    times: dict[str, list[datetime]] = {}
    for one in measured:
        times.setdefault(one.key, []).append(one.measured_at)
    return [_fact(one, times, required=of in one.required_of, days=stale_after_days) for one in definitions.values()]


def _fact(
    definition: MeasurementDefinition, times: Mapping[str, Sequence[datetime]], *, required: bool, days: int
) -> Fact:
    told = times.get(definition.id, ())
    sides = 2 if definition.sided else 1
    enough = len(told) >= sides or (bool(told) and not required)
    return Fact(
        name=PREFIX + definition.id,
        told_at=min(told) if enough else None,
        required=required,
        weight=definition.weight,
        stale_after_days=definition.stale_after_days or days,
    )
