"""Last basket: each shopper's last order is foretold from what was before it."""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from recommender.feedback import Feedback
from recommender.interactions import from_pairs
from recommender.serving.ranking import rank
from recommender.training.dataset import cut_at
from recommender.training.learn import learn
from recommender.training.parameters import TrainingParameters
from tests.benchmarks.lists_scored import Figures, Question
from tests.benchmarks.single_models import FromHabit


def last_basket_figures(feedback: Feedback, parameters: TrainingParameters) -> Figures:
    """Train without the last order of everyone; ours beside decayed frequency and popularity."""
    last = _is_last(feedback)
    known = replace(feedback, purchases=feedback.purchases.where(~last))
    learned = learn(known, parameters, lambda stage, progress: None)
    cut = cut_at(known, parameters, as_of_s=known.purchases.end_s)
    baskets = feedback.purchases.where(last)
    rows = cut.purchases.shoppers.places(feedback.purchases.shoppers)[baskets.shopper_indices]
    columns = cut.purchases.products.places(feedback.purchases.products)[baskets.product_indices]
    both = (rows >= 0) & (columns >= 0)
    relevant = from_pairs(rows[both], columns[both], np.ones(int(both.sum())), cut.shape)
    question = Question(relevant, cut.bought)
    everyone = np.arange(cut.shape[0])
    habit = rank(FromHabit(cut.bought, cut.popular), everyone, product_count=cut.shape[1], k=20).products
    return {
        "shoppers": len(question.shoppers),
        "ours": question.figures(learned.for_you),
        "personal_frequency": question.figures(habit),
        "popularity": question.figures(np.tile(learned.popular[:20], (cut.shape[0], 1))),
        "ahead_of_personal_frequency": question.ahead(learned.for_you, habit),
    }


def _is_last(feedback: Feedback) -> NDArray[np.bool_]:
    """Which lines belong to their shopper's last order."""
    lines = feedback.purchases
    latest = np.zeros(len(lines.shoppers), np.int64)
    np.maximum.at(latest, lines.shopper_indices, lines.ordered_at_s)
    return np.asarray(lines.ordered_at_s == latest[lines.shopper_indices])
