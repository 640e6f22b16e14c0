"""Fitting: the same answer for the same seed, and a stop where the later window was best."""

import numpy as np

from recommender.interactions import Interactions
from recommender.training.dataset import interactions
from recommender.training.fit import Factors, fit, fit_early_stopped
from recommender.training.parameters import TrainingParameters
from tests.recommender.shops import bought, two_tastes

SMALL = TrainingParameters(components=8, max_epochs=10, patience=2)


def learned_from() -> Interactions:
    purchases = two_tastes(weeks=4)
    return interactions(purchases, as_of_s=purchases.end_s, half_life_days=60)


def same(one: Factors, other: Factors) -> bool:
    return all(
        np.array_equal(getattr(one, name), getattr(other, name))
        for name in ("shopper_vectors", "product_vectors", "product_biases")
    )


def test_the_same_seed_gives_the_same_bits_and_another_seed_does_not() -> None:
    once, again = (fit(learned_from(), SMALL, epochs=3) for _ in range(2))
    other = fit(learned_from(), TrainingParameters(components=8, seed=1), epochs=3)
    assert same(once, again)
    assert not same(once, other)


def test_fitting_stops_after_the_patience_and_keeps_the_epoch_that_the_later_window_liked_best() -> None:
    qualities = iter([0.1, 0.3, 0.2, 0.3, 0.9])
    stopped = fit_early_stopped(learned_from(), SMALL, quality=lambda factors: next(qualities))
    assert stopped.epochs == 2
    assert stopped.history == (0.1, 0.3, 0.2, 0.3)
    assert same(stopped.factors, fit(learned_from(), SMALL, epochs=2))


def test_one_shopper_or_one_product_leaves_nothing_to_compare() -> None:
    purchases = bought(("a", "x", 0), ("a", "y", 1))
    factors = fit(interactions(purchases, as_of_s=0, half_life_days=60), SMALL, epochs=3)
    assert factors.shopper_vectors.shape == (1, 8)
    assert not factors.product_vectors.any()
