"""Evaluation: NDCG, recall, coverage and novelty against sums done by hand."""

from math import log2

import numpy as np
import pytest

from recommender.training.evaluate import mean_and_error, ndcg_at, score_lists
from tests.recommender.shops import pairs

BEFORE = pairs([[1, 0, 0, 0], [0, 1, 0, 0], [1, 1, 1, 1]])
LABELS = pairs([[1, 0, 1, 0], [0, 0, 0, 1], [0, 0, 0, 0]])


def test_ndcg_is_the_gain_reached_over_the_best_gain_within_k() -> None:
    hits = np.array([[True, False, True], [False, False, False], [True, True, True]])
    ideal_of_two = 1 + 1 / log2(3)
    assert ndcg_at(hits, np.array([2, 1, 9])) == pytest.approx([(1 + 1 / log2(4)) / ideal_of_two, 0, 1])


def test_a_list_is_scored_by_its_first_k_products() -> None:
    lists = np.array([[0, 1, 2], [0, 1, 3]], np.int32)
    scored = score_lists(lists, np.array([0, 1]), relevant=LABELS, bought=BEFORE, k=2)
    assert scored.ndcg == pytest.approx([1 / (1 + 1 / log2(3)), 0])
    assert scored.recall.tolist() == [0.5, 0]
    assert scored.coverage == 0.5


def test_rows_belong_to_the_shoppers_that_are_named() -> None:
    scored = score_lists(np.array([[3]], np.int32), np.array([1]), relevant=LABELS, bought=BEFORE, k=1)
    assert scored.ndcg.tolist() == [1]


def test_padding_is_no_hit_and_covers_nothing() -> None:
    scored = score_lists(np.array([[-1, -1]], np.int32), np.array([0]), relevant=LABELS, bought=BEFORE, k=2)
    assert (scored.ndcg.tolist(), scored.coverage, scored.novelty) == ([0], 0, 0)


def test_novelty_is_the_surprise_of_seeing_a_product_among_those_who_bought() -> None:
    # Two of three bought product 0, one of three product 2: (2 + 1) / (3 + 1) and (1 + 1) / (3 + 1).
    scored = score_lists(np.array([[0, 2]], np.int32), np.array([0]), relevant=LABELS, bought=BEFORE, k=2)
    assert scored.novelty == pytest.approx((-log2(3 / 4) - log2(2 / 4)) / 2)


def test_the_standard_error_is_the_deviation_over_the_root_of_the_number_of_shoppers() -> None:
    assert mean_and_error(np.array([1.0, 0, 1, 0])) == pytest.approx((0.5, np.std([1, 0, 1, 0], ddof=1) / 2))
    assert mean_and_error(np.array([3.0])) == (3, 0)
    assert mean_and_error(np.empty(0)) == (0, 0)
