"""Ranking: the order of products, with what is hidden left out."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recommender.interactions import Interactions
from recommender.serving import ranking
from recommender.serving.ranking import Scoring, best, rank
from tests.recommender.shops import pairs


def scoring(shoppers: int, products: int, seed: int, habits: Interactions | None = None) -> Scoring:
    random = np.random.default_rng(seed)
    # Few different values, so that ties are common.
    vectors = [random.integers(-2, 3, (count, 2)).astype(np.float32) for count in (shoppers, products)]
    return Scoring(vectors[0], vectors[1], random.integers(-2, 3, products).astype(np.float32), habits)


@given(st.integers(1, 5), st.integers(1, 12), st.integers(1, 15), st.integers(0, 1000))
def test_a_ranking_is_the_sorted_scores_without_what_is_masked(shoppers: int, products: int, k: int, seed: int) -> None:
    draw = np.random.default_rng(seed + 1)
    hidden = draw.random((shoppers, products)) < 0.3
    allowed = draw.random(products) < 0.7
    made = scoring(shoppers, products, seed)
    ranked = rank(made, np.arange(shoppers), k=k, allowed=allowed, hidden=pairs(hidden.astype(float).tolist()))

    for shopper in range(shoppers):
        scores = made.product_vectors @ made.shopper_vectors[shopper] + made.product_biases
        shown = [product for product in range(products) if allowed[product] and not hidden[shopper, product]]
        expected = sorted(shown, key=lambda product: (-scores[product], product))[:k]
        padding = k - len(expected)
        assert ranked.products[shopper].tolist() == expected + [-1] * padding
        assert ranked.scores[shopper].tolist() == [scores[product] for product in expected] + [-np.inf] * padding


def test_equal_scores_go_by_product_index_and_the_two_zeros_are_equal() -> None:
    scores = np.array([[-0.0, 1, 0.0, 1, -3]], np.float32)
    assert best(scores, 5).products.tolist() == [[1, 3, 0, 2, 4]]


def test_habits_are_added_to_their_pairs_only() -> None:
    flat = np.zeros((2, 1), np.float32)
    made = Scoring(flat, np.zeros((3, 1), np.float32), np.array([3, 2, 1], np.float32), pairs([[0, 0, 5], [0, 0, 0]]))
    assert rank(made, np.array([1, 0]), k=3).products.tolist() == [[0, 1, 2], [2, 0, 1]]


def test_ranking_in_small_parts_gives_the_same_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    made, everyone = scoring(7, 9, 3), np.arange(7)
    whole = rank(made, everyone, k=4)
    monkeypatch.setattr(ranking, "CELLS_AT_ONCE", 20)
    parts = rank(made, everyone, k=4)
    assert np.array_equal(parts.products, whole.products)
