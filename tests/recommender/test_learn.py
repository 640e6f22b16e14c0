"""Learning: from a shop's feedback to the lists that are served."""

import time
from dataclasses import fields, replace
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from recommender.feedback import Feedback, only
from recommender.id_map import IdMap
from recommender.training.learn import Learned, NothingToLearn, learn
from recommender.training.parameters import DAY_S, TrainingParameters
from recommender.training.state import State, state_of
from recommender.training.windows import windows_of
from tests.recommender.shops import Line, bought, two_tastes, with_facts

SMALL = TrainingParameters(
    components=8, taste_components=4, for_you_length=25, discover_length=12, buy_again_length=12, similar_length=5
)


def learned(feedback: Feedback | None = None, parameters: TrainingParameters = SMALL) -> Learned:
    return learn(feedback or with_facts(two_tastes()), parameters, lambda stage, progress: None)


def same(one: Learned, other: Learned) -> bool:
    def equal(left: Any, right: Any) -> bool:  # of any field
        if isinstance(left, State) and isinstance(right, State):
            pairs = left.arrays(), right.arrays()
            return all(np.array_equal(pairs[0][name], pairs[1][name]) for name in pairs[0] | pairs[1])
        if isinstance(left, np.ndarray) and isinstance(right, np.ndarray):
            return np.array_equal(left, right)
        return bool(left == right)

    return all(equal(getattr(one, field.name), getattr(other, field.name)) for field in fields(Learned))


def check(shop: Learned, feedback: Feedback) -> None:
    """What holds for every model, however small the shop."""
    shoppers, products = len(shop.shoppers), len(shop.products)
    pairs = set(
        zip(
            shop.shoppers.places(feedback.purchases.shoppers)[feedback.purchases.shopper_indices].tolist(),
            shop.products.places(feedback.purchases.products)[feedback.purchases.product_indices].tolist(),
            strict=True,
        )
    )
    for listed, rows in ((shop.for_you, shoppers), (shop.discover, shoppers), (shop.buy_again, shoppers),
                         (shop.similar, products), (shop.together, products)):  # fmt: skip
        assert listed.dtype == np.int32
        assert len(listed) == rows
        for row in listed.tolist():
            shown = [product for product in row if product >= 0]
            assert row == shown + [-1] * (len(row) - len(shown))
            assert len(set(shown)) == len(shown)
            assert all(product < products for product in shown)
    for shopper in range(shoppers):
        assert all((shopper, product) not in pairs for product in shop.discover[shopper].tolist())
        for product in shop.buy_again[shopper][shop.buy_again[shopper] >= 0].tolist():
            assert (shopper, product) in pairs
            assert shop.repeat_rate[product] >= SMALL.repeatable
    for listed, because in ((shop.for_you, shop.for_you_because), (shop.discover, shop.discover_because)):
        assert listed.shape == because.shape
        for shopper, place in zip(*np.nonzero(because >= 0), strict=True):
            product, speaker = int(listed[shopper, place]), int(because[shopper, place])
            assert (int(shopper), speaker) in pairs
            assert ((int(shopper), product) in pairs) == (speaker == product)
    assert (np.diff(shop.for_you_scores, axis=1) <= 0).all()
    for order in (shop.popular, shop.trending):
        assert sorted(order.tolist()) == list(range(products))
    for name in ("shopper_vectors", "product_vectors", "product_biases", "for_you_scores", "repeat_rate",
                 "feature_vectors", "feature_biases", "shopper_tastes", "leaning_weights"):  # fmt: skip
        values = getattr(shop, name)
        assert values.dtype == np.float32
        assert np.isfinite(values).all()
    assert len(shop.feature_vectors) == len(shop.feature_biases) == len(shop.features)
    assert len(shop.leaning_starts) == shoppers + 1
    assert len(shop.leaning_kinds) == len(shop.leaning_weights) == shop.leaning_starts[-1]
    assert shop.shopper_tastes.shape == (shoppers, shop.feature_vectors.shape[1])
    assert ((shop.repeat_rate >= 0) & (shop.repeat_rate <= 1)).all()


def test_each_taste_gets_its_own_products() -> None:
    shop = learned()
    sides = np.array([product[0] for product in shop.products])
    for taste, shopper in (("c", "s0"), ("t", "s1")):
        index = shop.shoppers.find(shopper)
        assert set(sides[shop.for_you[index, :8]]) == {taste}
    for listed in (shop.similar, shop.together):
        for product, row in zip(shop.products, listed, strict=True):
            assert set(sides[row[row >= 0][:5]]) == {product[0]}


