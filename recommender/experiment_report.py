"""Experiment reports: how many saw each arm, whether that is as it should be, and only then what it brought."""

from datetime import datetime, timedelta
from typing import Annotated, Literal

import numpy as np
from msgspec import Meta, Struct

from infra.database import Connection
from recommender.experiments import (
    ALPHA,
    LEAST_BUYERS,
    LEAST_COMPLETE,
    SUSPICIOUS,
    Interval,
    Sample,
    compare,
    sample_ratio_p,
)
from tenants.experiment_documents import Arm
from tenants.experiment_subjects import ArmOutcome, read_currency, read_outcomes
from tenants.experiments import State, StoredExperiment, get_experiment
from tenants.fields import Moment

Of = Literal["assigned", "counted"]


class RatioCheck(Struct, frozen=True, kw_only=True):
    """Whether the numbers of people in the arms come from their shares."""

    of: Annotated[Of, Meta(description="assigned: by the arm seen first. counted: without those who saw two arms.")]
    p: Annotated[float | None, Meta(description="Chi-square; null while there are too few people.")]
    flagged: Annotated[bool, Meta(description=f"true below {SUSPICIOUS}: something is wrong.")]


class Difference(Struct, frozen=True, kw_only=True):
    """What an arm makes other than the baseline. The bounds may be read at any time, as often as you like."""

    difference: float
    low: float
    high: float


class Comparison(Struct, frozen=True, kw_only=True):
    """An arm against the baseline."""

    conversion: Difference
    revenue_per_person_minor: Difference
    incremental_revenue_minor: Annotated[
        Difference, Meta(description="The difference in revenue a person, times the complete people of this arm.")
    ]


class ArmResult(Struct, frozen=True, kw_only=True):
    """What the people of an arm bought in their windows."""

    buyers: int
    conversion: Annotated[float, Meta(description="Buyers among the complete people.")]
    revenue_minor: Annotated[int, Meta(description="Goods after discounts; neither cancelled nor returned orders.")]
    revenue_per_person_minor: float
    against_baseline: Annotated[
        Comparison | None,
        Meta(
            description="null for the baseline, and while either has fewer than"
            f" {LEAST_COMPLETE} complete people or {LEAST_BUYERS} buyers."
        ),
    ]


class ArmReport(Struct, frozen=True, kw_only=True):
    """One arm."""

    id: str
    share: float
    holdout: bool
    baseline: bool
    people: Annotated[int, Meta(description="Who saw this arm and no other.")]
    complete: Annotated[int, Meta(description="Of these, whose window is over; results are of them.")]
    result: Annotated[ArmResult | None, Meta(description="null while results are withheld.")]


class ExperimentReport(Struct, frozen=True, kw_only=True):
    """What an experiment has shown so far. The checks come first: while one is flagged, there are no results."""

    id: str
    placement: str
    state: State
    began_at: Moment | None
    stopped_at: Moment | None
    window_days: int
    currency: str
    confidence: Annotated[
        float, Meta(description="Of the intervals of all arms together, for one measure, over the whole length.")
    ]
    checks: tuple[RatioCheck, ...]
    withheld: Annotated[str | None, Meta(description="Why there are no results.")]
    crossed_over: Annotated[int, Meta(description="People who saw two arms; they count in none.")]
    arms: tuple[ArmReport, ...]


async def report_experiment(conn: Connection, name: str, *, now: datetime) -> ExperimentReport:
    """As of now. Raises NotFound."""
    found = await get_experiment(conn, name, now=now)
    window = timedelta(days=found.window_days)
    told = await read_outcomes(conn, name, window=window, now=now)
    outcomes = {arm.id: told.get(arm.id, _nobody(arm)) for arm in found.arms}
    checks = _check(found, outcomes)
    withheld = _why_withheld(checks)
    return ExperimentReport(
        id=found.id,
        placement=found.placement,
        state=found.state,
        began_at=found.began_at,
        stopped_at=found.stopped_at,
        window_days=found.window_days,
        currency=await read_currency(conn),
        confidence=1 - ALPHA,
        checks=checks,
        withheld=withheld,
        crossed_over=sum(one.crossed for one in outcomes.values()),
        arms=tuple(_report(found, arm, outcomes, withheld=withheld is not None) for arm in found.arms),
    )


