"""Kinds: a type, and a type of one brand. What is counted of a kind says something of a product that is new in it."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from recommender.features import AND, BRAND, kind_names
from recommender.id_map import IdMap
from recommender.product_facts import ProductFacts

TYPE_ALONE = 0.3
"""What a leaning to the type says beside one to the type of the brand."""


@dataclass(frozen=True, slots=True)
class Kinds:
    """K kinds, named "type:Boots" and "type:Boots × brand:Acme"; a product with a type is of one or two."""

    names: IdMap
    of_products: csr_matrix
    """Shape (P, K), ones."""
    weights: NDArray[np.float32]
    """Shape (K,): 1, or TYPE_ALONE for a type alone."""


def kinds_of(facts: ProductFacts) -> Kinds:
    """The kinds of these products. Their names are in ascending order."""
    names = facts.features.ids
    types, brands = facts.types.astype(np.int64), _brands(facts, names)
    typed, both = np.flatnonzero(types >= 0), np.flatnonzero((types >= 0) & (brands >= 0))
    length = len(names) + 1
    codes = np.concatenate((types[typed] * length, types[both] * length + brands[both] + 1))
    different, places = np.unique(codes, return_inverse=True)
    said = [_name(names, *divmod(code, length)) for code in different.tolist()]
    order = sorted(range(len(said)), key=said.__getitem__)
    new_places = np.empty(len(said), np.int64)
    new_places[order] = np.arange(len(said))
    owners, columns = np.concatenate((typed, both)), new_places[places]
    matrix = csr_matrix((np.ones(len(owners), np.float32), (owners, columns)), shape=(len(facts), len(said)))
    ordered = [said[place] for place in order]
    weights = np.array([1.0 if AND in name else TYPE_ALONE for name in ordered], np.float32)
    return Kinds(IdMap.of(ordered), matrix, weights)


def _name(names: Sequence[str], type_place: int, brand: int) -> str:
    return kind_names(names[type_place], names[brand - 1] if brand else None)[-1]


def _brands(facts: ProductFacts, names: Sequence[str]) -> NDArray[np.int64]:
    """Shape (P,): the feature that is the product's brand, -1 for none."""
    is_brand = np.array([name.startswith(BRAND) for name in names], np.bool_)
    brands = np.full(len(facts), -1, np.int64)
    if len(facts.indices):
        owners = np.repeat(np.arange(len(facts)), np.diff(facts.starts))
        kept = is_brand[facts.indices]
        brands[owners[kept]] = facts.indices[kept]
    return brands
