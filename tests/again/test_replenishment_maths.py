"""When a product runs out, from purchases alone."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from recommender.replenishment import INTERVAL, Estimate, Pool, estimate

Simulated = list[tuple[NDArray[np.int64], NDArray[np.float64]]]
"""Of each shopper: the units of each purchase, and the days that each lasted."""


def known(days: list[int], units: list[int], pool: Pool | None = None) -> Estimate:
    found = estimate(np.array(days), np.array(units), pool)
    assert found is not None
    return found


def simulate(
    dice: np.random.Generator, *, alpha: float, beta: float, regularity: float, gaps: int, n: int
) -> Simulated:
    """Shoppers of the model: each with a rate of their own."""
    rates = dice.gamma(alpha, 1 / beta, n)
    bought = dice.integers(1, 4, (n, gaps + 1))
    lasted = dice.gamma(regularity * bought) / (regularity * rates[:, None])
    return list(zip(bought, lasted, strict=True))


def pool_of(shoppers: Simulated) -> Pool:
    """As the database adds it up."""
    used = np.array([units[:-1].sum() for units, _ in shoppers])
    took = np.array([days[:-1].sum() for _, days in shoppers])
    gaps = [(units[:-1], days[:-1], q / t) for (units, days), q, t in zip(shoppers, used, took, strict=True)]
    return Pool(
        shoppers=len(shoppers), returning_share=1.0, mean_days=float(np.mean(took / used)),
        variance=float(np.var(took / used, ddof=1)), mean_inverse_units=float(np.mean(1 / used)),
        scatter=float(sum(((days * rate - units) ** 2).sum() for units, days, rate in gaps)),
        weight=float(sum((units * (1 - units / units.sum())).sum() for units, _, _ in gaps)),
    )  # fmt: skip


def test_i6_ten_ten_and_twenty_thirty_days_apart_are_a_third_a_day_and_last_sixty_days() -> None:
    found = known([0, 30, 60], [10, 10, 20])
    assert found.units_per_day == pytest.approx(1 / 3, rel=1e-12)
    assert found.lasts_days == pytest.approx(60, rel=1e-12)
    assert found.earliest_days < 60 < found.latest_days
    assert not found.pooled


def test_i6_from_three_purchases_on_others_do_not_change_the_rate() -> None:
    others = Pool(50, 0.9, mean_days=11.0, variance=4.0, mean_inverse_units=0.1, scatter=100.0, weight=200.0)
    assert known([0, 30, 60], [10, 10, 20], others).lasts_days == pytest.approx(60, rel=1e-12)


def test_i6_two_purchases_are_pulled_towards_what_others_do() -> None:
    others = Pool(50, 0.9, mean_days=10.0, variance=4.0, mean_inverse_units=0.2, scatter=50.0, weight=200.0)
    alone, together = known([0, 30], [1, 1]), known([0, 30], [1, 1], others)
    assert alone.lasts_days == pytest.approx(30)
    assert 10 < together.lasts_days < 30
    assert together.pooled
    assert not alone.pooled


def test_i6_one_purchase_says_something_only_of_what_others_come_back_for() -> None:
    coming = Pool(50, 0.8, mean_days=10.0, variance=4.0, mean_inverse_units=0.2, scatter=50.0, weight=200.0)
    durable = Pool(5, 0.02, mean_days=10.0, variance=4.0, mean_inverse_units=0.2, scatter=50.0, weight=200.0)
    assert estimate(np.array([0]), np.array([2])) is None
    assert estimate(np.array([0]), np.array([2]), durable) is None
    assert known([0], [2], coming).lasts_days == pytest.approx(20, rel=0.1)


@pytest.mark.parametrize("gaps", [0, 1, 2, 5])
@pytest.mark.parametrize(("alpha", "beta", "regularity"), [(5.0, 20.0, 4.0), (3.0, 60.0, 1.0), (20.0, 200.0, 10.0)])
def test_i6_the_interval_holds_as_often_as_it_says(alpha: float, beta: float, regularity: float, gaps: int) -> None:
    """With the pool estimated from 300 others, for shoppers who never were in it."""
    dice = np.random.default_rng(gaps)
    others = pool_of(simulate(dice, alpha=alpha, beta=beta, regularity=regularity, gaps=4, n=300))
    hits = []
    for units, lasted in simulate(dice, alpha=alpha, beta=beta, regularity=regularity, gaps=gaps, n=1_500):
        days = np.concatenate(([0.0], np.cumsum(lasted[:-1])))
        found = estimate(days, units, others)
        assert found is not None
        hits.append(found.earliest_days <= lasted[-1] <= found.latest_days)
    assert np.mean(hits) == pytest.approx(INTERVAL, abs=0.05)


def test_i6_pooling_two_purchases_comes_nearer_than_going_by_them_alone() -> None:
    dice = np.random.default_rng(7)
    others = pool_of(simulate(dice, alpha=5, beta=20, regularity=4, gaps=4, n=300))
    wrong: dict[str, list[float]] = {"alone": [], "pooled": []}
    for units, lasted in simulate(dice, alpha=5, beta=20, regularity=4, gaps=1, n=1_500):
        for name, pool in (("alone", None), ("pooled", others)):
            found = estimate(np.array([0.0, lasted[0]]), units, pool)
            assert found is not None
            wrong[name].append(abs(np.log(found.lasts_days / lasted[1])))
    assert np.median(wrong["pooled"]) < 0.95 * np.median(wrong["alone"])


@given(
    gaps=st.lists(st.integers(1, 700), max_size=30),
    units=st.lists(st.integers(1, 2**31 - 1), min_size=31, max_size=31),
    pooled=st.booleans(),
)
def test_i6_whatever_is_bought_the_interval_is_finite_and_around_the_estimate(
    gaps: list[int], units: list[int], pooled: bool
) -> None:
    others = Pool(9, 0.9, mean_days=3.0, variance=40.0, mean_inverse_units=0.7, scatter=0.0, weight=0.0)
    days = np.cumsum([0, *gaps])
    found = estimate(days, np.array(units[: len(days)]), others if pooled else None)
    if found is None:
        assert not gaps
        assert not pooled
        return
    assert found.units_per_day > 0
    assert 0 <= found.earliest_days <= found.lasts_days <= found.latest_days <= 3_650
