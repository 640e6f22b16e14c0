"""Related: what may stand instead of a product."""

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_matrix, csr_matrix

from recommender.serving.ranking import rank_pairs
from recommender.training.dataset import Cut
from recommender.training.sources.baskets import Companions

OF_TYPE = 60
"""The most bought products of a product's type that may stand instead of it."""
LIKENESS = 1.0
"""What equal features count beside the strongest companion."""


def find_similar(cut: Cut, companions: Companions, *, length: int) -> NDArray[np.int32]:
    """Shape (P, length), -1 padded.

    From products of the same shoppers and from the type's most bought; ordered by closeness of buyers (as a share of
    the product's closest), plus the share of features that both have, plus a breath of popularity.
    """
    count = cut.shape[1]
    owners, others, closeness = _companions(companions)
    typed_owners, typed = _same_type(cut)
    pairs = coo_matrix(
        (
            np.concatenate((closeness, np.zeros(len(typed)))),
            (np.concatenate((owners, typed_owners)), np.concatenate((others, typed))),
        ),
        shape=(count, count),
    ).tocsr()
    pairs.sort_indices()
    rows = np.repeat(np.arange(count), np.diff(pairs.indptr))
    known = np.log1p(cut.popular)
    scores = pairs.data + LIKENESS * _likeness(cut.facts.matrix(), rows, pairs.indices)
    scores += 0.1 * (known / max(float(known.max(initial=0)), 1e-9))[pairs.indices]
    kept = rows != pairs.indices
    return rank_pairs(rows[kept], pairs.indices[kept], scores[kept], row_count=count, k=length).products


def _companions(companions: Companions) -> tuple[NDArray[np.integer], NDArray[np.integer], NDArray[np.floating]]:
    owners, places = np.nonzero(companions.products >= 0)
    share = companions.weights / np.maximum(companions.weights[:, :1], np.float32(1e-12))
    return owners, companions.products[owners, places], share[owners, places]


def _same_type(cut: Cut) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Every typed product with each of the most bought of its type."""
    typed = np.flatnonzero(cut.facts.types >= 0)
    types = cut.facts.types[typed]
    top = rank_pairs(types, typed, cut.popular[typed], row_count=len(cut.facts.features), k=OF_TYPE).products
    others = top[types]
    owners = np.repeat(typed, others.shape[1])
    kept = others.ravel() >= 0
    return owners[kept], others.ravel()[kept].astype(np.int64)


def _likeness(features: csr_matrix, owners: NDArray[np.int64], others: NDArray[np.int32]) -> NDArray[np.float32]:
    """Σ over shared features of √(share in one × share in the other), 0 to 1, a pair."""
    roots = features.sqrt()
    found = np.empty(len(owners), np.float32)
    for start in range(0, len(owners), 500_000):
        part = slice(start, start + 500_000)
        found[part] = np.asarray(roots[owners[part]].multiply(roots[others[part]]).sum(axis=1)).ravel()
    return found
