"""Small made-up shops for the maths tests: purchases from rows that a reader can check by eye."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from recommender.feedback import Feedback, only
from recommender.id_map import IdMap
from recommender.interactions import Interactions, from_pairs
from recommender.product_facts import ProductFacts, make_facts
from recommender.purchases import Purchases, from_codes
from recommender.training.parameters import DAY_S

Line = tuple[str, str, float]
"""Shopper, product, day."""


def bought(*lines: Line) -> Purchases:
    """Purchases of the given lines; day 0 is 1970-01-01."""
    shoppers, products = [line[0] for line in lines], [line[1] for line in lines]
    shopper_ids, product_ids = list(dict.fromkeys(shoppers)), list(dict.fromkeys(products))
    return from_codes(
        shopper_ids,
        product_ids,
        np.array([shopper_ids.index(one) for one in shoppers], np.int32),
        np.array([product_ids.index(one) for one in products], np.int32),
        np.array([int(day * DAY_S) for _, _, day in lines], np.int64),
    )


def two_tastes(*, weeks: int = 16, shoppers: int = 40, seed: int = 7) -> Purchases:
    """Half of the shoppers buy products t0…t9, half c0…c9, one or two a week, with favourites."""
    random = np.random.default_rng(seed)
    lines = list[Line]()
    for shopper in range(shoppers):
        side = "t" if shopper % 2 else "c"
        favourites = random.permutation(10)[:4]
        for week in range(weeks):
            chosen = {int(random.choice(favourites)), int(random.integers(10))}
            day = week * 7 + random.random()
            lines += [(f"s{shopper}", f"{side}{product}", day) for product in sorted(chosen)]
    return bought(*lines)


def facts_of(*products: tuple[str, int, Sequence[str]]) -> ProductFacts:
    """Facts of products given as id (ascending), price and feature names."""
    names = list(dict.fromkeys(name for _, _, features in products for name in features))
    pairs = [(place, names.index(name)) for place, (_, _, features) in enumerate(products) for name in features]
    owners, features = np.array(pairs, np.int64).reshape(-1, 2).T
    prices = np.array([price for _, price, _ in products], np.int64)
    return make_facts(IdMap.of(one for one, _, _ in products), prices, names, owners, features)


def with_facts(purchases: Purchases) -> Feedback:
    """Feedback whose products are of the type and brand that their id begins with."""
    products = [(one, 100, (f"type:{one[0]}", f"brand:{one[0].upper()}")) for one in purchases.products]
    return replace(only(purchases), facts=facts_of(*products))


def pairs(rows: Sequence[Sequence[float]]) -> Interactions:
    """Interactions from a small dense matrix; zero is no pair."""
    dense = np.array(rows, np.float64)
    shoppers, products = np.nonzero(dense)
    return from_pairs(shoppers, products, dense[shoppers, products], (dense.shape[0], dense.shape[1]))
