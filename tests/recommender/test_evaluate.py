"""Evaluation: NDCG, recall and coverage against sums done by hand."""

from math import log2

import numpy as np
import pytest

from recommender.serving.ranking import Scoring
from recommender.training.evaluate import evaluate, ndcg_at
from tests.recommender.shops import pairs


def same_for_all(scores: list[float], shoppers: int) -> Scoring:
    flat = np.zeros((shoppers, 1), np.float32)
    return Scoring(flat, np.zeros((len(scores), 1), np.float32), np.array(scores, np.float32))


def test_ndcg_is_the_gain_reached_over_the_best_gain_within_k() -> None:
    hits = np.array([[True, False, True], [False, False, False], [True, True, True]])
    ideal_of_two = 1 + 1 / log2(3)
    assert ndcg_at(hits, np.array([2, 1, 9])) == pytest.approx([(1 + 1 / log2(4)) / ideal_of_two, 0, 1])


def test_all_ranks_everything_and_novel_hides_what_was_ever_bought() -> None:
    before = pairs([[1, 0, 0, 0], [0, 1, 0, 0], [1, 1, 1, 1]])
    labels = pairs([[1, 0, 1, 0], [0, 0, 0, 1], [0, 0, 0, 0]])
    report = evaluate(same_for_all([4, 3, 2, 1], 3), bought=before, labels=labels, k=2)

    # all: both see products 0 and 1; the first shopper has one hit of two, at the top, the second none.
    assert report.all.shoppers == 2
    assert report.all.recall == pytest.approx(0.25)
    assert report.all.ndcg == pytest.approx(1 / (1 + 1 / log2(3)) / 2)
    assert report.all.coverage == 0.5
    # novel: the first sees 1 and 2 (hit at place 2), the second 0 and 2 (no hit).
    assert report.novel.shoppers == 2
    assert report.novel.ndcg == pytest.approx(1 / log2(3) / 2)
    assert report.novel.recall == 0.5
    assert report.novel.coverage == 0.75


def test_the_standard_error_is_the_deviation_over_the_root_of_the_number_of_shoppers() -> None:
    labels = pairs([[1, 0], [0, 1], [1, 0], [0, 1]])
    report = evaluate(same_for_all([2, 1], 4), bought=pairs(np.zeros((4, 2)).tolist()), labels=labels, k=1)
    assert report.all.ndcg == 0.5
    assert report.all.ndcg_error == pytest.approx(np.std([1, 0, 1, 0], ddof=1) / 2)


def test_a_window_without_purchases_scores_nobody() -> None:
    nothing = pairs(np.zeros((2, 2)).tolist())
    assert evaluate(same_for_all([2, 1], 2), bought=nothing, labels=nothing, k=2).all.shoppers == 0
