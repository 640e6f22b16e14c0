"""Product facts: what the catalogue says of each product, as features, a type and a price."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from recommender.id_map import IdMap

TYPE = "type:"
"""How a feature's name begins that says a product's type: its finest category, where the path of categories ends."""


@dataclass(frozen=True, slots=True)
class ProductFacts:
    """P products, F features such as "brand:Acme", "category:Shoes", "type:Boots"."""

    products: IdMap
    features: IdMap
    starts: NDArray[np.int64]
    """Shape (P + 1,): the features of product p are `indices[starts[p]:starts[p + 1]]`."""
    indices: NDArray[np.int32]
    types: NDArray[np.int32]
    """Shape (P,): the feature that is the product's type, -1 for none."""
    prices_minor: NDArray[np.int64]
    """Shape (P,); 0 where it is not known."""

    def __len__(self) -> int:
        return len(self.products)

    def of(self, products: IdMap) -> "ProductFacts":
        """The facts of these products in their order; one that is not known has no features and no price."""
        places = self.products.places(products)
        known = np.where(places >= 0, places, len(self))
        counts = np.diff(self.starts, append=self.starts[-1:])[known]
        starts = np.concatenate(([0], np.cumsum(counts)), dtype=np.int64)
        taken = np.repeat(self.starts[known] - starts[:-1], counts) + np.arange(starts[-1])
        return ProductFacts(
            products,
            self.features,
            starts,
            self.indices[taken],
            _taken(self.types, places, missing=-1),
            _taken(self.prices_minor, places, missing=0),
        )

    def matrix(self) -> csr_matrix:
        """Shape (P, F): 1 / number of features where the product has the feature, so that rows sum to 1 or 0."""
        counts = np.diff(self.starts)
        weights = np.repeat(1 / np.maximum(counts, 1), counts).astype(np.float32)
        return csr_matrix((weights, self.indices, self.starts), shape=(len(self), len(self.features)))


def make_facts(
    products: IdMap,
    prices_minor: NDArray[np.int64],
    feature_names: Sequence[str],
    product_codes: NDArray[np.integer],
    feature_codes: NDArray[np.integer],
) -> ProductFacts:
    """Facts from pairs: product `product_codes[i]` has the feature `feature_names[feature_codes[i]]`.

    The answer does not depend on the order of pairs or names: names are numbered in their own order.
    """
    order = sorted(range(len(feature_names)), key=feature_names.__getitem__)
    places = np.empty(len(feature_names), np.int64)
    places[order] = np.arange(len(feature_names))
    names = [feature_names[old] for old in order]
    keys = np.unique(product_codes.astype(np.int64) * max(len(names), 1) + places[feature_codes])
    owners, indices = np.divmod(keys, max(len(names), 1))
    starts = np.searchsorted(owners, np.arange(len(products) + 1)).astype(np.int64)
    is_type = np.array([name.startswith(TYPE) for name in names], np.bool_)
    types = np.full(len(products), -1, np.int32)
    if len(indices):
        typed = is_type[indices]
        types[owners[typed]] = indices[typed]
    return ProductFacts(products, IdMap.of(names), starts, indices.astype(np.int32), types, prices_minor)


def no_facts(products: IdMap) -> ProductFacts:
    """For a catalogue that says nothing."""
    nothing = np.empty(0, np.int32)
    return make_facts(products, np.zeros(len(products), np.int64), [], nothing, nothing)


def _taken(values: NDArray[np.generic], places: NDArray[np.int64], *, missing: int) -> NDArray:  # type: ignore[type-arg]
    """values[place], or `missing` where the place is -1."""
    taken = np.full(len(places), missing, values.dtype)
    taken[places >= 0] = values[places[places >= 0]]
    return taken
