"""Tuning: a search for better parameters, each tried on a whole gate that ends a window earlier than ours."""

from dataclasses import dataclass, replace
from math import sqrt
from typing import TYPE_CHECKING

from recommender.feedback import Feedback
from recommender.training.gate import decide
from recommender.training.parameters import TrainingParameters
from recommender.training.progress import ReportProgress
from recommender.training.warm import Fits
from recommender.training.windows import Windows

if TYPE_CHECKING:
    from optuna.trial import BaseTrial, Trial

MOST_TRIALS = 100


@dataclass(frozen=True, slots=True)
class Tuned:
    """What the search found."""

    parameters: TrainingParameters
    trials: int
    before: float
    """What the given parameters reached on the tuning window: the geometric mean of NDCG over all and over novel."""
    after: float


def tune(
    feedback: Feedback,
    windows: Windows,
    parameters: TrainingParameters,
    *,
    ease: bool,
    report: ReportProgress,
    most_trials: int = MOST_TRIALS,
) -> Tuned:
    """Search for `tune_seconds`; a trial that has begun is finished. The last window is never looked at.

    The given parameters are the first trial, so what comes back is no worse on the tuning window. The order of trials
    depends on the seed alone, how many there are on the machine's speed.
    """
    import optuna  # costs a second, which a training without tuning does not pay

    earlier = Windows(windows.late_s, windows.length_s)
    known = replace(feedback, purchases=feedback.purchases.before(windows.late_s))

    def reached(trial: "Trial") -> float:
        report("tuning", min(0.99, trial.number / most_trials))
        return _reached(known, earlier, _suggested(trial, parameters), ease=ease)

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    study = optuna.create_study(direction="maximize", sampler=optuna.samplers.TPESampler(seed=parameters.seed))
    study.enqueue_trial(_given(parameters))
    study.optimize(reached, n_trials=most_trials, timeout=parameters.tune_seconds)
    before = study.trials[0].value or 0.0
    found = (
        _suggested(optuna.trial.FixedTrial(study.best_params), parameters) if study.best_value > before else parameters
    )
    return Tuned(found, len(study.trials), before, study.best_value)


def _reached(feedback: Feedback, windows: Windows, parameters: TrainingParameters, *, ease: bool) -> float:
    """0 where the window is too thin to tell."""
    fits = Fits(parameters, None)
    decision = decide(feedback, windows, parameters, fits, ease=ease, active=None, report=lambda stage, done: None)
    if decision is None:
        return 0.0
    both = (decision.assessment.quality(task) for task in ("all", "novel"))
    everything, novel = (0.0 if one is None else one.ndcg for one in both)
    return sqrt((everything + 1e-6) * (novel + 1e-6))


def _given(parameters: TrainingParameters) -> dict[str, float]:
    """The names and values of `_suggested`."""
    return {
        "epochs": parameters.epochs,
        "components": parameters.components,
        "interaction_half_life_days": parameters.interaction_half_life_days,
        "habit_half_life_days": parameters.habit_half_life_days,
        "popularity_half_life_days": parameters.popularity_half_life_days,
        "basket_half_life_days": parameters.basket_half_life_days,
        "ridge": parameters.ridge,
        "leaves": parameters.trees.leaves,
        "tree_learning_rate": parameters.trees.learning_rate,
    }


def _suggested(trial: "BaseTrial", parameters: TrainingParameters) -> TrainingParameters:
    """The few that matter, on a logarithmic scale; everything else stays as given."""

    def whole(name: str, low: int, high: int) -> int:
        return trial.suggest_int(name, low, high, log=True)

    def number(name: str, low: float, high: float) -> float:
        return trial.suggest_float(name, low, high, log=True)

    return replace(
        parameters,
        epochs=whole("epochs", 1, 10),
        components=whole("components", 8, 96),
        interaction_half_life_days=number("interaction_half_life_days", 20, 240),
        habit_half_life_days=number("habit_half_life_days", 30, 240),
        popularity_half_life_days=number("popularity_half_life_days", 5, 45),
        basket_half_life_days=number("basket_half_life_days", 10, 90),
        ridge=number("ridge", 1, 300),
        trees=replace(
            parameters.trees, leaves=whole("leaves", 7, 63), learning_rate=number("tree_learning_rate", 0.04, 0.2)
        ),
    )
