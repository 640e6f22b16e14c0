"""Fitting: the same answer for the same seed, and a start from where an earlier fit was."""

from dataclasses import replace

import numpy as np
import pytest

from recommender.feedback import only
from recommender.interactions import Interactions
from recommender.training.dataset import Cut, cut_at
from recommender.training.fit import Factors, fit
from recommender.training.parameters import DAY_S, TrainingParameters
from recommender.training.state import Kept, State, carried, state_of
from recommender.training.tastes import fit_tastes
from tests.recommender.shops import bought, facts_of, two_tastes, with_facts

SMALL = TrainingParameters(components=8, taste_components=4)


def cut(*, weeks: int = 4) -> Cut:
    feedback = with_facts(two_tastes(weeks=weeks))
    return cut_at(feedback, SMALL, as_of_s=feedback.purchases.end_s)


def learned_from() -> Interactions:
    return cut().liked


def same(one: Factors, other: Factors) -> bool:
    return all(
        np.array_equal(getattr(one, name), getattr(other, name))
        for name in ("shopper_vectors", "product_vectors", "product_biases")
    )


def test_the_same_seed_gives_the_same_bits_and_another_seed_does_not() -> None:
    once, again = (fit(learned_from(), SMALL, epochs=3).factors for _ in range(2))
    other = fit(learned_from(), TrainingParameters(components=8, seed=1), epochs=3).factors
    assert same(once, again)
    assert not same(once, other)


def test_a_warm_start_goes_on_from_the_vectors_that_were_kept() -> None:
    first = fit(learned_from(), SMALL, epochs=3)
    kept = Kept(0, cut().purchases.shoppers, cut().purchases.products, first.weights)
    start = carried(kept, kept.shoppers, kept.products, seed=1)
    assert same(fit(learned_from(), SMALL, epochs=0, start=start).factors, first.factors)
    assert not same(fit(learned_from(), SMALL, epochs=1, start=start).factors, first.factors)
    assert same(first.factors, fit(learned_from(), SMALL, epochs=3).factors)  # the start was not written to


def test_who_is_new_starts_small_and_who_is_gone_leaves_nothing() -> None:
    first = fit(learned_from(), SMALL, epochs=3)
    shoppers, products = cut().purchases.shoppers, cut().purchases.products
    kept = Kept(0, shoppers, products, first.weights)
    others = type(shoppers).of(["a newcomer", *list(shoppers)[1:]])
    start = carried(kept, others, products, seed=1)
    assert np.array_equal(start["user_embeddings"][1:], first.weights["user_embeddings"][1:])
    assert np.abs(start["user_embeddings"][0]).max() <= 0.5 / 8
    assert (start["user_embedding_gradients"][0] == 1).all()
    assert np.array_equal(start["item_biases"], first.weights["item_biases"])


def test_the_latest_state_that_knows_nothing_of_the_cut_is_taken() -> None:
    shoppers, products = cut().purchases.shoppers, cut().purchases.products
    weights = fit(learned_from(), SMALL, epochs=1).weights
    state = State(tuple(Kept(day * DAY_S, shoppers, products, weights) for day in (1, 5, 9)))
    stored = state_of(state.arrays())
    found = stored.latest(8 * DAY_S, components=8)
    assert found is not None
    assert found.as_of_s == 5 * DAY_S
    assert stored.latest(0, components=8) is None
    assert stored.latest(9 * DAY_S, components=16) is None


def test_one_shopper_or_one_product_leaves_nothing_to_compare() -> None:
    purchases = bought(("a", "x", 0), ("a", "y", 1))
    liked = cut_at(only(purchases), SMALL, as_of_s=purchases.end_s).liked
    factors = fit(liked, SMALL, epochs=3).factors
    assert factors.shopper_vectors.shape == (1, 8)
    assert not factors.product_vectors.any()


def test_a_shopper_leans_to_kinds_by_lines_over_the_kinds_size() -> None:
    products = [
        ("a1", 1, ("type:a", "brand:B")),
        ("a2", 1, ("type:a",)),
        ("b1", 1, ("type:b",)),
        ("c1", 1, ("brand:C",)),
    ]
    lines = bought(("s", "a1", 0), ("s", "a1", 1), ("s", "a2", 2), ("s", "c1", 0), ("t", "b1", 0))
    shop = cut_at(replace(only(lines), facts=facts_of(*products)), SMALL, as_of_s=lines.end_s)
    tastes = fit_tastes(shop, SMALL)
    assert [tastes.kinds.id_of(place) for place in tastes.leaning_kinds] == ["type:a", "type:a × brand:B", "type:b"]
    assert tastes.leaning_starts.tolist() == [0, 2, 3]
    assert tastes.leaning_weights / tastes.leaning_weights[2] == pytest.approx(
        np.array([0.3 * np.log1p(3 / 2), np.log1p(2 / 1), 0.3 * np.log1p(1)]) / (0.3 * np.log1p(1)), rel=1e-5
    )


def test_tastes_prefer_new_products_with_the_features_of_what_was_bought() -> None:
    shop = cut(weeks=12)
    tastes = fit_tastes(shop, SMALL)
    names = shop.facts.features.ids
    of_new = {side: [names.index(f"type:{side}"), names.index(f"brand:{side.upper()}")] for side in "ct"}
    scores = {
        side: tastes.shopper_tastes @ tastes.feature_vectors[places].mean(axis=0) + tastes.feature_biases[places].mean()
        for side, places in of_new.items()
    }
    likes_tea = np.array([int(name[1:]) % 2 == 1 for name in shop.purchases.shoppers])
    assert ((scores["t"] > scores["c"]) == likes_tea).all()
