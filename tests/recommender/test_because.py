"""Because, similar, together, trending: what is said beside a product, against sums done by hand."""

from dataclasses import replace

import numpy as np
import pytest

from recommender.feedback import only
from recommender.training.because import find_because
from recommender.training.dataset import cut_at
from recommender.training.histories import read_histories
from recommender.training.parameters import TrainingParameters
from recommender.training.related import find_similar
from recommender.training.repeats import SHOP_PRIOR, SHOP_PRIOR_BUYERS, repeat_rates
from recommender.training.sources import baskets as sources
from recommender.training.sources.baskets import LARGEST_BASKET, Companions, baskets, find_companions
from recommender.training.trending import trending
from tests.recommender.shops import Line, bought, facts_of, pairs

PARAMETERS = TrainingParameters()


def test_what_was_bought_speaks_for_itself_and_its_nearest_companion_for_the_rest() -> None:
    owned = pairs([[1, 1, 0, 0], [1, 1, 0, 0], [1, 1, 0, 0], [0, 1, 1, 0], [0, 0, 0, 1]])
    companions = find_companions(owned, length=3, power=0.5, shrinkage=1)
    own = pairs([[1, 0, 1, 0]])
    listed = np.array([[0, 1, 3, -1]], np.int32)
    assert find_because(listed, np.array([0]), own, companions).tolist() == [[0, 0, -1, -1]]


def test_a_purchase_made_more_often_speaks_louder() -> None:
    owned = pairs([[1, 0, 1], [0, 1, 1], [1, 0, 1], [0, 1, 1]])
    companions = find_companions(owned, length=3, power=0.5, shrinkage=1)
    listed = np.array([[2]], np.int32)
    for own, speaker in (([[3, 1, 0]], 0), ([[1, 3, 0]], 1)):
        assert find_because(listed, np.array([0]), pairs(own), companions).tolist() == [[speaker]]


def test_a_product_that_everyone_buys_does_not_stand_beside_everything() -> None:
    # Product 0 is bought by all; 1 and 2 always together.
    shop = pairs([[1, 1, 1], [1, 1, 1], [1, 0, 0], [1, 0, 0], [1, 0, 0], [1, 0, 0]])
    assert find_companions(shop, length=3, power=0.8, shrinkage=10).products.tolist() == [
        [1, 2, -1],
        [2, 0, -1],
        [1, 0, -1],
    ]


def test_companions_are_the_same_whichever_way_they_are_ranked(monkeypatch: pytest.MonkeyPatch) -> None:
    owned = pairs((np.random.default_rng(5).random((30, 20)) < 0.2).astype(float).tolist())
    found = list[Companions]()
    for share in (0.0, 2.0):
        monkeypatch.setattr(sources, "DENSE", share)
        found.append(find_companions(owned, length=6, power=0.8, shrinkage=3))
    assert np.array_equal(found[0].products, found[1].products)
    assert np.array_equal(found[0].weights, found[1].weights)


def test_orders_are_what_one_shopper_bought_at_one_time_and_huge_ones_say_nothing() -> None:
    lines: list[Line] = [("a", "x", 0), ("a", "y", 0), ("a", "x", 1), ("b", "y", 0)]
    assert len(baskets(bought(*lines))) == 4
    assert baskets(bought(*lines)).shopper_count == 3
    bulk: list[Line] = [("a", f"p{number}", 0) for number in range(LARGEST_BASKET + 1)]
    assert len(baskets(bought(*bulk))) == 0


def test_what_is_like_a_product_stands_before_what_is_only_bought_by_the_same_people() -> None:
    products = [("a1", 1, ("type:a", "brand:A")), ("a2", 1, ("type:a", "brand:A")), ("b1", 1, ("type:b",))]
    lines: list[Line] = [(f"s{number}", product, 0) for number in range(8) for product in ("a1", "b1")]
    lines += [("t", "a2", 0), ("t", "a1", 0)]
    cut = cut_at(replace(only(bought(*lines)), facts=facts_of(*products)), PARAMETERS, as_of_s=86_400)
    near = find_companions(cut.bought, length=5, power=0.8, shrinkage=10)
    assert find_similar(cut, near, length=3)[0].tolist() == [1, 2, -1]


def repeat_rates_at(day: int) -> list[float]:
    """Ten shoppers buy a1 twice and b1 once, of types of their own."""
    products = [("a1", 1, ("type:a",)), ("b1", 1, ("type:b",))]
    lines: list[Line] = [(f"s{number}", "a1", bought_on) for number in range(10) for bought_on in (0, 9)]
    lines += [(f"s{number}", "b1", 0) for number in range(10)]
    feedback = replace(only(bought(*lines)), facts=facts_of(*products))
    cut = cut_at(feedback, PARAMETERS, as_of_s=day * 86_400)
    kept = cut.purchases
    seen = read_histories(kept.shopper_indices, kept.product_indices, kept.ordered_at_s, as_of_s=cut.as_of_s, count=2)
    rates: list[float] = repeat_rates(cut, seen).tolist()
    return rates


def test_the_repeat_rate_leans_on_the_type_and_the_type_on_the_shop() -> None:
    shop = (10 + SHOP_PRIOR_BUYERS * SHOP_PRIOR) / (20 + SHOP_PRIOR_BUYERS)
    of_a, of_b = (10 + 10 * shop) / 20, (0 + 10 * shop) / 20
    assert repeat_rates_at(100) == pytest.approx([(10 + 10 * of_a) / 20, (10 * of_b) / 20])


def test_who_bought_lately_may_still_come_back_and_does_not_speak_against_a_product() -> None:
    assert repeat_rates_at(10)[1] > 2 * repeat_rates_at(100)[1]


def test_what_grew_trends_before_what_always_sold_more() -> None:
    lines: list[Line] = [(f"s{number}", "steady", day) for number in range(9) for day in range(0, 70, 2)]
    lines += [(f"s{number}", "rising", day) for number in range(9) for day in (60, 62, 64, 66)]
    cut = cut_at(only(bought(*lines)), PARAMETERS, as_of_s=70 * 86_400)
    order = np.argsort(-trending(cut))
    assert [list(cut.purchases.products)[place] for place in order] == ["rising", "steady"]


def test_one_keen_shopper_makes_no_trend() -> None:
    lines: list[Line] = [(f"s{number}", product, day) for number in range(6) for product in "xy" for day in (0, 20)]
    lines += [("s1", "x", 60 + number / 100) for number in range(50)] + [(f"s{number}", "y", 60) for number in range(6)]
    cut = cut_at(only(bought(*lines)), PARAMETERS, as_of_s=70 * 86_400)
    scores = dict(zip(cut.purchases.products, trending(cut).tolist(), strict=True))
    assert scores["y"] > scores["x"]
