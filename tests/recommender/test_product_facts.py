"""Product facts and kinds: what the catalogue says, product by product."""

import numpy as np

from recommender.features import feature_names, kind_names
from recommender.id_map import IdMap
from recommender.training.kinds import kinds_of
from tests.recommender.shops import facts_of

FACTS = facts_of(
    ("boot", 900, ("brand:Acme", "category:Shoes", "category:Boots", "type:Boots")),
    ("gift card", 500, ()),
    ("sandal", 300, ("category:Shoes", "type:Shoes")),
)


def test_features_are_numbered_in_the_order_of_their_names_and_one_of_them_is_the_type() -> None:
    assert list(FACTS.features) == ["brand:Acme", "category:Boots", "category:Shoes", "type:Boots", "type:Shoes"]
    assert FACTS.types.tolist() == [3, -1, 4]
    assert FACTS.starts.tolist() == [0, 4, 4, 6]


def test_facts_of_other_products_leave_unknown_ones_empty() -> None:
    some = FACTS.of(IdMap.of(["boot", "never told", "sandal"]))
    assert some.types.tolist() == [3, -1, 4]
    assert some.prices_minor.tolist() == [900, 0, 300]
    assert some.starts.tolist() == [0, 4, 4, 6]
    assert some.indices.tolist() == FACTS.indices.tolist()


def test_the_matrix_is_the_mean_of_a_products_features() -> None:
    assert FACTS.matrix().sum(axis=1).ravel().tolist() == [[1, 0, 1]]
    assert FACTS.matrix()[0, 3] == np.float32(0.25)


def test_a_product_is_of_its_type_and_of_its_brands_type() -> None:
    kinds = kinds_of(FACTS)
    assert list(kinds.names) == ["type:Boots", "type:Boots × brand:Acme", "type:Shoes"]
    assert kinds.of_products.toarray().tolist() == [[1, 1, 0], [0, 0, 0], [0, 0, 1]]
    assert kinds.weights.tolist() == np.array([0.3, 1, 0.3], np.float32).tolist()


def test_a_new_products_kinds_are_called_as_those_that_were_learned() -> None:
    names = set(feature_names({"brand": "Acme", "categories": ["Shoes", "Boots"]}))
    assert names == set(list(FACTS.features)[:4])
    assert kind_names("type:Boots", "brand:Acme") == ("type:Boots", "type:Boots × brand:Acme")
    assert kind_names("type:Boots", None) == ("type:Boots",)
    assert kind_names(None, "brand:Acme") == ()
