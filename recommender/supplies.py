"""Supplies: of what a shopper bought, when each product will run out, and whether it is time to buy it again."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from math import ceil, floor
from typing import Annotated, Literal
from uuid import UUID

import numpy as np
from msgspec import Meta

from infra.database import Connection
from recommender.replenishment import Estimate, Pool, estimate
from tenants.fields import Moment
from tenants.replenishment import Bought, Choice, PoolRow, list_bought, read_choices_of, read_pools

Standing = Literal["due", "later", "snoozed", "stopped", "lapsed"]
DUE_AFTER = 0.5
"""The part of its time that must be over: right after a purchase nothing is due, however long the look ahead."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Supply:
    """One product of a shopper."""

    product_id: str
    variant_id: Annotated[str | None, Meta(description="Of the last purchase.")]
    standing: Annotated[
        Standing,
        Meta(description="due; later: not yet; snoozed or stopped by the shopper; lapsed: overdue for too long."),
    ]
    quantity: Annotated[int, Meta(description="Bought last.")]
    purchases: Annotated[int, Meta(description="Days on which it was bought in the last two years.")]
    last_bought_on: date
    units_per_day: float
    runs_out_on: date
    earliest_on: Annotated[date, Meta(description="Between this day and latest_on with one chance in two.")]
    latest_on: date
    pooled: Annotated[bool, Meta(description="The rate is told from other shoppers too: fewer than three purchases.")]
    snoozed_until: Moment | None = None


async def list_supplies(conn: Connection, shopper_id: UUID, *, horizon_days: int, now: datetime) -> Sequence[Supply]:
    """What is known enough, what runs out first first. Three statements. `horizon_days`: how far ahead is due."""
    bought = await list_bought(conn, shopper_id, now=now)
    if not bought:
        return []
    choices = await read_choices_of(conn, shopper_id)
    pools = await read_pools(conn, [one.product_id for one in bought])
    found = (
        _supply(one, choices.get(one.product_id), pools.get(one.product_id), timedelta(days=horizon_days), now)
        for one in bought
    )
    return _in_order(one for one in found if one is not None)


def _supply(
    bought: Bought, choice: Choice | None, row: PoolRow | None, horizon: timedelta, now: datetime
) -> Supply | None:
    days = np.array([day.toordinal() for day in bought.days])
    known = estimate(days, np.array(bought.units), _pool(row))
    if known is None:
        return None
    last = bought.days[-1]
    snoozed_until = choice.until if choice is not None and choice.until is not None and choice.until > now else None
    return Supply(
        product_id=bought.product_id,
        variant_id=bought.variant_id,
        standing=_standing(bought, known, choice, horizon, now),
        quantity=bought.units[-1],
        purchases=len(days),
        last_bought_on=last,
        units_per_day=known.units_per_day,
        runs_out_on=last + timedelta(days=round(known.lasts_days)),
        earliest_on=last + timedelta(days=floor(known.earliest_days)),
        latest_on=last + timedelta(days=ceil(known.latest_days)),
        pooled=known.pooled,
        snoozed_until=snoozed_until,
    )


def _standing(bought: Bought, known: Estimate, choice: Choice | None, horizon: timedelta, now: datetime) -> Standing:
    """A purchase since says that it is used after all."""
    if choice is not None and choice.act == "stop" and bought.bought_at <= choice.said_at:
        return "stopped"
    if choice is not None and choice.until is not None and choice.until > now:
        return "snoozed"
    passed, lasts = (now.date() - bought.days[-1]).days, round(known.lasts_days)
    if passed > known.latest_days + lasts:
        return "lapsed"
    return "due" if passed >= max(lasts * DUE_AFTER, lasts - horizon.days, 1) else "later"


def _pool(row: PoolRow | None) -> Pool | None:
    if row is None:
        return None
    return Pool(
        row.shoppers, row.returning_share, row.mean_days, row.variance, row.mean_inverse_units, row.scatter, row.weight
    )


def _in_order(supplies: Iterable[Supply]) -> list[Supply]:
    return sorted(supplies, key=lambda one: (one.runs_out_on, one.product_id))
