"""Learning: feedback becomes what a model holds. Knows neither tenant nor database."""

from dataclasses import asdict, replace

import numpy as np
from numpy.typing import NDArray

from recommender.feedback import Feedback
from recommender.serving.ranking import best
from recommender.training.active import Active
from recommender.training.because import find_because
from recommender.training.dataset import Cut, cut_at
from recommender.training.fit import Factors
from recommender.training.gate import Decision, decide
from recommender.training.health import data_warnings
from recommender.training.learned import Learned, NothingToLearn
from recommender.training.lists import Lists, make_lists
from recommender.training.panel import describe, names
from recommender.training.parameters import TrainingParameters
from recommender.training.progress import ReportProgress, part_of
from recommender.training.related import find_similar
from recommender.training.segment_lists import list_segments
from recommender.training.sources.baskets import find_companions
from recommender.training.sources.ease import fits_ease
from recommender.training.stage import Stage, prepare
from recommender.training.state import State
from recommender.training.tastes import fit_tastes
from recommender.training.trending import trending
from recommender.training.tune import Tuned, tune
from recommender.training.untrained import untrained
from recommender.training.warm import Fits
from recommender.training.windows import windows_of

__all__ = ["Learned", "NothingToLearn", "learn"]


def learn(
    feedback: Feedback,
    parameters: TrainingParameters,
    report: ReportProgress,
    *,
    warm: State | None = None,
    active: Active | None = None,
) -> Learned:
    """Fit and count at three times, a window apart; decide on the last window; make the lists as of the last order.

    `warm` saves LightFM's start: give it only where nobody was erased since it began. `active` is what serves now.
    The same input gives the same bits. Raises NothingToLearn.
    """
    if not len(feedback.purchases):
        raise NothingToLearn("There are no orders to learn from yet.")
    report("counting", 0.02)
    windows = windows_of(feedback.purchases, parameters)
    now = cut_at(feedback, parameters, as_of_s=windows.end_s)
    if not len(now.purchases):
        raise NothingToLearn("No product was bought often enough to learn from yet.")
    ease, tuned = fits_ease(now.counted), None
    if parameters.tune_seconds > 0:
        tuned = tune(feedback, windows, parameters, ease=ease, report=part_of(report, 0.02, 0.05))
        parameters = tuned.parameters
        now = cut_at(feedback, parameters, as_of_s=windows.end_s)
    fits = Fits(parameters, warm)
    decision = decide(feedback, windows, parameters, fits, ease=ease, active=active, report=part_of(report, 0.05, 0.6))
    factors = fits.at(now, part_of(report, 0.6, 0.7))
    stage = prepare(now, factors, parameters, ease=ease)
    report("listing", 0.8)
    lists = _lists(stage, decision, parameters)
    report("relating", 0.9)
    learned = _learned(feedback, stage, factors, lists, decision, parameters, fits.state())
    return replace(learned, metrics={**learned.metrics, **_tuning(tuned)})


def _tuning(tuned: Tuned | None) -> dict[str, object]:
    """What the search gained on the tuning window."""
    return {"tuned": {"trials": tuned.trials, "before": tuned.before, "after": tuned.after}} if tuned else {}


def _lists(stage: Stage, decision: Decision | None, parameters: TrainingParameters) -> Lists:
    everyone = np.arange(stage.cut.shape[0])
    ranker = decision.ranker if decision else untrained(names(stage))
    return make_lists(
        describe(stage, everyone, parameters),
        {"": ranker},
        everyone,
        repeat_rate=stage.repeat_rate,
        parameters=parameters,
    )[""]


def _learned(
    feedback: Feedback,
    stage: Stage,
    factors: Factors,
    lists: Lists,
    decision: Decision | None,
    parameters: TrainingParameters,
    state: State,
) -> Learned:
    cut, everyone = stage.cut, np.arange(stage.cut.shape[0])
    near = find_companions(cut.bought, length=parameters.companions_length, power=0.8, shrinkage=10)
    tastes = fit_tastes(cut, parameters)
    alike = list_segments(feedback.segments, cut, half_life_days=parameters.popularity_half_life_days)
    return Learned(
        shoppers=cut.purchases.shoppers,
        products=cut.purchases.products,
        shopper_vectors=factors.shopper_vectors,
        product_vectors=factors.product_vectors,
        product_biases=factors.product_biases,
        for_you=lists.for_you,
        for_you_because=find_because(lists.for_you, everyone, cut.bought, near),
        for_you_scores=lists.for_you_scores,
        discover=lists.discover,
        discover_because=find_because(lists.discover, everyone, cut.bought, near),
        buy_again=lists.buy_again,
        bought_starts=cut.bought.starts,
        bought=cut.bought.products,
        similar=find_similar(cut, near, length=parameters.similar_length),
        together=stage.together.products[:, : parameters.together_length],
        popular=_ordered(cut.popular),
        trending=_ordered(trending(cut)),
        repeat_rate=stage.repeat_rate,
        features=cut.facts.features,
        feature_vectors=tastes.feature_vectors,
        feature_biases=tastes.feature_biases,
        shopper_tastes=tastes.shopper_tastes,
        kinds=tastes.kinds,
        leaning_starts=tastes.leaning_starts,
        leaning_kinds=tastes.leaning_kinds,
        leaning_weights=tastes.leaning_weights,
        segments=alike.segments,
        segment_popular=alike.popular,
        cold_shoppers=alike.cold_shoppers,
        cold_segments=alike.cold_segments,
        state=state,
        parameters=asdict(parameters),
        metrics=_metrics(feedback, cut, decision),
        objection=decision.objection if decision else None,
        warnings=[*data_warnings(feedback, cut), *_not_yet(decision)],
    )


def _ordered(values: NDArray[np.float64]) -> NDArray[np.int32]:
    """Every product once, the greatest first; equal ones by index."""
    ordered: NDArray[np.int32] = best(values.astype(np.float32)[None, :], len(values)).products[0]
    return ordered


def _metrics(feedback: Feedback, cut: Cut, decision: Decision | None) -> dict[str, object]:
    counts: dict[str, object] = {
        "lines": len(feedback.purchases),
        "pairs": len(cut.bought),
        "shoppers": cut.shape[0],
        "products": cut.shape[1],
        "as_of_s": cut.as_of_s,
    }
    if decision is None:
        return {**counts, "ranker": "untrained", "evaluated": False, "reason": TOO_THIN}
    return {**counts, "ranker": decision.ranker.kind, **decision.assessment.metrics()}


def _not_yet(decision: Decision | None) -> list[str]:
    """What a young shop has to wait for."""
    if decision is None:
        return [TOO_THIN]
    if "untrained" in decision.ranker.kind:
        return ["There are too few repeated windows of purchases to learn an order from: part of it is a fixed rule."]
    return []


TOO_THIN = (
    "Too few shoppers bought again lately to learn from that or to measure the lists: they are put together by a fixed "
    "rule until more orders come."
)
