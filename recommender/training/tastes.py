"""Tastes: LightFM on features only, for products that nobody bought yet."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from recommender.training.dataset import Cut
from recommender.training.fit import fit
from recommender.training.parameters import TrainingParameters


@dataclass(frozen=True, slots=True)
class Tastes:
    """A product scores shopper taste · mean of its features' vectors + mean of their biases."""

    feature_vectors: NDArray[np.float32]
    """Shape (F, d)."""
    feature_biases: NDArray[np.float32]
    """Shape (F,)."""
    shopper_tastes: NDArray[np.float32]
    """Shape (S, d)."""


def fit_tastes(cut: Cut, parameters: TrainingParameters) -> Tastes:
    """A product is the mean of its features. A catalogue without features gives tastes of nothing."""
    smaller = replace(parameters, components=parameters.taste_components)
    features = cut.facts.matrix()
    factors = fit(cut.liked, smaller, epochs=parameters.taste_epochs, features=features).factors
    return Tastes(factors.product_vectors, factors.product_biases, factors.shopper_vectors)
