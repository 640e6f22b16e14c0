"""What was learned: the arrays of a model, before they have a tenant and a version."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recommender.id_map import IdMap
from recommender.training.state import State


class NothingToLearn(Exception):
    """The record holds no purchase that a model could learn from; the message is for the merchant."""


@dataclass(frozen=True, slots=True, eq=False)
class Learned:
    """The parts of a model of S shoppers, P products, F features, G segments, C cold shoppers.

    Lists hold product indices, best first, then -1.
    """

    shoppers: IdMap
    products: IdMap
    shopper_vectors: NDArray[np.float32]
    """Shape (S, d): LightFM's, as the next two. A product scores shopper vector · product vector + product bias."""
    product_vectors: NDArray[np.float32]
    """Shape (P, d)."""
    product_biases: NDArray[np.float32]
    """Shape (P,)."""
    for_you: NDArray[np.int32]
    """Shape (S, 200)."""
    for_you_because: NDArray[np.int32]
    """Shape (S, 200): the own purchase that speaks most for it, itself where it was bought before, -1 for none."""
    for_you_scores: NDArray[np.float32]
    """Shape (S, 200): what the ranker says, descending; the lowest float where there is no product."""
    discover: NDArray[np.int32]
    """Shape (S, 100): never bought before."""
    discover_because: NDArray[np.int32]
    """Shape (S, 100)."""
    buy_again: NDArray[np.int32]
    """Shape (S, 60): bought before, and bought repeatedly by people."""
    bought_starts: NDArray[np.int64]
    """Shape (S + 1,): the shopper's part of `bought`."""
    bought: NDArray[np.int32]
    """What each shopper ever bought."""
    similar: NDArray[np.int32]
    """Shape (P, 50): what may stand instead."""
    together: NDArray[np.int32]
    """Shape (P, 50): bought in the same orders."""
    popular: NDArray[np.int32]
    """Shape (P,): every product once; so is trending."""
    trending: NDArray[np.int32]
    repeat_rate: NDArray[np.float32]
    """Shape (P,): share of a product's buyers who bought it on a second day, shrunk to its type's and the shop's."""
    features: IdMap
    """Names such as "brand:Acme", "category:Shoes", "type:Boots"."""
    feature_vectors: NDArray[np.float32]
    """Shape (F, d2)."""
    feature_biases: NDArray[np.float32]
    """Shape (F,)."""
    shopper_tastes: NDArray[np.float32]
    """Shape (S, d2)."""
    kinds: IdMap
    """Types and types of a brand, see `recommender.training.kinds`."""
    leaning_starts: NDArray[np.int64]
    """Shape (S + 1,): shopper s leans to the kinds `leaning_kinds[leaning_starts[s]:leaning_starts[s + 1]]`."""
    leaning_kinds: NDArray[np.int32]
    leaning_weights: NDArray[np.float32]
    """What each adds to a product that nobody bought yet: taste · mean of feature vectors + mean of biases + these."""
    segments: IdMap
    """Such as "occupation=nurse": of at least 10 buyers."""
    segment_popular: NDArray[np.int32]
    """Shape (G, 100): what a segment's shoppers buy of late."""
    cold_shoppers: IdMap
    """Shoppers without a purchase that are in a segment."""
    cold_segments: NDArray[np.int32]
    """Shape (C,): the one segment that tells most of a cold shopper."""
    state: State
    """For the next training's `warm`."""
    parameters: dict[str, object]
    metrics: dict[str, object]
    objection: str | None
    """Why it should not serve, or None."""
    warnings: list[str]
    """Sentences for the merchant about the data and what cannot be done yet."""
