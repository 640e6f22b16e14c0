"""Logistic regression by Newton's method: the ranker of small shops, and of novel products everywhere."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

STEPS = 15
ENOUGH = 1e-3
"""A step that moves no coefficient further ends the search."""


@dataclass(frozen=True, slots=True)
class Logistic:
    """A weighted sum of standardised columns."""

    means: NDArray[np.float32]
    spreads: NDArray[np.float32]
    coefficients: NDArray[np.float32]

    def scores(self, values: NDArray[np.float32]) -> NDArray[np.float32]:
        """Log-odds up to a constant, one a row."""
        weights = self.coefficients / self.spreads
        scores: NDArray[np.float32] = values @ weights - np.float32(self.means @ weights)
        return scores


def fit_logistic(values: NDArray[np.float32], labels: NDArray[np.bool_], *, ridge: float) -> Logistic:
    """Minimise the logistic loss plus ridge / 2 × |coefficients|², not counting the intercept.

    Newton's steps (iteratively reweighted least squares, Hastie et al., Elements of Statistical Learning, 4.4.1).
    Costs rows × columns² a step; about ten steps.
    """
    means, spreads = values.mean(axis=0), values.std(axis=0)
    spreads = np.where(spreads > 1e-6, spreads, np.float32(1))
    columns = np.column_stack([(values - means) / spreads, np.ones(len(values), np.float32)])
    penalty = np.full(columns.shape[1], ridge)
    penalty[-1] = 1e-6
    coefficients = np.zeros(columns.shape[1])
    for _ in range(STEPS):
        odds = np.clip(columns @ coefficients.astype(np.float32), -30, 30)
        likely = 1 / (1 + np.exp(-odds))
        slope = columns.T @ (likely - labels) + penalty * coefficients
        curve = (columns * (likely * (1 - likely))[:, None]).T @ columns + np.diag(penalty)
        step = np.linalg.solve(curve, slope)
        coefficients -= step
        if np.abs(step).max() < ENOUGH:
            break
    return Logistic(means, spreads, coefficients[:-1].astype(np.float32))
