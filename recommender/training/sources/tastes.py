"""Tastes: how much of a shopper's purchases go to each type and feature, for products that they do not know yet."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from recommender.training.dataset import Cut


@dataclass(frozen=True, slots=True)
class FromTypes:
    """Scores by the shopper's share of the type × the product's share within the type."""

    shares: csr_matrix
    """Shape (S, types)."""
    within: csr_matrix
    """Shape (types, P)."""

    def scores(self, shoppers: NDArray[np.integer]) -> NDArray[np.float32]:
        scores: NDArray[np.float32] = (self.shares[shoppers] @ self.within).toarray()
        return scores


def from_types(cut: Cut) -> FromTypes:
    """Products without a type score 0."""
    products = np.flatnonzero(cut.facts.types >= 0)
    types = cut.facts.types[products]
    shape = len(cut.facts.features), len(cut.purchases.products)
    weights = cut.popular[products].astype(np.float32)
    total = np.bincount(types, weights, shape[0]).astype(np.float32)
    within = csr_matrix((weights / np.maximum(total[types], 1e-6), (types, products)), shape=shape)
    belongs = csr_matrix((np.ones(len(products), np.float32), (products, types)), shape=shape[::-1])
    bought = csr_matrix((np.expm1(cut.counted.weights), cut.counted.products, cut.counted.starts), shape=cut.shape)
    spent = (bought @ belongs).tocsr()
    rows = np.maximum(np.asarray(spent.sum(axis=1)).ravel(), 1e-6)
    spent.data /= np.repeat(rows, np.diff(spent.indptr)).astype(np.float32)
    return FromTypes(spent, within)


@dataclass(frozen=True, slots=True)
class FromFeatures:
    """Scores by the mean over a product's features of how much more than others the shopper buys of each."""

    leanings: csr_matrix
    """Shape (S, F)."""
    features: csr_matrix
    """Shape (F, P)."""

    def scores(self, shoppers: NDArray[np.integer]) -> NDArray[np.float32]:
        scores: NDArray[np.float32] = (self.leanings[shoppers] @ self.features).toarray()
        return scores


def from_features(cut: Cut) -> FromFeatures:
    """A leaning is the logarithm of 1 + the shopper's share of a feature over everyone's."""
    features = cut.facts.matrix()
    has = features.copy()
    has.data[:] = 1
    bought = csr_matrix((np.expm1(cut.counted.weights), cut.counted.products, cut.counted.starts), shape=cut.shape)
    spent = (bought @ has).tocsr()
    spent.sort_indices()
    everyone = np.maximum(np.asarray(spent.sum(axis=0)).ravel(), 1e-6) / max(spent.sum(), 1e-6)
    own = np.maximum(np.asarray(spent.sum(axis=1)).ravel(), 1e-6)
    share = spent.data / np.repeat(own, np.diff(spent.indptr))
    spent.data = np.log1p(share / everyone[spent.indices]).astype(np.float32)
    return FromFeatures(spent, features.T.tocsr())
