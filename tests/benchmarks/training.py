"""Training: how long our LightFM fit takes, from feedback to factors, beside LightFM by hand on the same pairs."""

import resource
import time

from lightfm import LightFM
from scipy.sparse import coo_matrix

from recommender.interactions import Interactions
from recommender.training.dataset import cut_at
from recommender.training.fit import fit
from recommender.training.parameters import TrainingParameters
from tests.benchmarks.complete_journey import read_feedback

EPOCHS = 6


def run() -> dict[str, object]:
    """`seconds_per_100k` counts de-duplicated pairs and all epochs; `peak_mb` is the process's."""
    parameters, feedback = TrainingParameters(), read_feedback()
    started = time.perf_counter()
    pairs = cut_at(feedback, parameters, as_of_s=feedback.purchases.end_s).liked
    fit(pairs, parameters, epochs=EPOCHS)
    seconds = time.perf_counter() - started
    peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    reference_seconds = _by_hand(pairs, parameters)
    return {
        "name": "training",
        "ratio": round(reference_seconds / seconds, 3),
        "seconds_per_100k": round(seconds / len(pairs) * 100_000, 3),
        "peak_mb": round(peak_mb),
        "lines": len(feedback.purchases),
        "pairs": len(pairs),
        "epochs": EPOCHS,
        "seconds": round(seconds, 2),
        "reference_seconds": round(reference_seconds, 2),
    }


def _by_hand(pairs: Interactions, parameters: TrainingParameters) -> float:
    """Seconds of `LightFM.fit` alone, one thread, the same loss, size and number of epochs."""
    shape = (pairs.shopper_count, pairs.product_count)
    weights = coo_matrix((pairs.weights, (pairs.shoppers(), pairs.products)), shape=shape)
    ones = coo_matrix(((pairs.weights > 0).astype("float32"), (weights.row, weights.col)), shape=shape)
    model = LightFM(
        no_components=parameters.components,
        loss="warp",
        learning_rate=parameters.learning_rate,
        max_sampled=parameters.max_sampled,
        random_state=parameters.seed,
    )
    started = time.perf_counter()
    model.fit(ones, sample_weight=weights, epochs=EPOCHS, num_threads=1)
    return time.perf_counter() - started
