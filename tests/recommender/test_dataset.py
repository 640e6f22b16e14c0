"""Datasets: what purchases weigh, and where they are cut."""

import numpy as np
import pytest

from recommender.training.baselines import popularity
from recommender.training.dataset import decay, interactions, known, window
from recommender.training.parameters import DAY_S, TrainingParameters
from tests.recommender.shops import bought


def test_a_line_counts_half_after_one_half_life_and_a_quarter_after_two() -> None:
    purchases = bought(("a", "x", 120), ("a", "x", 60), ("a", "x", 0))
    assert decay(purchases, as_of_s=120 * DAY_S, half_life_days=60).tolist() == [0.25, 0.5, 1]


def test_a_pair_bought_often_is_one_interaction_of_log1p_of_its_decayed_count() -> None:
    purchases = bought(("a", "x", 60), ("a", "x", 0), ("b", "y", 60), ("a", "y", 0))
    learned = interactions(purchases, as_of_s=60 * DAY_S, half_life_days=60)
    assert learned.shoppers().tolist() == [0, 0, 1]
    assert learned.products.tolist() == [0, 1, 1]
    assert learned.weights == pytest.approx(np.log([2.5, 1.5, 2]), rel=1e-6)


def test_popularity_is_the_decayed_number_of_lines() -> None:
    purchases = bought(("a", "old", 0), ("b", "old", 0), ("c", "old", 0), ("a", "new", 14))
    popular = popularity(purchases, as_of_s=14 * DAY_S, half_life_days=14)
    assert dict(zip(purchases.products, popular.tolist(), strict=True)) == {"old": 1.5, "new": 1}


def test_a_window_learns_before_its_start_and_foretells_only_what_was_known() -> None:
    purchases = bought(("a", "x", 0), ("b", "x", 1), ("a", "x", 10), ("a", "new", 11), ("new", "x", 12), ("b", "x", 20))
    seen = window(purchases, start_s=10 * DAY_S, end_s=20 * DAY_S, min_product_lines=1)
    assert (list(seen.train.shoppers), list(seen.train.products), len(seen.train)) == (["a", "b"], ["x"], 2)
    assert seen.labels.shoppers().tolist() == [0]
    assert seen.labels.products.tolist() == [0]


def test_products_with_too_few_lines_are_left_out_with_their_shoppers() -> None:
    kept = known(bought(("a", "x", 0), ("b", "x", 1), ("c", "rare", 2)), min_product_lines=2)
    assert (list(kept.shoppers), list(kept.products)) == (["a", "b"], ["x"])


@pytest.mark.parametrize(("lines", "expected"), [(3, 1), (99_999, 1), (100_000, 2), (1_000_000, 20), (9_000_000, 20)])
def test_the_least_number_of_lines_of_a_product_grows_with_the_shop(lines: int, expected: int) -> None:
    assert TrainingParameters().min_product_lines(lines) == expected


def test_the_order_in_which_rows_are_read_changes_nothing() -> None:
    lines = [("b", "y", 1.0), ("a", "x", 60.0), ("a", "x", 7.0), ("a", "y", 3.0)]
    one, other = (interactions(bought(*rows), as_of_s=60 * DAY_S, half_life_days=60) for rows in (lines, lines[::-1]))
    assert np.array_equal(one.weights, other.weights)
    assert np.array_equal(one.products, other.products)
