"""Fitting: LightFM learns vectors from interactions. The only file that imports lightfm."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial

import numpy as np
from lightfm import LightFM
from numpy.typing import NDArray
from scipy.sparse import coo_matrix, csr_matrix

from recommender.interactions import Interactions
from recommender.training.parameters import TrainingParameters

SHOPPER_SIDE = ("user_embeddings", "user_embedding_gradients", "user_biases", "user_bias_gradients")
PRODUCT_SIDE = ("item_embeddings", "item_embedding_gradients", "item_biases", "item_bias_gradients")
"""What LightFM needs to go on from where it was: vectors, biases and AdaGrad's sums of squared gradients."""

Weights = Mapping[str, NDArray[np.float32]]
"""Arrays by the names of SHOPPER_SIDE and PRODUCT_SIDE; the first axis is shoppers, or products (or features)."""


@dataclass(frozen=True, slots=True)
class Factors:
    """What LightFM learned. A shopper's own bias is left out: it moves all products of the shopper alike."""

    shopper_vectors: NDArray[np.float32]
    product_vectors: NDArray[np.float32]
    product_biases: NDArray[np.float32]

    def scores(self, shoppers: NDArray[np.integer]) -> NDArray[np.float32]:
        """Shape (shoppers, products)."""
        scores: NDArray[np.float32] = self.shopper_vectors[shoppers] @ self.product_vectors.T + self.product_biases
        return scores


@dataclass(frozen=True, slots=True)
class Fitted:
    """The factors, and all that a later fit can go on from."""

    factors: Factors
    weights: Weights


def fit(
    interactions: Interactions,
    parameters: TrainingParameters,
    *,
    epochs: int,
    start: Weights | None = None,
    features: csr_matrix | None = None,
    on_epoch: Callable[[int], None] = lambda done: None,
) -> Fitted:
    """Fit for a number of epochs, from `start` or from small random vectors.

    The same input and seed give the same bits (one thread). With `features` (products, features) a product is the sum
    of its features, and what comes back as products are the features. Fewer than two shoppers or products leave
    nothing to compare: zeros come back.
    """
    items = interactions.product_count if features is None else features.shape[1]
    if interactions.shopper_count < 2 or interactions.product_count < 2 or not items:
        return _fitted(_zeros(interactions.shopper_count, items, parameters.components))
    model = _begin(parameters, start)
    weights = coo_matrix(
        (interactions.weights, (interactions.shoppers(), interactions.products)),
        shape=(interactions.shopper_count, interactions.product_count),
    )
    pairs = coo_matrix((np.ones_like(interactions.weights), (weights.row, weights.col)), shape=weights.shape)
    step = partial(model.fit_partial, pairs, sample_weight=weights, item_features=features, epochs=1, num_threads=1)
    for done in range(1, epochs + 1):
        step()
        on_epoch(done)
    return _fitted({name: getattr(model, name) for name in SHOPPER_SIDE + PRODUCT_SIDE})


def _begin(parameters: TrainingParameters, start: Weights | None) -> LightFM:
    model = LightFM(
        no_components=parameters.components,
        loss="warp",
        learning_schedule="adagrad",
        learning_rate=parameters.learning_rate,
        max_sampled=parameters.max_sampled,
        random_state=parameters.seed,
    )
    for name, value in (start or {}).items():
        setattr(model, name, value.copy())
    if start:  # AdaGrad knows no momentum, but the compiled step takes the arrays
        for side in ("item", "user"):
            setattr(model, f"{side}_embedding_momentum", np.zeros_like(start[f"{side}_embeddings"]))
            setattr(model, f"{side}_bias_momentum", np.zeros_like(start[f"{side}_biases"]))
    return model


def _fitted(weights: Weights) -> Fitted:
    vectors = weights["user_embeddings"], weights["item_embeddings"], weights["item_biases"]
    return Fitted(Factors(*vectors), weights)


def _zeros(shoppers: int, items: int, components: int) -> Weights:
    counts = dict.fromkeys(SHOPPER_SIDE, shoppers) | dict.fromkeys(PRODUCT_SIDE, items)
    return {
        name: np.zeros((count, components) if "embedding" in name else count, np.float32)
        for name, count in counts.items()
    }
