"""Learning: purchases become what a model holds. Knows neither tenant nor database."""

from collections.abc import Callable
from dataclasses import asdict, dataclass

import numpy as np
from numpy.typing import NDArray

from recommender.id_map import IdMap
from recommender.purchases import Purchases
from recommender.serving.ranking import best, rank
from recommender.training.assess import assess
from recommender.training.blend import blend, read_signals
from recommender.training.choose import choose
from recommender.training.dataset import known
from recommender.training.fit import fit
from recommender.training.neighbours import neighbours
from recommender.training.parameters import DAY_S, TrainingParameters

ReportProgress = Callable[[str, float], None]
"""Called with a stage's name and how much of the whole is done, 0 to 1."""


class NothingToLearn(Exception):
    """The record holds no purchase that a model could learn from; the message is for the merchant."""


@dataclass(frozen=True, slots=True, eq=False)
class Learned:
    """The parts of a model; see `recommender.model.Model` for the arrays."""

    shoppers: IdMap
    products: IdMap
    features: IdMap
    for_you: NDArray[np.int32]
    for_you_because: NDArray[np.int32]
    for_you_scores: NDArray[np.float32]
    discover: NDArray[np.int32]
    discover_because: NDArray[np.int32]
    buy_again: NDArray[np.int32]
    bought_starts: NDArray[np.int64]
    bought: NDArray[np.int32]
    similar: NDArray[np.int32]
    together: NDArray[np.int32]
    popular: NDArray[np.int32]
    trending: NDArray[np.int32]
    repeat_rates: NDArray[np.float32]
    shopper_vectors: NDArray[np.float32]
    product_vectors: NDArray[np.float32]
    product_biases: NDArray[np.float32]
    shopper_tastes: NDArray[np.float32]
    feature_vectors: NDArray[np.float32]
    feature_biases: NDArray[np.float32]
    metrics: dict[str, object]
    objection: str | None
    """Why it should not serve, or None."""


def learn(purchases: Purchases, parameters: TrainingParameters, report: ReportProgress) -> Learned:
    """Choose on the last window but one, assess on the last, fit on everything. Costs up to 30 epochs of LightFM."""
    if not len(purchases):
        raise NothingToLearn("There are no orders to learn from yet.")
    end_s = purchases.end_s
    choice = choose(
        purchases,
        parameters,
        end_s=end_s - parameters.window_days * DAY_S,
        on_epoch=_share(report, "choosing", 0.05, 0.45, parameters.max_epochs),
    )
    assessment = assess(
        purchases,
        choice,
        parameters,
        end_s=end_s,
        on_epoch=_share(report, "evaluating", 0.45, 0.65, choice.epochs),
    )

    train = known(purchases, min_product_lines=parameters.min_product_lines(len(purchases)))
    if not len(train):
        raise NothingToLearn("No product was bought often enough to learn from yet.")
    signals = read_signals(train, parameters, as_of_s=end_s)
    factors = fit(
        signals.interactions,
        parameters,
        epochs=choice.epochs,
        on_epoch=_share(report, "learning", 0.65, 0.9, choice.epochs),
    )
    scoring = blend(factors, signals, parameters, habit_weight=choice.habit_weight)

    report("listing", 0.9)
    everyone = np.arange(len(train.shoppers))
    for_you = rank(scoring, everyone, k=parameters.for_you_length)
    none = np.full_like(for_you.products, -1)
    discover = rank(scoring, everyone, k=100, hidden=signals.bought).products
    near = neighbours(signals.bought, length=parameters.similar_length)
    order = best(signals.popular.astype(np.float32)[None, :], len(train.products)).products[0]
    return Learned(
        shoppers=train.shoppers,
        products=train.products,
        features=IdMap.of([]),
        for_you=for_you.products,
        for_you_because=none,
        for_you_scores=np.where(np.isfinite(for_you.scores), for_you.scores, 0).astype(np.float32),
        discover=discover,
        discover_because=np.full_like(discover, -1),
        buy_again=np.full((len(train.shoppers), 60), -1, np.int32),
        bought_starts=signals.bought.starts,
        bought=signals.bought.products,
        similar=near,
        together=near,
        popular=order,
        trending=order,
        repeat_rates=np.ones(len(train.products), np.float32),
        shopper_vectors=scoring.shopper_vectors,
        product_vectors=scoring.product_vectors,
        product_biases=scoring.product_biases,
        shopper_tastes=np.zeros((len(train.shoppers), 1), np.float32),
        feature_vectors=np.zeros((0, 1), np.float32),
        feature_biases=np.zeros(0, np.float32),
        metrics={
            "lines": len(purchases),
            "pairs": len(signals.interactions),
            "choice": asdict(choice),
            **assessment.metrics(),
        },
        objection=assessment.objection(),
    )


def _share(report: ReportProgress, stage: str, start: float, end: float, epochs: int) -> Callable[[int], None]:
    """Epochs done, as a part of the whole between `start` and `end`."""
    return lambda done: report(stage, start + (end - start) * done / epochs)
