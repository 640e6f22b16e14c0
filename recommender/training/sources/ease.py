"""EASE: the closed-form linear autoencoder over what shoppers bought (Steck 2019), in whichever form is smaller."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.linalg.lapack import spotrf, spotri
from scipy.sparse import csr_matrix

from recommender.interactions import Interactions

LARGEST = 6_000
"""Shoppers or products, whichever are fewer: the inverse holds their square, three times 144 MB while it is made."""
COLUMNS_AT_ONCE = 1_000


@dataclass(frozen=True, slots=True)
class Ease:
    """Scores X B with B = I - P / diag(P), P = (XᵀX + λI)⁻¹, without ever holding B.

    With K = (XXᵀ + λI)⁻¹ over shoppers, XP = KX and diag(P) = (1 - diag(XᵀKX)) / λ: "dual".
    """

    bought: csr_matrix
    """X, shape (S, P)."""
    inverse: NDArray[np.float32]
    """K, shape (S, S), when dual; P otherwise."""
    diagonal: NDArray[np.float32]
    """diag(P), shape (P,)."""
    dual: bool

    def scores(self, shoppers: NDArray[np.integer]) -> NDArray[np.float32]:
        """Shape (shoppers, P). Costs S × pairs when dual."""
        rows = self.bought[shoppers]
        through = (self.bought.T @ self.inverse[shoppers].T).T if self.dual else rows @ self.inverse
        scores: NDArray[np.float32] = -(through / self.diagonal)
        at = np.repeat(np.arange(len(shoppers)), np.diff(rows.indptr))
        scores[at, rows.indices] += rows.data
        return scores


def fits_ease(interactions: Interactions) -> bool:
    """Whether the inverse is small enough to make."""
    return 1 < min(interactions.shopper_count, interactions.product_count) <= LARGEST


def fit_ease(interactions: Interactions, *, regularisation: float) -> Ease:
    """λ is `regularisation`; weights should be logarithms of counts."""
    shape = interactions.shopper_count, interactions.product_count
    bought = csr_matrix((interactions.weights, interactions.products, interactions.starts), shape=shape)
    dual = shape[0] <= shape[1]
    gram = (bought @ bought.T if dual else bought.T @ bought).toarray()
    gram[np.diag_indices_from(gram)] += np.float32(regularisation)
    inverse = _inverted(gram)
    diagonal = _dual_diagonal(bought, inverse, regularisation) if dual else np.diag(inverse)
    return Ease(bought, inverse, np.maximum(diagonal, 1e-9).astype(np.float32), dual)


def _inverted(gram: NDArray[np.float32]) -> NDArray[np.float32]:
    """By Cholesky's factor. λ of a thousand conditions the matrix well enough for single precision."""
    factor, _ = spotrf(gram, lower=1, overwrite_a=1)
    lower, _ = spotri(factor, lower=1, overwrite_c=1)
    inverse: NDArray[np.float32] = np.tril(lower) + np.tril(lower, -1).T
    return inverse


def _dual_diagonal(bought: csr_matrix, inverse: NDArray[np.float32], regularisation: float) -> NDArray[np.float64]:
    """diag(P) = (1 - x_jᵀ K x_j) / λ for each column x_j of X."""
    columns, products = bought.tocsc(), bought.shape[1]
    through = np.empty(products)
    for start in range(0, products, COLUMNS_AT_ONCE):
        part = columns[:, start : start + COLUMNS_AT_ONCE]
        through[start : start + part.shape[1]] = part.multiply((part.T @ inverse).T).sum(axis=0)
    return (1 - through) / regularisation
