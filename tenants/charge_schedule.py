"""Charge schedule: when a payment that failed while its shopper was away is tried again, and when it is given up.

Every 48 hours for 7 days, then a last try, then dropped: failures at day 0, 2, 4 and 6, the last try at day 7.
"""

from datetime import date, datetime, timedelta
from typing import Annotated
from zoneinfo import ZoneInfo

from msgspec import Meta, Struct

CHARGE_HOUR = 9
"""Of the shop's day: a card is not charged, and nobody is told of it, in the middle of the night."""


class RetryPolicy(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """How patient a shop is with a card that does not pay."""

    every_hours: Annotated[int, Meta(ge=1, le=168, description="Between two tries.")] = 48
    for_days: Annotated[int, Meta(ge=0, le=30, description="After the first failure, until the last try.")] = 7


def next_try(policy: RetryPolicy, *, first_failed_at: datetime, failed_at: datetime) -> datetime | None:
    """When to try again after a failure at `failed_at`; None when that was the last try.

    A try that comes late (the worker was down) is not made up for: the next one is counted from it.
    """
    last = first_failed_at + timedelta(days=policy.for_days)
    if failed_at >= last:
        return None
    return min(failed_at + timedelta(hours=policy.every_hours), last)


def charge_moment(charge_on: date, time_zone: str) -> datetime:
    """When on the day that the shopper chose the card is charged: at nine by the shop's clock."""
    return datetime(charge_on.year, charge_on.month, charge_on.day, CHARGE_HOUR, tzinfo=ZoneInfo(time_zone))
