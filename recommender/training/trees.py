"""Trees: boosted by LightGBM, the ranker of shops with many purchases. The only file that imports lightgbm."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recommender.training.parameters import Growth, TrainingParameters


@dataclass(frozen=True, slots=True)
class Trees:
    """LightGBM's own text of the trees."""

    text: str
    threads: int

    def scores(self, values: NDArray[np.float32]) -> NDArray[np.float32]:
        """Log-odds up to a constant, one a row."""
        import lightgbm

        booster = lightgbm.Booster(model_str=self.text)
        scores = booster.predict(values, raw_score=True, num_threads=self.threads)
        return np.asarray(scores, np.float32)


def fit_trees(
    values: NDArray[np.float32], labels: NDArray[np.bool_], parameters: TrainingParameters, growth: Growth
) -> Trees:
    """The same input, seed and number of threads give the same trees."""
    import lightgbm  # costs seconds, which a small shop does not pay

    booster = lightgbm.train(
        {
            "objective": "binary",
            "learning_rate": growth.learning_rate,
            "num_leaves": growth.leaves,
            "min_data_in_leaf": growth.leaf_rows,
            "feature_fraction": growth.columns,
            "lambda_l2": 10.0,
            "max_bin": 127,
            "num_threads": parameters.threads,
            "seed": parameters.seed,
            "deterministic": True,
            "force_row_wise": True,
            "verbose": -1,
        },
        lightgbm.Dataset(values, labels.astype(np.float32)),
        num_boost_round=growth.rounds,
    )
    return Trees(booster.model_to_string(), parameters.threads)
