"""The active version: what serves now, as far as a new one is compared with it."""

from collections.abc import Mapping
from dataclasses import dataclass
from math import sqrt

import numpy as np
from numpy.typing import NDArray

from recommender.id_map import IdMap
from recommender.interactions import Interactions
from recommender.training.assess import OURS, SURE, SURE_SHOPPERS, Assessment, Difference, tasks
from recommender.training.dataset import Cut
from recommender.training.evaluate import mean_and_error, score_lists
from recommender.training.lists import Lists
from recommender.training.parameters import DAY_S

_FLOORS = {"all": "personal_frequency", "novel": "popularity"}
_SENTENCES = {
    "all": "It foretells purchases worse than the version that serves now.",
    "novel": "It foretells first purchases worse than the version that serves now.",
}


@dataclass(frozen=True, slots=True, eq=False)
class Active:
    """Lists and recorded figures of the version that serves."""

    as_of_s: int
    """The last order that it knows."""
    shoppers: IdMap
    products: IdMap
    for_you: NDArray[np.int32]
    discover: NDArray[np.int32]
    metrics: Mapping[str, object]
    """As `Learned.metrics` were."""


def object_to(
    assessment: Assessment,
    lists: Lists,
    shoppers: NDArray[np.intp],
    cut: Cut,
    labels: Interactions,
    active: Active,
    *,
    k: int,
) -> str | None:
    """Why ours should not take the active one's place, or None.

    Where the active one was made before the window, both are compared on it, paired by shopper. One that knows the
    window already cannot be: then what each was ahead of the floor in its own last window is compared.
    """
    if not assessment.scored:
        return None
    for name, task in tasks(cut, labels).items():
        if name not in _SENTENCES:
            continue
        known_window = active.as_of_s > cut.as_of_s + DAY_S
        worse = (
            _lost_lead(assessment, name, active.metrics)
            if known_window
            else _paired(
                task.relevant, getattr(lists, task.listed), shoppers, cut, active, getattr(active, task.listed), k
            ).worse
        )
        if worse:
            return _SENTENCES[name]
    return None


def _paired(
    relevant: Interactions,
    ours: NDArray[np.int32],
    shoppers: NDArray[np.intp],
    cut: Cut,
    active: Active,
    theirs: NDArray[np.int32],
    k: int,
) -> Difference:
    """Over the shoppers whom both know. A product that is gone since counts as a miss."""
    rows = active.shoppers.places(cut.purchases.shoppers)[shoppers]
    some = np.flatnonzero((rows >= 0) & (np.diff(relevant.starts)[shoppers] > 0))
    if len(some) < SURE_SHOPPERS:
        return Difference(0, 0)
    renumbered = np.append(cut.purchases.products.places(active.products), -1).astype(np.int32)
    pair = ours[some], renumbered[theirs[rows[some]]]
    own, other = (score_lists(one, shoppers[some], relevant=relevant, bought=cut.bought, k=k).ndcg for one in pair)
    return Difference(*mean_and_error(own - other))


def _lost_lead(assessment: Assessment, task: str, recorded: Mapping[str, object]) -> bool:
    """Whether ours over the floor is less than theirs was over theirs, by more than chance."""
    ours, theirs = (_lead(metrics, task) for metrics in (assessment.metrics(), recorded))
    if ours is None or theirs is None:
        return False
    return ours[0] - theirs[0] < -SURE * sqrt(ours[1] ** 2 + theirs[1] ** 2)


def _lead(metrics: Mapping[str, object], task: str) -> tuple[float, float] | None:
    """NDCG over the floor's and the error of that, as if both erred on their own; None where it was not measured."""
    try:
        named = metrics[task]
        ours, floor = named[OURS], named[_FLOORS[task]]  # type: ignore[index]  # JSON of another day
        lead = ours["ndcg"] / floor["ndcg"]
        error = lead * sqrt((ours["ndcg_error"] / ours["ndcg"]) ** 2 + (floor["ndcg_error"] / floor["ndcg"]) ** 2)
    except (KeyError, TypeError, ZeroDivisionError):
        return None
    return (lead, error) if ours["shoppers"] >= SURE_SHOPPERS else None
