"""Rankers: a line or trees from the candidates of a window, and what stands in before there is one."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recommender.training.blend import blend, damped
from recommender.training.logistic import fit_logistic
from recommender.training.parameters import Growth, TrainingParameters
from recommender.training.ranker import Sample, fit_ranker, thinned

PARAMETERS = TrainingParameters(tree_positives=500, trees=Growth(20, 0.1, 7, 20, 1.0))


def sample(rows: int, seed: int = 1) -> Sample:
    """Bought where the first column is large; the second says nothing; half of the rows are new."""
    random = np.random.default_rng(seed)
    values = random.normal(size=(rows, 2)).astype(np.float32)
    likely = 1 / (1 + np.exp(-(2 * values[:, 0] - 2)))
    return Sample(values, random.random(rows) < likely, random.random(rows) < 0.5)


@pytest.mark.parametrize(("rows", "kind"), [(100, None), (1_000, "logistic"), (8_000, "trees")])
def test_the_more_was_bought_the_more_a_ranker_may_learn(rows: int, kind: str | None) -> None:
    found = fit_ranker([sample(rows)], PARAMETERS)
    assert (found.kind if found else None) == kind


@pytest.mark.parametrize("rows", [1_000, 8_000])
def test_rankers_prefer_what_was_bought_and_give_the_same_bits_again(rows: int) -> None:
    one, other = (fit_ranker([sample(rows)], PARAMETERS) for _ in range(2))
    assert one is not None
    assert other is not None
    fresh = sample(500, seed=2)
    for model, again in ((one.all, other.all), (one.novel, other.novel)):
        scores = model.scores(fresh.values)
        assert np.array_equal(scores, again.scores(fresh.values))
        assert scores[fresh.labels].mean() > scores[~fresh.labels].mean() + 0.5


def test_the_line_finds_the_weights_that_made_the_labels() -> None:
    made = sample(50_000)
    line = fit_logistic(made.values, made.labels, ridge=1)
    weights = line.coefficients / line.spreads
    assert weights == pytest.approx([2, 0], abs=0.1)


def test_a_column_that_never_changes_and_labels_that_never_do_are_no_trouble() -> None:
    values = np.ones((50, 3), np.float32)
    line = fit_logistic(values, np.zeros(50, np.bool_), ridge=1)
    assert np.isfinite(line.scores(values)).all()


def test_thinning_keeps_all_that_was_bought() -> None:
    made = sample(5_000)
    seldom = made.labels & (np.arange(5_000) % 10 == 0)
    values, labels = thinned(made.values, seldom, most=2_000)
    assert labels.sum() == seldom.sum()
    assert 1_800 < len(values) <= 2_600


def test_thinning_keeps_twice_as_much_that_was_not_bought_however_little_room_there_is() -> None:
    made = sample(5_000)
    _, labels = thinned(made.values, made.labels, most=int(made.labels.sum()) // 2)
    assert 2 * labels.sum() <= (~labels).sum()


@given(st.lists(st.floats(-100, 100, width=32), min_size=2))
def test_damping_keeps_the_order(numbers: list[float]) -> None:
    values = np.array(numbers, np.float32)
    assert (np.diff(damped(np.sort(values))) >= 0).all()


def test_a_habit_counts_for_what_people_buy_again_and_not_for_a_durable() -> None:
    flat = {"lightfm": np.zeros(3, np.float32)}
    habits = blend(flat, np.array([1, 1, 0], np.float32), np.array([0.3, 0.01, 0.3], np.float32))
    assert habits[0] > 0
    assert habits[1:].tolist() == [0, 0]
