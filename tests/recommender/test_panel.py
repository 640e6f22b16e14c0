"""Panels and candidates: who is asked about what, and that nothing of the window itself is in the numbers."""

from dataclasses import replace

import numpy as np

from recommender.feedback import Feedback
from recommender.training.candidates import find_candidates
from recommender.training.dataset import cut_at, labels_of
from recommender.training.fit import fit
from recommender.training.panel import Panel, describe, names
from recommender.training.parameters import TrainingParameters
from recommender.training.stage import Stage, prepare
from recommender.training.windows import windows_of
from tests.recommender.shops import pairs, two_tastes, with_facts

SMALL = TrainingParameters(components=8)
SHOP = with_facts(two_tastes())
LATE_S = windows_of(SHOP.purchases, SMALL).late_s


def stage(feedback: Feedback = SHOP, *, ease: bool = True) -> Stage:
    cut = cut_at(feedback, SMALL, as_of_s=LATE_S)
    return prepare(cut, fit(cut.liked, SMALL, epochs=2).factors, SMALL, ease=ease)


def panel(made: Stage) -> Panel:
    (whole,) = describe(made, np.arange(made.cut.shape[0]), SMALL)
    return whole


def test_what_happens_in_the_window_changes_no_number() -> None:
    later = SHOP.purchases.ordered_at_s >= LATE_S
    moved = np.where(later, SHOP.purchases.product_indices[0], SHOP.purchases.product_indices).astype(np.int32)
    changed = replace(SHOP, purchases=replace(SHOP.purchases, product_indices=moved))
    gone = replace(SHOP, purchases=SHOP.purchases.where(~later))
    for other in (changed, gone):
        one, two = panel(stage()), panel(stage(other))
        assert np.array_equal(one.values, two.values)
        assert np.array_equal(one.products, two.products)


def test_every_number_has_a_name_and_is_finite() -> None:
    for ease in (True, False):
        made = stage(ease=ease)
        assert panel(made).values.shape[1] == len(names(made)) == len(set(names(made)))
        assert np.isfinite(panel(made).values).all()
        assert ("source_ease" in names(made)) == ease


def test_labels_are_the_candidates_that_were_bought() -> None:
    made = stage()
    labels = labels_of(SHOP.purchases, made.cut, end_s=SHOP.purchases.end_s)
    bought = set(zip(labels.shoppers().tolist(), labels.products.tolist(), strict=True))
    rows = panel(made)
    assert rows.labels(labels).tolist() == [
        pair in bought for pair in zip(rows.shoppers.tolist(), rows.products.tolist(), strict=True)
    ]


def test_new_is_what_the_shopper_never_bought() -> None:
    made = stage()
    bought = set(zip(made.cut.bought.shoppers().tolist(), made.cut.bought.products.tolist(), strict=True))
    rows = panel(made)
    assert rows.new.tolist() == [
        pair not in bought for pair in zip(rows.shoppers.tolist(), rows.products.tolist(), strict=True)
    ]


def test_shoppers_in_small_blocks_are_described_the_same() -> None:
    made = stage()
    whole = panel(made)
    everyone = np.arange(made.cut.shape[0])
    parts = [
        part for start in range(0, len(everyone), 7) for part in describe(made, everyone[start : start + 7], SMALL)
    ]
    assert np.array_equal(np.concatenate([part.products for part in parts]), whole.products)
    assert np.allclose(np.concatenate([part.values for part in parts]), whole.values, atol=1e-4)


def test_candidates_are_all_that_was_bought_and_the_best_of_each_source_that_was_not() -> None:
    bought = pairs([[0, 0, 0, 1, 0], [1, 1, 0, 0, 0]])
    scores = {
        "one": np.array([[5, 4, 3, 9, 1], [9, 8, 1, 2, 3]], np.float32),
        "other": np.array([[0, 0, 0, 0, 1], [0, 0, 0, 1, 0]], np.float32),
    }
    found = find_candidates(scores, {"one": 1, "other": 1}, bought, np.array([0, 1]))
    assert list(zip(found.rows.tolist(), found.products.tolist(), strict=True)) == [
        (0, 0), (0, 3), (0, 4), (1, 0), (1, 1), (1, 3), (1, 4),
    ]  # fmt: skip
