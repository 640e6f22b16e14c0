"""The blend that is served: LightFM's factors, what everyone buys now, and what the shopper buys again and again."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recommender.interactions import Interactions
from recommender.purchases import Purchases
from recommender.serving.ranking import Scoring
from recommender.training.baselines import personal_frequency, popularity
from recommender.training.dataset import interactions
from recommender.training.fit import Factors
from recommender.training.parameters import TrainingParameters


@dataclass(frozen=True, slots=True)
class Signals:
    """What is counted in purchases up to a time; all with the id maps of these purchases."""

    interactions: Interactions
    """What LightFM learns from."""
    bought: Interactions
    """Every pair ever bought, weighted with the shopper's personal frequency."""
    popular: NDArray[np.float64]
    """Shape (products,)."""


def read_signals(purchases: Purchases, parameters: TrainingParameters, *, as_of_s: int) -> Signals:
    return Signals(
        interactions(purchases, as_of_s=as_of_s, half_life_days=parameters.interaction_half_life_days),
        personal_frequency(purchases, as_of_s=as_of_s, half_life_days=parameters.habit_half_life_days),
        popularity(purchases, as_of_s=as_of_s, half_life_days=parameters.popularity_half_life_days),
    )


def blend(factors: Factors, signals: Signals, parameters: TrainingParameters, *, habit_weight: float) -> Scoring:
    """LightFM's score + popularity_weight × log1p(popularity) + habit_weight × personal frequency."""
    everyone = parameters.popularity_weight * np.log1p(signals.popular)
    bought = signals.bought
    habits = Interactions(
        bought.starts, bought.products, bought.weights * np.float32(habit_weight), bought.product_count
    )
    return Scoring(
        factors.shopper_vectors,
        factors.product_vectors,
        (factors.product_biases + everyone).astype(np.float32),
        habits if habit_weight else None,
    )


def plain(factors: Factors) -> Scoring:
    """LightFM alone, for comparison."""
    return Scoring(factors.shopper_vectors, factors.product_vectors, factors.product_biases)
