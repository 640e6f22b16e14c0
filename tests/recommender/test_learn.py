"""Learning: from a shop's purchases to the lists that are served."""

import time

import numpy as np
import pytest

from recommender.training.assess import Assessment
from recommender.training.evaluate import Quality, Report
from recommender.training.learn import Learned, NothingToLearn, learn
from recommender.training.neighbours import neighbours
from recommender.training.parameters import TrainingParameters
from tests.recommender.shops import bought, pairs, two_tastes

SMALL = TrainingParameters(components=8, for_you_length=25, similar_length=5)


def learned(parameters: TrainingParameters = SMALL) -> Learned:
    return learn(two_tastes(), parameters, lambda stage, progress: None)


def test_each_taste_gets_its_own_products() -> None:
    shop = learned()
    sides = np.array([product[0] for product in shop.products])
    for taste, shopper in (("c", "s0"), ("t", "s1")):
        index = shop.shoppers.find(shopper)
        assert set(sides[shop.for_you[index, :8]]) == {taste}
    for product, row in zip(shop.products, shop.similar, strict=True):
        assert set(sides[row[row >= 0]]) == {product[0]}


def test_a_shop_with_enough_history_is_evaluated_beside_the_baselines() -> None:
    metrics = learned().metrics
    assert metrics["evaluated"] is True
    assert {"served", "lightfm", "popularity", "personal_frequency"} <= set(metrics)


def test_learning_twice_gives_the_same_lists() -> None:
    once, again = learned(), learned()
    assert np.array_equal(once.for_you, again.for_you)
    assert np.array_equal(once.product_vectors, again.product_vectors)


def test_lists_are_padded_where_the_shop_is_small() -> None:
    shop = learned()
    assert shop.for_you.shape == (40, 25)
    assert (shop.for_you[:, 20:] == -1).all()
    assert sorted(shop.popular.tolist()) == list(range(20))


def test_three_orders_make_a_model_at_once_and_say_why_it_was_not_evaluated() -> None:
    started = time.perf_counter()
    shop = learn(
        bought(("a", "x", 0), ("b", "x", 1), ("b", "y", 2)), TrainingParameters(), lambda stage, progress: None
    )
    assert time.perf_counter() - started < 2
    assert shop.metrics["evaluated"] is False
    assert shop.objection is None
    assert list(shop.products) == ["x", "y"]
    assert shop.popular.tolist() == [0, 1]
    assert shop.similar[0, 0] == 1


def test_no_orders_are_answered_with_a_sentence() -> None:
    with pytest.raises(NothingToLearn, match="There are no orders to learn from yet"):
        learn(bought(), TrainingParameters(), lambda stage, progress: None)


def test_progress_only_moves_forward() -> None:
    seen = list[float]()
    learn(two_tastes(), SMALL, lambda stage, progress: seen.append(progress))
    assert seen == sorted(seen)
    assert 0 < seen[0] < seen[-1] < 1


def test_a_product_that_everyone_buys_does_not_stand_beside_everything() -> None:
    # Product 0 is bought by all; 1 and 2 always together.
    shop = pairs([[1, 1, 1], [1, 1, 1], [1, 0, 0], [1, 0, 0], [1, 0, 0], [1, 0, 0]])
    assert neighbours(shop, length=3).tolist() == [[1, 2, -1], [2, 0, -1], [1, 0, -1]]


@pytest.mark.parametrize(("shoppers", "ndcg", "objects"), [(50, 0.1, True), (49, 0.1, False), (50, 0.3, False)])
def test_a_model_below_popularity_is_objected_to_when_enough_shoppers_were_scored(
    shoppers: int, ndcg: float, objects: bool
) -> None:
    def report(value: float) -> Report:
        return Report(*(Quality(shoppers, value, 0, value, 0, 1),) * 2)

    assessment = Assessment(shoppers, 10, {"served": report(ndcg), "popularity": report(0.2)})
    assert (assessment.objection() is not None) is objects
