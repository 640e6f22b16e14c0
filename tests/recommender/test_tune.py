"""Tuning: looks at the window before the last only, and never hands back worse parameters than it was given."""

import json
from dataclasses import asdict, replace

import numpy as np

from recommender.training.learn import learn
from recommender.training.parameters import TrainingParameters, parameters_of
from recommender.training.tune import Tuned, tune
from recommender.training.windows import windows_of
from tests.recommender.shops import two_tastes, with_facts

SMALL = TrainingParameters(components=8, taste_components=4, tune_seconds=60)


def tuned(feedback_changed: bool = False) -> Tuned:
    feedback = with_facts(two_tastes())
    windows = windows_of(feedback.purchases, SMALL)
    if feedback_changed:
        purchases = feedback.purchases
        later = purchases.ordered_at_s >= windows.late_s
        moved = np.where(later, purchases.product_indices[0], purchases.product_indices).astype(np.int32)
        feedback = replace(feedback, purchases=replace(purchases, product_indices=moved))
    return tune(feedback, windows, SMALL, ease=True, report=lambda stage, done: None, most_trials=4)


def test_the_given_parameters_are_the_first_trial_so_nothing_gets_worse() -> None:
    found = tuned()
    assert found.trials == 4
    assert found.after >= found.before > 0
    assert found.parameters.seed == SMALL.seed


def test_the_same_seed_finds_the_same_parameters_and_the_last_window_is_never_looked_at() -> None:
    assert tuned() == tuned() == tuned(feedback_changed=True)


def test_a_training_that_tunes_says_what_it_gained() -> None:
    short = replace(SMALL, tune_seconds=0.01)
    metrics = learn(with_facts(two_tastes()), short, lambda stage, progress: None).metrics
    gained = metrics["tuned"]
    assert isinstance(gained, dict)
    assert gained["trials"] == 1
    assert gained["after"] == gained["before"]


def test_parameters_come_back_from_a_models_manifest() -> None:
    parameters = replace(TrainingParameters(), epochs=7, trees=replace(TrainingParameters().trees, leaves=9))
    stored = json.loads(json.dumps(asdict(parameters)))
    assert parameters_of({**stored, "no_longer_known": 1}) == parameters