def test_a_model_of_an_ordinary_shop_holds_together() -> None:
    feedback = with_facts(two_tastes())
    check(learned(feedback), feedback)


def test_a_shop_with_enough_history_is_evaluated_beside_the_baselines() -> None:
    metrics = learned().metrics
    assert metrics["evaluated"] is True
    for task in ("all", "novel", "again"):
        named = metrics[task]
        assert isinstance(named, dict)
        assert {"ours", "popularity", "personal_frequency", "ease", "lightfm", "baskets"} <= set(named)


def test_learning_twice_gives_the_same_bits() -> None:
    assert same(learned(), learned())


def test_the_order_in_which_lines_are_read_changes_nothing() -> None:
    lines: list[Line] = [("b", "y", 1.0), ("a", "x", 60.0), ("a", "x", 7.0), ("a", "y", 3.0), ("c", "z", 20.0)]
    assert same(learned(only(bought(*lines))), learned(only(bought(*lines[::-1]))))


def test_what_happens_in_the_last_window_changes_nothing_that_is_known_before_it() -> None:
    feedback = with_facts(two_tastes())
    times = feedback.purchases.ordered_at_s
    later = times >= windows_of(feedback.purchases, SMALL).late_s
    moved = np.where(later, feedback.purchases.product_indices[0], feedback.purchases.product_indices)
    changed = replace(feedback, purchases=replace(feedback.purchases, product_indices=moved.astype(np.int32)))
    one, other = learned(feedback).state, learned(changed).state
    for place in (0, 1):  # the cuts before the window and at its start
        assert one.cuts[place].products == other.cuts[place].products
        for name, weights in one.cuts[place].weights.items():
            assert np.array_equal(weights, other.cuts[place].weights[name])


def test_a_day_later_lightfm_goes_on_from_its_state_as_it_was_stored() -> None:
    purchases = two_tastes()
    yesterday = learned(with_facts(purchases.before(purchases.end_s - DAY_S)))
    stored = state_of(yesterday.state.arrays())
    today = learn(with_facts(purchases), SMALL, lambda stage, progress: None, warm=stored)
    cold = learned(with_facts(purchases))
    assert not np.array_equal(today.product_vectors, cold.product_vectors)
    assert len(today.state.cuts) == 3
    check(today, with_facts(purchases))


def test_no_orders_are_answered_with_a_sentence() -> None:
    with pytest.raises(NothingToLearn, match="There are no orders to learn from yet"):
        learned(only(bought()))


def test_progress_only_moves_forward() -> None:
    seen = list[float]()
    learn(with_facts(two_tastes()), SMALL, lambda stage, progress: seen.append(progress))
    assert seen == sorted(seen)
    assert 0 < seen[0] < seen[-1] < 1


def test_three_orders_make_a_model_at_once_and_say_what_cannot_be_done_yet() -> None:
    started = time.process_time()
    shop = learned(only(bought(("a", "x", 0), ("b", "x", 1), ("b", "y", 2))), TrainingParameters())
    assert time.process_time() - started < 2
    assert shop.metrics["evaluated"] is False
    assert shop.objection is None
    assert any("fixed rule" in warning for warning in shop.warnings)
    assert list(shop.products) == ["x", "y"]
    assert shop.popular.tolist() == [0, 1]


@pytest.mark.parametrize(
    "lines",
    [
        [("a", "x", 0)],
        [("a", "x", 0), ("a", "x", 0)],
        [("a", "x", 0), ("a", "y", 30), ("a", "x", 90)],
        [("a", "x", 0), ("b", "x", 30), ("c", "x", 90)],
        [
            (f"s{shopper}", f"p{product}", 7 * week)
            for shopper in range(12)
            for product in range(4)
            for week in range(16)
        ],
    ],
    ids=["one line", "one line twice", "one shopper", "one product", "all are equal"],
)
def test_the_smallest_shops_get_a_model_that_holds_together(lines: list[Line]) -> None:
    check(learned(only(bought(*lines))), only(bought(*lines)))


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.lists(
        st.tuples(
            st.sampled_from("abcdefghijklmno"), st.sampled_from(["x1", "x2", "y1", "y2", "z1"]), st.integers(0, 99)
        ),
        min_size=1,
        max_size=120,
    )
)
def test_any_shop_gets_a_model_that_holds_together(lines: list[Line]) -> None:
    check(learned(with_facts(bought(*lines))), with_facts(bought(*lines)))


def test_products_that_nobody_bought_have_no_row_but_their_features_have_vectors() -> None:
    feedback = with_facts(two_tastes())
    assert "type:t" in learned(feedback).features.ids
    assert learned(feedback).products == IdMap.of(sorted(feedback.purchases.products))
