"""Ranking: the order of products, with what is hidden left out."""

from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from recommender.serving import ranking
from recommender.serving.ranking import best, rank, rank_pairs
from tests.recommender.shops import pairs


@dataclass(frozen=True)
class Table:
    """A source that knows all its scores."""

    values: NDArray[np.float32]

    def scores(self, shoppers: NDArray[np.integer]) -> NDArray[np.float32]:
        scores: NDArray[np.float32] = self.values[shoppers]
        return scores


def table(shoppers: int, products: int, seed: int) -> Table:
    # Few different values, so that ties are common.
    return Table(np.random.default_rng(seed).integers(-2, 3, (shoppers, products)).astype(np.float32))


@given(st.integers(1, 5), st.integers(1, 12), st.integers(1, 15), st.integers(0, 1000))
def test_a_ranking_is_the_sorted_scores_without_what_is_hidden(shoppers: int, products: int, k: int, seed: int) -> None:
    hidden = np.random.default_rng(seed + 1).random((shoppers, products)) < 0.3
    made = table(shoppers, products, seed)
    ranked = rank(made, np.arange(shoppers), product_count=products, k=k, hidden=pairs(hidden.astype(float).tolist()))
    for shopper in range(shoppers):
        scores = made.values[shopper]
        shown = [product for product in range(products) if not hidden[shopper, product]]
        expected = sorted(shown, key=lambda product: (-scores[product], product))[:k]
        padding = k - len(expected)
        assert ranked.products[shopper].tolist() == expected + [-1] * padding
        assert ranked.scores[shopper].tolist() == [scores[product] for product in expected] + [-np.inf] * padding


@given(st.integers(1, 5), st.integers(1, 12), st.integers(1, 15), st.integers(0, 1000))
def test_ranking_pairs_and_ranking_all_products_give_the_same_lists(
    shoppers: int, products: int, k: int, seed: int
) -> None:
    shown = np.random.default_rng(seed + 1).random((shoppers, products)) < 0.6
    made = table(shoppers, products, seed)
    rows, columns = np.nonzero(shown)
    some = rank_pairs(rows, columns, made.values[rows, columns], row_count=shoppers, k=k)
    everything = rank(made, np.arange(shoppers), product_count=products, k=k, only=pairs(shown.astype(float).tolist()))
    assert np.array_equal(some.products, everything.products)
    assert np.array_equal(some.scores, everything.scores)


def test_equal_scores_go_by_product_index_and_the_two_zeros_are_equal() -> None:
    scores = np.array([[-0.0, 1, 0.0, 1, -3]], np.float32)
    assert best(scores, 5).products.tolist() == [[1, 3, 0, 2, 4]]


def test_ranking_in_small_parts_gives_the_same_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    made, everyone = table(7, 9, 3), np.arange(7)
    whole = rank(made, everyone, product_count=9, k=4)
    monkeypatch.setattr(ranking, "CELLS_AT_ONCE", 20)
    assert np.array_equal(rank(made, everyone, product_count=9, k=4).products, whole.products)
