"""The gate: what is learned before a window is assessed on it, and what is worse does not serve."""

import numpy as np
import pytest

from recommender.feedback import Feedback
from recommender.interactions import Interactions
from recommender.training.active import Active, object_to
from recommender.training.assess import SURE_SHOPPERS, Assessment, assess
from recommender.training.dataset import Cut, cut_at
from recommender.training.evaluate import Scored
from recommender.training.gate import Decision, decide
from recommender.training.learn import learn
from recommender.training.lists import LOWEST, Lists
from recommender.training.parameters import DAY_S, TrainingParameters
from recommender.training.warm import Fits
from recommender.training.windows import windows_of
from tests.recommender.shops import bought, pairs, two_tastes, with_facts

SMALL = TrainingParameters(components=8, taste_components=4)
MANY = SURE_SHOPPERS


def decided(feedback: Feedback, parameters: TrainingParameters = SMALL) -> Decision | None:
    windows = windows_of(feedback.purchases, parameters)
    fits = Fits(parameters, None)
    return decide(feedback, windows, parameters, fits, ease=True, active=None, report=lambda stage, done: None)


def scored(*ndcg: float) -> Scored:
    values = np.array(ndcg)
    return Scored(values, values, coverage=0.1, novelty=1.0)


def around(mean: float, shoppers: int = MANY) -> Scored:
    return scored(*(mean + 0.05 * (-1) ** number for number in range(shoppers)))


def test_a_shop_that_repeats_itself_is_foretold_better_than_by_popularity() -> None:
    decision = decided(with_facts(two_tastes(shoppers=120)))
    assert decision is not None
    assert decision.objection is None
    ours, popular = (decision.assessment.quality("all", name) for name in ("ours", "popularity"))
    assert ours is not None
    assert popular is not None
    assert ours.ndcg > 1.3 * popular.ndcg


def test_a_window_without_known_shoppers_decides_nothing() -> None:
    assert decided(with_facts(bought(*((f"s{number}", "x", number) for number in range(60))))) is None


@pytest.mark.parametrize(
    ("task", "floor"), [("again", "personal_frequency"), ("novel", "popularity")], ids=["buy again", "discover"]
)
def test_lists_below_their_floor_are_objected_to_when_that_is_no_chance(task: str, floor: str) -> None:
    def objection(ours: Scored, theirs: Scored) -> str | None:
        return Assessment(MANY, {task: {"ours": ours, floor: theirs}}).objection()

    assert objection(around(0.2), around(0.3)) is not None
    assert objection(around(0.3), around(0.2)) is None
    assert objection(around(0.2), around(0.2)) is None
    few = MANY - 1
    assert objection(around(0.2, few), around(0.3, few)) is None
    noisy = (
        scored(*np.random.default_rng(1).normal(0.2, 0.2, MANY)),
        scored(*np.random.default_rng(2).normal(0.2, 0.2, MANY)),
    )
    assert objection(*noisy) is None


def test_differences_are_paired_by_shopper() -> None:
    """Every shopper a little worse is certain, however much shoppers differ."""
    theirs = np.random.default_rng(3).random(MANY)
    ours = theirs - 0.01 + np.random.default_rng(4).normal(0, 0.001, MANY)
    assessment = Assessment(MANY, {"novel": {"ours": scored(*ours), "popularity": scored(*theirs)}})
    assert assessment.difference("novel", "popularity").worse
    assert assessment.objection() is not None


def small_window() -> tuple[Cut, Interactions]:
    """Sixty shoppers bought product 0; in the window each buys it again and product 1 for the first time."""
    lines = [(f"s{number:02}", "p0", 0.0) for number in range(60)] + [("other", "p1", 0.0), ("other", "p2", 0.0)]
    cut = cut_at(with_facts(bought(*lines)), SMALL, as_of_s=DAY_S)
    rows = [[0.0, 0, 0]] + [[1.0, 1, 0]] * 60
    return cut, pairs(rows)


def lists(*products: int) -> Lists:
    rows = np.tile(np.array([products], np.int32), (60, 1))
    return Lists(rows, np.full(rows.shape, LOWEST, np.float32), rows, rows)


def test_all_novel_and_again_look_at_their_own_list() -> None:
    cut, labels = small_window()
    assessment = assess({"ours": lists(1, 0, -1)}, np.arange(1, 61), cut, labels, k=3)
    reached = {task: assessment.quality(task) for task in ("all", "novel", "again")}
    assert {task: one.ndcg for task, one in reached.items() if one} == pytest.approx(
        {"all": 1.0, "novel": 1.0, "again": 1 / np.log2(3)}
    )


def active(cut: Cut, product: int, *, as_of_s: int, metrics: dict[str, object] | None = None) -> Active:
    listed = np.full((61, 3), -1, np.int32)
    listed[:, 0] = product
    return Active(as_of_s, cut.purchases.shoppers, cut.purchases.products, listed, listed, metrics or {})


def objected(ours: Lists, cut: Cut, labels: Interactions, serving: Active) -> str | None:
    shoppers = np.arange(1, 61)
    floors = {"personal_frequency": lists(0, 2, -1), "popularity": lists(0, 1, -1)}
    assessment = assess({"ours": ours, **floors}, shoppers, cut, labels, k=3)
    return object_to(assessment, ours, shoppers, cut, labels, serving, k=3)


def test_lists_worse_than_those_that_serve_are_objected_to_on_a_window_that_neither_knew() -> None:
    cut, labels = small_window()
    assert objected(lists(2, 2, -1), cut, labels, active(cut, 1, as_of_s=cut.as_of_s)) is not None
    assert objected(lists(1, 0, -1), cut, labels, active(cut, 2, as_of_s=cut.as_of_s)) is None


def test_a_version_that_knew_the_window_is_compared_by_its_recorded_lead_over_the_floor() -> None:
    cut, labels = small_window()

    def recorded(ours: float) -> dict[str, object]:
        def quality(ndcg: float) -> dict[str, float]:
            return {"shoppers": 60, "ndcg": ndcg, "ndcg_error": 0.01}

        return {
            "all": {"ours": quality(ours), "personal_frequency": quality(0.2)},
            "novel": {"ours": quality(ours), "popularity": quality(0.2)},
        }

    later = cut.as_of_s + 20 * DAY_S
    weak = lists(2, 1, -1)
    assert objected(weak, cut, labels, active(cut, 1, as_of_s=later, metrics=recorded(0.9))) is not None
    assert objected(weak, cut, labels, active(cut, 1, as_of_s=later, metrics=recorded(0.1))) is None
    assert objected(weak, cut, labels, active(cut, 1, as_of_s=later)) is None


def test_learning_again_on_the_same_data_does_not_object_to_itself() -> None:
    feedback = with_facts(two_tastes(shoppers=120))
    first = learn(feedback, SMALL, lambda stage, progress: None)
    serving = Active(
        feedback.purchases.end_s, first.shoppers, first.products, first.for_you, first.discover, first.metrics
    )
    again = learn(feedback, SMALL, lambda stage, progress: None, active=serving)
    assert first.objection is None
    assert again.objection is None
