"""Quality: the lists that the product serves, and each single model, on four weeks that nothing has seen.

Complete Journey; trained before 2017-12-04, labels are the four weeks after. The gate inside `learn` looks at the four
weeks before; every constant was chosen on labels from 2017-11-06 or earlier.
"""

import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
from numpy.typing import NDArray

from recommender.feedback import Feedback
from recommender.serving.ranking import rank
from recommender.training.dataset import Cut, cut_at, labels_of
from recommender.training.learn import Learned, learn
from recommender.training.parameters import TrainingParameters
from tests.benchmarks.cold import cold_figures
from tests.benchmarks.complete_journey import before, read_feedback
from tests.benchmarks.last_basket import last_basket_figures
from tests.benchmarks.lists_scored import Figures, Question
from tests.benchmarks.single_models import single_models

CUT = datetime(2017, 12, 4, tzinfo=UTC)
OURS = "ours"
Lists = dict[str, dict[str, NDArray[np.int32]]]
"""By task (all, novel), then by model; a row for every shopper."""


def run() -> Figures:
    """`ratio`: NDCG@20 over all products of what is served, over that of 14-day popularity."""
    return measure(CUT)


def measure(cut_at_time: datetime) -> Figures:
    """The whole table for one cut."""
    started, parameters = time.perf_counter(), TrainingParameters()
    cut_s = int(cut_at_time.timestamp())
    end_s = cut_s + int(timedelta(days=parameters.window_days).total_seconds())
    feedback = read_feedback(priced_before=CUT.strftime("%Y-%m-%d"))
    known = before(feedback, cut_s)
    learned = learn(known, parameters, lambda stage, progress: None)
    learned_s = time.perf_counter() - started
    cut = cut_at(known, parameters, as_of_s=cut_s)
    labels = labels_of(feedback.purchases, cut, end_s=end_s)
    questions = {"all": Question(labels, cut.bought), "novel": Question(labels.without(cut.bought), cut.bought)}
    lists = _lists(known, cut, learned, parameters)
    models = {
        task: {name: question.figures(found) for name, found in lists[task].items()}
        for task, question in questions.items()
    }
    return {
        "name": "quality",
        "ratio": round(_ndcg20(models, "all", OURS) / _ndcg20(models, "all", "popularity"), 3),
        "all_ndcg20": _ndcg20(models, "all", OURS),
        "novel_ndcg20": _ndcg20(models, "novel", OURS),
        "shoppers": len(questions["all"].shoppers),
        "products": cut.shape[1],
        "ranker": learned.metrics["ranker"],
        "objection": learned.objection,
        "models": models,
        "ahead_of": {
            task: {
                name: question.ahead(lists[task][OURS], found) for name, found in lists[task].items() if name != OURS
            }
            for task, question in questions.items()
        },
        **cold_figures(feedback, parameters, cut_s=cut_s, end_s=end_s),
        "last_basket": last_basket_figures(known, parameters),
        "learn_seconds": round(learned_s, 1),
        "seconds": round(time.perf_counter() - started, 1),
    }


def _lists(known: Feedback, cut: Cut, learned: Learned, parameters: TrainingParameters) -> Lists:
    """Ours as they would be served, the logistic ranker's by the same road, and each single model's."""
    straight = learn(known, replace(parameters, tree_positives=10**9), lambda stage, progress: None)
    everyone, products = np.arange(cut.shape[0]), cut.shape[1]
    found: Lists = {
        "all": {OURS: learned.for_you, "logistic_ranker": straight.for_you},
        "novel": {OURS: learned.discover, "logistic_ranker": straight.discover},
    }
    for name, source in single_models(cut, learned, parameters).items():
        found["all"][name] = rank(source, everyone, product_count=products, k=20).products
        found["novel"][name] = rank(source, everyone, product_count=products, k=20, hidden=cut.bought).products
    return found


def _ndcg20(models: dict[str, dict[str, Figures]], task: str, name: str) -> float:
    value = models[task][name]["ndcg20"]
    assert isinstance(value, float)
    return value
