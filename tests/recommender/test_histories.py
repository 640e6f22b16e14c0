"""Histories: counts, gaps and days since, against sums done by hand."""

import numpy as np
import pytest

from recommender.training.histories import COLUMNS, NO_DAY, PRIOR_GAPS, read_histories
from recommender.training.parameters import DAY_S

AS_OF_S = 200 * DAY_S


def history(*visits: tuple[int, int, float], of: tuple[int, int]) -> dict[str, float]:
    """Rows are owner, thing, days before day 200."""
    owners, things, ages = np.array(visits).reshape(-1, 3).T
    times = (AS_OF_S - ages * DAY_S).astype(np.int64) - 1
    found = read_histories(owners.astype(np.int32), things.astype(np.int32), times, as_of_s=AS_OF_S, count=3)
    return dict(zip(COLUMNS, found.of(np.array([of[0]]), np.array([of[1]]))[0].tolist(), strict=True))


def test_several_of_a_day_are_one_and_windows_count_days() -> None:
    seen = history((0, 1, 0.2), (0, 1, 0.3), (0, 1, 20), (0, 1, 100), of=(0, 1))
    assert seen["days"] == pytest.approx(np.log1p(3))
    counts = [seen[name] for name in ("in_14", "in_28", "in_56", "in_112")]
    assert counts == pytest.approx(np.log1p([1, 2, 2, 3]))
    assert seen["since"] == pytest.approx(np.log1p(0))
    assert seen["last_gap"] == pytest.approx(np.log1p(20))


def test_the_expected_gap_leans_on_the_things_own_and_due_is_the_time_since_over_it() -> None:
    # Owner 0: gaps 10, 10. Owner 1: gap 40. The thing: 60 days in 3 gaps, overall the same mean of 20.
    visits = [(0, 1, 25), (0, 1, 15), (0, 1, 5), (1, 1, 50), (1, 1, 10)]
    by_thing = (60 + PRIOR_GAPS * 20) / (3 + PRIOR_GAPS)
    gap = (20 + PRIOR_GAPS * by_thing) / (2 + PRIOR_GAPS)
    seen = history(*visits, of=(0, 1))
    assert seen["gap"] == pytest.approx(np.log1p(gap))
    assert seen["due"] == pytest.approx(np.log(6 / (gap + 1)))


@pytest.mark.parametrize("pair", [(1, 1), (0, 2), (0, -1)])
def test_what_never_was_has_no_days_and_was_long_ago(pair: tuple[int, int]) -> None:
    seen = history((0, 1, 5), of=pair)
    assert seen["days"] == seen["usual"] == 0
    assert seen["since"] == pytest.approx(np.log1p(NO_DAY))


def test_no_rows_are_no_histories() -> None:
    nothing = np.empty(0, np.int32)
    found = read_histories(nothing, nothing, nothing.astype(np.int64), as_of_s=AS_OF_S, count=2)
    assert found.of(np.array([0, 1]), np.array([1, -1]))[:, 0].tolist() == [0, 0]