def _check(found: StoredExperiment, outcomes: dict[str, ArmOutcome]) -> tuple[RatioCheck, ...]:
    shares = [arm.share for arm in found.arms]
    counts: dict[Of, list[int]] = {
        "assigned": [one.assigned for one in outcomes.values()],
        "counted": [one.assigned - one.crossed for one in outcomes.values()],
    }
    ps = {of: sample_ratio_p(numbers, shares) for of, numbers in counts.items()}
    return tuple(RatioCheck(of=of, p=p, flagged=p is not None and p < SUSPICIOUS) for of, p in ps.items())


def _why_withheld(checks: tuple[RatioCheck, ...]) -> str | None:
    flagged = [one for one in checks if one.flagged]
    if not flagged:
        return None
    if flagged[0].of == "assigned":
        return (
            f"The arms hold other numbers of people than their shares give (p = {flagged[0].p:.1g}): the page tells of"
            " one arm more often than of another. Results are withheld, for they would be of different kinds of people."
        )
    return (
        f"Without those who saw two arms, the arms hold other numbers of people than their shares give"
        f" (p = {flagged[0].p:.1g}): who crossed over is missing from one arm more than from another. Results are"
        " withheld. Arms of equal shares, or the unit 'visitor' in places that are seen before a sign-in, avoid it."
    )


def _report(found: StoredExperiment, arm: Arm, outcomes: dict[str, ArmOutcome], *, withheld: bool) -> ArmReport:
    mine = outcomes[arm.id]
    return ArmReport(
        id=arm.id,
        share=arm.share,
        holdout=arm.holdout,
        baseline=arm.id == found.baseline.id,
        people=mine.assigned - mine.crossed,
        complete=mine.complete,
        result=None if withheld else _result(found, arm, mine, outcomes[found.baseline.id]),
    )


def _result(found: StoredExperiment, arm: Arm, mine: ArmOutcome, baseline: ArmOutcome) -> ArmResult:
    size = max(mine.complete, 1)
    return ArmResult(
        buyers=mine.buyers,
        conversion=mine.buyers / size,
        revenue_minor=mine.revenue_minor,
        revenue_per_person_minor=mine.revenue_minor / size,
        against_baseline=None if mine is baseline else _compare(mine, baseline, arms=len(found.arms)),
    )


def _compare(mine: ArmOutcome, baseline: ArmOutcome, *, arms: int) -> Comparison | None:
    """The doubt is shared among the arms that are compared (Bonferroni)."""
    alpha = ALPHA / (arms - 1)
    conversion, revenue = (
        compare(treated, control, alpha=alpha)
        for treated, control in zip(_samples(mine), _samples(baseline), strict=True)
    )
    if np.isnan(revenue.difference[0]):
        return None
    incremental = Interval(*(bound * mine.complete for bound in revenue))
    return Comparison(
        conversion=_difference(conversion),
        revenue_per_person_minor=_difference(revenue),
        incremental_revenue_minor=_difference(incremental),
    )


def _samples(one: ArmOutcome) -> tuple[Sample, Sample]:
    """Conversion and revenue, as of now."""
    size, told = max(one.complete, 1), ((one.buyers, one.buyer_variance), (one.revenue_minor, one.revenue_variance))
    conversion, revenue = (
        Sample(*(np.array([float(value)]) for value in (size, one.buyers, total / size, variance)))
        for total, variance in told
    )
    return conversion, revenue


def _difference(interval: Interval) -> Difference:
    difference, low, high = (float(bound[0]) for bound in interval)
    return Difference(difference=difference, low=low, high=high)


def _nobody(arm: Arm) -> ArmOutcome:
    return ArmOutcome(arm.id, 0, 0, 0, 0, 0.0, 0, 0.0)
