"""When a charge that failed is tried again, and when it is given up."""

from datetime import UTC, date, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from tenants.charge_schedule import RetryPolicy, charge_moment, next_try

START = datetime(2026, 3, 1, 9, tzinfo=UTC)
DAYS = timedelta(days=1)


def walk(policy: RetryPolicy, late: timedelta = timedelta()) -> list[timedelta]:
    """How long after the first failure each later try comes, when every one fails."""
    tries, failed_at = [], START
    while (at := next_try(policy, first_failed_at=START, failed_at=failed_at)) is not None:
        failed_at = at + late
        tries.append(failed_at - START)
    return tries


def test_p4_a_card_is_tried_every_48_hours_for_7_days_then_a_last_time_then_never() -> None:
    assert walk(RetryPolicy()) == [2 * DAYS, 4 * DAYS, 6 * DAYS, 7 * DAYS]


def test_p4_a_tenant_may_be_more_or_less_patient() -> None:
    assert walk(RetryPolicy(every_hours=24, for_days=3)) == [1 * DAYS, 2 * DAYS, 3 * DAYS]
    assert walk(RetryPolicy(for_days=0)) == []


def test_p4_a_worker_that_was_down_makes_no_try_up() -> None:
    assert walk(RetryPolicy(), late=30 * DAYS) == [32 * DAYS]


@given(st.integers(1, 168), st.integers(0, 30), st.integers(0, 400))
def test_p4_tries_end_whatever_the_policy_and_each_is_later(every: int, days: int, late_hours: int) -> None:
    tries = walk(RetryPolicy(every_hours=every, for_days=days), timedelta(hours=late_hours))

    assert len(tries) <= days * 24 // every + 1
    assert tries == sorted({*tries})
    assert all(one - timedelta(hours=late_hours) <= days * DAYS for one in tries)


def test_p4_a_chosen_day_begins_at_nine_by_the_shops_clock() -> None:
    assert charge_moment(date(2026, 3, 29), "Europe/Berlin") == datetime(2026, 3, 29, 7, tzinfo=UTC)
    assert charge_moment(date(2026, 1, 5), "Asia/Shanghai") == datetime(2026, 1, 5, 1, tzinfo=UTC)
