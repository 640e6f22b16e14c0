"""Fitting: LightFM learns vectors from interactions. The only file that imports lightfm."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from lightfm import LightFM
from numpy.typing import NDArray
from scipy.sparse import coo_matrix

from recommender.interactions import Interactions
from recommender.training.parameters import TrainingParameters


@dataclass(frozen=True, slots=True)
class Factors:
    """What LightFM learned. A shopper's own bias is left out: it moves all products of the shopper alike."""

    shopper_vectors: NDArray[np.float32]
    product_vectors: NDArray[np.float32]
    product_biases: NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Stopped:
    """Where an early-stopped fit was best."""

    epochs: int
    factors: Factors
    history: tuple[float, ...]
    """The quality after each epoch that was run."""


def fit(
    interactions: Interactions,
    parameters: TrainingParameters,
    *,
    epochs: int,
    on_epoch: Callable[[int], None] = lambda done: None,
) -> Factors:
    """Fit for a number of epochs. The same input and seed give the same bits (one thread).

    Fewer than two shoppers or products leave nothing to compare: zeros come back.
    """
    fitted = _zeros(interactions, parameters)
    for done, factors in enumerate(_epochs(interactions, parameters, epochs), start=1):
        fitted = factors
        on_epoch(done)
    return fitted


def fit_early_stopped(
    interactions: Interactions,
    parameters: TrainingParameters,
    *,
    quality: Callable[[Factors], float],
    on_epoch: Callable[[int], None] = lambda done: None,
) -> Stopped:
    """Fit until `quality` (of a later window, larger is better) has not grown for `patience` epochs."""
    best, history = Stopped(0, _zeros(interactions, parameters), ()), list[float]()
    for done, factors in enumerate(_epochs(interactions, parameters, parameters.max_epochs), start=1):
        history.append(quality(factors))
        if history[-1] > max(history[:-1], default=-np.inf):
            best = Stopped(done, factors, ())
        on_epoch(done)
        if done - best.epochs >= parameters.patience:
            break
    return Stopped(best.epochs, best.factors, tuple(history))


def _epochs(interactions: Interactions, parameters: TrainingParameters, epochs: int) -> Iterator[Factors]:
    """The factors after each epoch."""
    if interactions.shopper_count < 2 or interactions.product_count < 2:
        return
    model = LightFM(
        no_components=parameters.components,
        loss="warp",
        learning_schedule="adagrad",
        learning_rate=parameters.learning_rate,
        max_sampled=parameters.max_sampled,
        random_state=parameters.seed,
    )
    weights = coo_matrix(
        (interactions.weights, (interactions.shoppers(), interactions.products)),
        shape=(interactions.shopper_count, interactions.product_count),
    )
    pairs = coo_matrix((np.ones_like(interactions.weights), (weights.row, weights.col)), shape=weights.shape)
    for _ in range(epochs):
        model.fit_partial(pairs, sample_weight=weights, epochs=1, num_threads=1)
        yield Factors(model.user_embeddings.copy(), model.item_embeddings.copy(), model.item_biases.copy())


def _zeros(interactions: Interactions, parameters: TrainingParameters) -> Factors:
    return Factors(
        np.zeros((interactions.shopper_count, parameters.components), np.float32),
        np.zeros((interactions.product_count, parameters.components), np.float32),
        np.zeros(interactions.product_count, np.float32),
    )
