"""Choosing: how long to fit and how much habit to blend in, decided on a tuning window."""

from collections.abc import Callable
from dataclasses import dataclass
from math import sqrt

import numpy as np

from recommender.purchases import Purchases
from recommender.training.blend import Signals, blend, read_signals
from recommender.training.dataset import Window, window
from recommender.training.evaluate import Report, evaluate
from recommender.training.fit import Factors, fit_early_stopped
from recommender.training.parameters import DAY_S, TrainingParameters


@dataclass(frozen=True, slots=True)
class Choice:
    """What the tuning window said."""

    epochs: int
    habit_weight: float
    """0 in a shop where nobody buys the same thing twice."""
    tuned: bool
    """False: too little data, these are the defaults."""


def choose(
    purchases: Purchases, parameters: TrainingParameters, *, end_s: int, on_epoch: Callable[[int], None]
) -> Choice:
    """Fit before the last window that ends at `end_s`, and keep what foretells that window best."""
    seen = last_window(purchases, parameters, end_s=end_s)
    if scored_shoppers(seen) < parameters.min_scored_shoppers:
        return Choice(parameters.default_epochs, parameters.default_habit_weight, tuned=False)
    signals = read_signals(seen.train, parameters, as_of_s=end_s - parameters.window_days * DAY_S)

    def reached(factors: Factors, habit_weight: float) -> Report:
        return _reached(factors, signals, seen, parameters, habit_weight)

    stopped = fit_early_stopped(
        signals.interactions, parameters, quality=lambda factors: _both(reached(factors, 0)), on_epoch=on_epoch
    )
    habit_weight = max(parameters.habit_weights, key=lambda weight: reached(stopped.factors, weight).all.ndcg)
    return Choice(stopped.epochs or parameters.default_epochs, habit_weight, tuned=True)


def last_window(purchases: Purchases, parameters: TrainingParameters, *, end_s: int) -> Window:
    """The window that ends at `end_s`; the model's own rule says which products are known before it."""
    start_s = end_s - parameters.window_days * DAY_S
    lines = len(purchases.before(start_s))
    return window(purchases, start_s=start_s, end_s=end_s, min_product_lines=parameters.min_product_lines(lines))


def scored_shoppers(seen: Window) -> int:
    """How many shoppers known before the window bought a known product in it."""
    return int(np.count_nonzero(np.diff(seen.labels.starts)))


def _reached(
    factors: Factors, signals: Signals, seen: Window, parameters: TrainingParameters, habit_weight: float
) -> Report:
    return evaluate(
        blend(factors, signals, parameters, habit_weight=habit_weight),
        bought=signals.bought,
        labels=seen.labels,
        k=parameters.k,
        max_shoppers=parameters.max_scored_shoppers,
    )


def _both(report: Report) -> float:
    """The geometric mean of both lists. The tiny number lets one list decide where the other has none."""
    return sqrt((report.all.ndcg + 1e-6) * (report.novel.ndcg + 1e-6))
