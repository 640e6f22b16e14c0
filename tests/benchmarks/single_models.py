"""Single models: what each source of the product reaches alone, over the whole catalogue."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recommender.interactions import Interactions
from recommender.serving.ranking import Source
from recommender.training.dataset import Cut
from recommender.training.fit import Factors
from recommender.training.learn import Learned
from recommender.training.parameters import TrainingParameters
from recommender.training.sources.ease import fit_ease
from recommender.training.sources.everyone import FromEveryone
from recommender.training.stage import prepare


@dataclass(frozen=True, slots=True)
class FromHabit:
    """Decayed personal frequency; behind it, and among equals, what everyone buys."""

    bought: Interactions
    popular: NDArray[np.float64]

    def scores(self, shoppers: NDArray[np.integer]) -> NDArray[np.float32]:
        everyone = (self.popular / self.popular.sum() * 1e-3).astype(np.float32)
        scores = np.tile(everyone, (len(shoppers), 1))
        at = self.bought.rows(shoppers)
        scores[at.shoppers(), at.products] += at.weights
        return scores


def single_models(cut: Cut, learned: Learned, parameters: TrainingParameters) -> Mapping[str, Source]:
    """By name; LightFM as the product learned it."""
    factors = Factors(learned.shopper_vectors, learned.product_vectors, learned.product_biases)
    sources = prepare(cut, factors, parameters, ease=False).sources
    features = cut.facts.matrix()
    of_features = Factors(learned.shopper_tastes, features @ learned.feature_vectors, features @ learned.feature_biases)
    return {
        "popularity": FromEveryone(cut.popular.astype(np.float32)),
        "personal_frequency": FromHabit(cut.bought, cut.popular),
        "ease": fit_ease(cut.counted, regularisation=parameters.ease_regularisation),
        "lightfm": factors,
        "lightfm_features_only": of_features,
        "basket_co_occurrence": sources["baskets"],
    }
