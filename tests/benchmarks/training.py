"""Training: how long our fit takes, from purchases to factors, beside LightFM and ALS called by hand on the same pairs;
and how many small tenants a fleet trains in a minute with the full pipeline.
"""

import resource
import time

from implicit.cpu.als import AlternatingLeastSquares
from lightfm import LightFM
from scipy.sparse import coo_matrix, csr_matrix
from threadpoolctl import threadpool_limits

from recommender.interactions import Interactions
from recommender.training.dataset import cut_at
from recommender.training.fit import fit
from recommender.training.parameters import TrainingParameters
from tests.benchmarks.complete_journey import read_feedback
from tests.benchmarks.fleet import measure_fleet

EPOCHS = 6


def run() -> dict[str, object]:
    """`seconds_per_100k` counts de-duplicated pairs and all epochs; `peak_mb` is the process's, of a million lines.

    `ratio` is to LightFM by hand. `als_seconds` is what implicit's ALS takes of one thread for as many factors and
    rounds.
    """
    fleet = measure_fleet()  # first, for the peak of a child is at least what its parent held when it was started
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
        "als_seconds": round(_by_als(pairs, parameters), 2),
        **fleet,
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


def _by_als(pairs: Interactions, parameters: TrainingParameters) -> float:
    """Seconds of implicit's `fit` alone."""
    shape = (pairs.shopper_count, pairs.product_count)
    weights = csr_matrix((pairs.weights, pairs.products, pairs.starts), shape=shape)
    model = AlternatingLeastSquares(
        factors=parameters.components, iterations=EPOCHS, num_threads=1, random_state=parameters.seed
    )
    with threadpool_limits(1, "blas"):
        started = time.perf_counter()
        model.fit(weights, show_progress=False)
        return time.perf_counter() - started
