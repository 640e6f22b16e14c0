"""Datasets: what purchases weigh, and where they are cut."""

from dataclasses import replace

import numpy as np
import pytest

from recommender.feedback import Feedback, only
from recommender.interactions import Interactions
from recommender.interest import Interest, capped
from recommender.training.dataset import Cut, cut_at, decay, labels_of
from recommender.training.parameters import DAY_S, TrainingParameters
from tests.recommender.shops import bought, pairs


def cut(feedback: Feedback, *, day: int) -> Cut:
    return cut_at(feedback, TrainingParameters(), as_of_s=day * DAY_S)


def test_a_line_counts_half_after_one_half_life_and_a_quarter_after_two() -> None:
    times = np.array([0, 60, 120]) * DAY_S
    assert decay(times, as_of_s=120 * DAY_S, half_life_days=60).tolist() == [0.25, 0.5, 1]


def test_a_pair_bought_often_is_one_interaction_of_log1p_of_its_decayed_count() -> None:
    purchases = bought(("a", "x", 60), ("a", "x", 0), ("b", "y", 60), ("a", "y", 0), ("a", "x", 61))
    learned = cut(only(purchases), day=60.000_1)  # type: ignore[arg-type]  # a little after the day's first second
    assert learned.liked.shoppers().tolist() == [0, 0, 1]
    assert learned.liked.products.tolist() == [0, 1, 1]
    assert learned.liked.weights == pytest.approx(np.log([2.5, 1.5, 2]), rel=1e-4)
    assert learned.counted.weights == pytest.approx(np.log([3, 2, 2]), rel=1e-6)


def test_popularity_is_the_decayed_number_of_lines() -> None:
    purchases = bought(("a", "old", 0), ("b", "old", 0), ("c", "old", 0), ("a", "new", 14), ("a", "later", 15))
    popular = cut(only(purchases), day=15)
    assert dict(zip(popular.purchases.products, popular.popular.tolist(), strict=True)) == pytest.approx(
        {"old": 3 * 2 ** (-15 / 14), "new": 2 ** (-1 / 14)}
    )


def test_a_cut_knows_what_was_before_it_and_labels_are_what_its_shoppers_bought_of_its_products_later() -> None:
    purchases = bought(("a", "x", 0), ("b", "x", 1), ("a", "x", 10), ("a", "new", 11), ("new", "x", 12), ("b", "x", 20))
    before = cut(only(purchases), day=10)
    labels = labels_of(purchases, before, end_s=20 * DAY_S)
    assert (list(before.purchases.shoppers), list(before.purchases.products)) == (["a", "b"], ["x"])
    assert len(before.purchases) == 2
    assert labels.shoppers().tolist() == [0]
    assert labels.products.tolist() == [0]


def test_products_with_too_few_lines_are_left_out_with_their_shoppers() -> None:
    class Strict(TrainingParameters):
        def min_product_lines(self, lines: int) -> int:
            return 2

    kept = cut_at(only(bought(("a", "x", 0), ("b", "x", 1), ("c", "rare", 2))), Strict(), as_of_s=3 * DAY_S)
    assert (list(kept.purchases.shoppers), list(kept.purchases.products)) == (["a", "b"], ["x"])


@pytest.mark.parametrize(("lines", "expected"), [(3, 1), (99_999, 1), (100_000, 2), (1_000_000, 20), (9_000_000, 20)])
def test_the_least_number_of_lines_of_a_product_grows_with_the_shop(lines: int, expected: int) -> None:
    assert TrainingParameters().min_product_lines(lines) == expected


def looks(*rows: tuple[int, int, float], day: int = 0) -> Interest:
    """Shopper, product, weight."""
    shoppers, products, weights = np.array(rows).reshape(-1, 3).T
    times = np.full(len(rows), day * DAY_S, np.int64)
    return Interest(shoppers.astype(np.int32), products.astype(np.int32), times, weights.astype(np.float32))


def added(interest: Interest, purchased: Interactions) -> Interactions:
    return capped(interest, interest.weights.astype(np.float64), purchased)


def test_looks_add_a_little_to_what_is_learned_and_never_from_the_future() -> None:
    purchases = bought(*((f"s{number}", "x", 0) for number in range(9)), ("a", "x", 0), ("a", "y", 0), ("a", "x", 20))
    plain = only(purchases)
    row, column = purchases.shoppers.find("a"), purchases.products.find("y")
    assert row is not None
    assert column is not None
    seen = replace(plain, interest=looks((row, column, 0.3), day=5))
    assert np.array_equal(cut(seen, day=5).liked.weights, cut(plain, day=5).liked.weights)
    assert cut(seen, day=6).liked.weights.sum() > cut(plain, day=6).liked.weights.sum()


def test_all_looks_at_a_product_count_no_more_than_a_tenth_of_its_purchases() -> None:
    purchased = pairs([[1, 0], [1, 1], [1, 0], [1, 0]])
    flood = looks(*((shopper, 1, 1.0) for shopper in range(4)))
    assert added(flood, purchased).weights.sum() == pytest.approx(0.1)


def test_all_looks_of_a_shopper_count_no_more_than_half_of_their_purchases() -> None:
    purchased = pairs([[1.0, 0, 0], [50, 50, 50]])
    assert added(looks((0, 1, 0.5), (0, 2, 0.5)), purchased).weights.sum() == pytest.approx(0.5)


def test_a_product_that_nobody_bought_is_not_lifted_by_looks() -> None:
    assert added(looks((0, 1, 0.5)), pairs([[1, 0], [1, 0]])).weights.sum() == 0
