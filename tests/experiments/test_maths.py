"""The maths of experiments: skewed samples are seen, and intervals hold although they are looked at all the time."""

import math

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.stats import chisquare

from recommender.experiments import LEAST_BUYERS, LEAST_COMPLETE, Sample, compare, sample_ratio_p

Floats = NDArray[np.float64]


@pytest.mark.parametrize(
    ("counts", "shares"),
    [((5000, 5000), (0.5, 0.5)), ((5100, 4900), (0.5, 0.5)), ((880, 120), (0.9, 0.1)), ((20, 30, 50), (0.2, 0.2, 0.4))],
)
def test_r8_the_sample_ratio_is_pearsons_chi_square(counts: tuple[int, ...], shares: tuple[float, ...]) -> None:
    expected = np.array(shares) / sum(shares) * sum(counts)

    assert sample_ratio_p(counts, shares) == pytest.approx(chisquare(counts, expected).pvalue)


def test_r8_a_sample_that_is_too_small_has_no_ratio() -> None:
    assert sample_ratio_p((0, 0), (0.5, 0.5)) is None
    assert sample_ratio_p((30, 4), (0.9, 0.1)) is None


def sample(size: float, buyers: float, mean: float, variance: float) -> Sample:
    """As it stands at one time."""
    return Sample(*(np.array([value]) for value in (size, buyers, mean, variance)))


def test_r8_the_interval_is_the_papers() -> None:
    """Theorem 2.2 for the mean of t influences of variance t · (s₁²/n₁ + s₀²/n₀), ρ² by its appendix."""
    alpha, t = 0.05, 3000
    rho = (-2 * math.log(alpha) + math.log(-2 * math.log(alpha) + 1)) / 5000
    variance = t * (4.0 / 1000 + 4.0 / 2000)
    margin = math.sqrt(variance * 2 * (t * rho + 1) / (t**2 * rho) * math.log(math.sqrt(t * rho + 1) / alpha))

    found = compare(sample(1000, 50, 3.0, 4.0), sample(2000, 50, 3.0, 4.0))

    assert np.hstack(found) == pytest.approx([0, -margin, margin], rel=1e-3)


def test_r8_no_arm_is_taken_as_steadier_than_both_together() -> None:
    steady, both = sample(100, 10, 3.0, 0.0), sample(900, 90, 3.0, 5.0)

    assert compare(steady, both).high > 0.5 * compare(both._replace(size=np.array([100.0])), both).high


@pytest.mark.parametrize("few", [{"size": LEAST_COMPLETE - 1}, {"buyers": LEAST_BUYERS - 1}])
def test_r8_few_people_or_buyers_have_no_interval(few: dict[str, float]) -> None:
    enough = sample(10_000, 100, 1.0, 1.0)
    small = enough._replace(**{name: np.array([float(value)]) for name, value in few.items()})

    assert np.isnan(np.hstack(compare(small, enough))).all()
    assert np.isnan(np.hstack(compare(enough, small))).all()
    assert not np.isnan(np.hstack(compare(enough, enough))).any()


def test_r8_the_interval_of_ten_thousand_people_is_wider_than_a_fixed_one_but_not_by_much() -> None:
    half = sample(5_000, 100, 1.0, 2_500.0)
    ratio = compare(half, half).high[0] / 1.96

    assert 1.2 < ratio < 1.9


@pytest.mark.parametrize("what", ["conversion", "revenue"])
@pytest.mark.parametrize("share", [0.5, 0.1, 0.9])
def test_r8_intervals_hold_at_all_times_when_somebody_looks_after_every_person(what: str, share: float) -> None:
    """200 experiments of 10,000 people, 4 % buyers against 3 %, baskets with a long tail."""
    random, size = np.random.default_rng(8), 10_000
    misses = naive = 0
    for _ in range(200):
        treated = random.random(size) < share
        bought = random.random(size) < np.where(treated, 0.04, 0.03)
        values = bought * (1.0 if what == "conversion" else np.exp(random.normal(8.0, 1.0, size)))
        truth = 0.01 * (1.0 if what == "conversion" else math.exp(8.5))
        arms = [_peek(np.asarray(values, np.float64), arm) for arm in (treated, ~treated)]
        found = compare(*arms)
        misses += bool(((found.low > truth) | (truth > found.high)).any())
        error = np.sqrt(sum(arm.variance / arm.size for arm in arms))
        naive += bool((np.abs(found.difference - truth) > 1.96 * error).any())

    assert misses <= 10, "more than 5 % of the experiments were wrong at some time"
    assert naive >= 30, "the control: an ordinary interval of 95 % that is peeked at is wrong in 15 % or more"


def _peek(values: Floats, arm: NDArray[np.bool_]) -> Sample:
    """An arm after each person of either one, from when it has a hundred."""
    size = np.maximum(np.cumsum(arm, dtype=float), 2.0)
    mean = np.cumsum(values * arm) / size
    variance = (np.cumsum(values**2 * arm) - size * mean**2) / (size - 1)
    return Sample(size, np.cumsum((values > 0) & arm, dtype=float), mean, np.maximum(variance, 0.0))
