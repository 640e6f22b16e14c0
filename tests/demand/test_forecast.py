"""Forecast: how many units a campaign will come to, and how sure that is (P7)."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from recommender.demand import INTERVAL, Forecast, forecast

NONE = np.empty((0, 2), np.int64)
RUNS = 300


def foresee(shares: Any, units: Any, **told: Any) -> Forecast:
    given: dict[str, Any] = {"elapsed": 0.5, "past": NONE, "cap": None, "minimum": 0} | told
    return forecast(np.asarray(shares, np.float64), np.asarray(units, np.int64), **given)


def steady(count: int, until: float) -> NDArray[np.float64]:
    return until * np.arange(1, count + 1) / max(count, 1)


def ends(told: Forecast) -> tuple[int, int, int]:
    assert told.low is not None
    assert told.units is not None
    assert told.high is not None
    return told.low, told.units, told.high


def simulate_own(rng: np.random.Generator, shape: float, mean: int, elapsed: float) -> Iterator[tuple[Forecast, int]]:
    """Campaigns whose joins come as t^shape, and what became of them."""
    for _ in range(RUNS):
        count = rng.poisson(mean)
        shares, units = np.sort(rng.random(count) ** (1 / shape)), rng.choice([1, 1, 2, 4], count)
        come = shares <= elapsed
        told = foresee(shares[come], units[come], elapsed=elapsed)
        if told.method != "insufficient_data":
            yield told, int(units.sum())


def simulate_past(rng: np.random.Generator, campaigns: int, elapsed: float) -> Iterator[tuple[Forecast, int]]:
    """Shops whose campaigns differ in size and shape, and what became of the next one."""
    for _ in range(RUNS):
        usual = np.log(elapsed / (1 - elapsed)) + rng.normal(0, 0.5)
        totals = rng.poisson(rng.integers(30, 300, campaigns + 1))
        come = rng.binomial(totals, 1 / (1 + np.exp(-rng.normal(usual, 0.4, campaigns + 1))))
        units = rng.choice([1, 1, 2, 4], totals[0])
        past = np.stack([come[1:], totals[1:]], axis=1)
        told = foresee(steady(int(come[0]), elapsed), units[: come[0]], elapsed=elapsed, past=past)
        if told.method == "past_campaigns":
            yield told, int(units.sum())


def coverage(simulated: Iterator[tuple[Forecast, int]]) -> float:
    hits = [ends(told)[0] <= became <= ends(told)[2] for told, became in simulated]
    assert len(hits) > RUNS / 2
    return sum(hits) / len(hits)


@pytest.mark.parametrize("elapsed", [0.3, 0.6])
@pytest.mark.parametrize("shape", [0.5, 1.0, 2.0])
def test_p7_the_interval_holds_what_it_promises_by_a_campaigns_own_curve(shape: float, elapsed: float) -> None:
    """Front-loaded, steady and with a rush to the end. 300 runs leave 80 % a deviation of 2.3 %."""
    found = coverage(simulate_own(np.random.default_rng(1), shape, 150, elapsed))
    assert INTERVAL - 0.07 <= found <= INTERVAL + 0.1


@pytest.mark.parametrize("elapsed", [0.1, 0.5])
@pytest.mark.parametrize("campaigns", [3, 6, 20])
def test_p7_the_interval_holds_what_it_promises_by_past_campaigns(campaigns: int, elapsed: float) -> None:
    found = coverage(simulate_past(np.random.default_rng(2), campaigns, elapsed))
    assert INTERVAL - 0.07 <= found <= INTERVAL + 0.1


def test_p7_a_steady_campaign_at_half_time_will_about_double() -> None:
    low, units, high = ends(foresee(steady(200, 0.5), [1] * 200))
    assert 330 <= low <= units <= high <= 480
    assert units == pytest.approx(400, rel=0.03)


def test_p7_a_front_loaded_campaign_is_not_taken_for_a_steady_one() -> None:
    early = foresee(0.5 * np.linspace(0.005, 1, 200) ** 3, [1] * 200)
    assert ends(early)[1] < 280


def test_p7_past_campaigns_that_came_late_raise_the_forecast_over_the_own_curve() -> None:
    late = np.array([[20, 100], [22, 100], [19, 100], [21, 100]])
    alone, taught = (foresee(steady(50, 0.5), [1] * 50, past=past) for past in (NONE, late))
    assert (alone.method, taught.method) == ("own_curve", "past_campaigns")
    assert ends(alone)[2] < ends(taught)[1]
    assert ends(taught)[1] == pytest.approx(250, rel=0.1)


@pytest.mark.parametrize(
    ("joins", "elapsed", "campaigns"), [(9, 0.5, 2), (0, 0.5, 9), (2, 0.5, 9), (50, 0.09, 2), (0, 0.0, 9)]
)
def test_p7_with_few_joins_or_little_history_nothing_is_foretold(joins: int, elapsed: float, campaigns: int) -> None:
    past = np.array([[50, 100]] * campaigns)
    told = foresee(steady(joins, elapsed), [1] * joins, elapsed=elapsed, past=past)
    assert told == Forecast("insufficient_data")


def test_p7_at_the_end_the_forecast_is_the_count() -> None:
    assert foresee([0.1, 0.9], [3, 4], elapsed=1.0, minimum=7) == Forecast("final", 7, 7, 7, 1.0)
    assert foresee([], [], elapsed=1.0, minimum=1) == Forecast("final", 0, 0, 0, 0.0)


def test_p7_the_chance_of_the_minimum_falls_from_one_to_none() -> None:
    chances = [
        foresee(steady(100, 0.5), [1] * 100, minimum=minimum).chance_of_minimum for minimum in (100, 190, 210, 1000)
    ]
    assert chances[0] == 1
    assert chances == sorted(chances, key=lambda one: -(one or 0))
    assert chances[-1] == 0


@given(
    units=st.lists(st.integers(1, 10_000), min_size=10, max_size=60),
    elapsed=st.floats(0.1, 0.999),
    at=st.floats(0, 1),
    past=st.lists(st.tuples(st.integers(0, 500), st.integers(0, 500)), max_size=6),
    room=st.none() | st.integers(0, 10_000),
)
def test_p7_a_forecast_lies_between_what_has_joined_and_the_cap(
    units: list[int], elapsed: float, at: float, past: list[tuple[int, int]], room: int | None
) -> None:
    cap = None if room is None else sum(units) + room
    shares = np.sort(np.minimum(steady(len(units), elapsed), at))
    known = np.array([(few, few + more) for few, more in past], np.int64).reshape(-1, 2)
    told = foresee(shares, units, elapsed=elapsed, past=known, cap=cap)
    low, median, high = ends(told)
    assert sum(units) <= low <= median <= high
    assert cap is None or high <= cap
    assert told == foresee(shares, units, elapsed=elapsed, past=known, cap=cap)
