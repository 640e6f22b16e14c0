"""Poisoning: who only looks at a product, however keenly, hardly moves it."""

from dataclasses import replace

import numpy as np

from recommender.feedback import Feedback
from recommender.interest import Interest
from recommender.training.learn import Learned, learn
from recommender.training.parameters import DAY_S, TrainingParameters
from tests.recommender.shops import two_tastes, with_facts

SMALL = TrainingParameters(components=8, taste_components=4, for_you_length=20)
SHOP = with_facts(two_tastes(shoppers=100))
PROMOTED = 7


def flooded() -> Feedback:
    """One in twenty shoppers puts the same product into the cart on every day of the last four weeks."""
    fakes = np.arange(0, 100, 20, dtype=np.int32)
    days = np.arange(28)
    looks = Interest(
        np.repeat(fakes, len(days)),
        np.full(len(fakes) * len(days), PROMOTED, np.int32),
        np.tile(SHOP.purchases.end_s - 1 - days * DAY_S, len(fakes)),
        np.full(len(fakes) * len(days), 0.3, np.float32),
    )
    return replace(SHOP, interest=looks)


def learned(feedback: Feedback) -> Learned:
    return learn(feedback, SMALL, lambda stage, progress: None)


def place(listed: np.ndarray[tuple[int, ...], np.dtype[np.int32]]) -> float:
    """Where the product stands in a list, on average; behind the end where it is not listed."""
    rows = np.atleast_2d(listed)
    return float(np.where((rows == PROMOTED).any(axis=1), (rows == PROMOTED).argmax(axis=1), rows.shape[1]).mean())


def test_five_per_cent_who_promote_a_product_lift_it_by_at_most_three_places() -> None:
    before, after = learned(SHOP), learned(flooded())
    honest = np.setdiff1d(np.arange(100), np.arange(0, 100, 20))
    for name in ("for_you", "discover"):
        assert place(getattr(before, name)[honest]) - place(getattr(after, name)[honest]) <= 3
    for name in ("popular", "trending"):
        assert np.array_equal(getattr(before, name), getattr(after, name))
