"""Assessment: how the rankers' lists foretell the last window, which they have not seen, and whether ours may serve."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass

import numpy as np
from numpy.typing import NDArray

from recommender.interactions import Interactions
from recommender.training.dataset import Cut
from recommender.training.evaluate import Quality, Scored, mean_and_error, score_lists, summed_up
from recommender.training.lists import Lists
from recommender.training.untrained import FREQUENCY, POPULARITY

SURE_SHOPPERS = 50
"""From so many scored shoppers on, lists that are worse than the floor are not promoted."""
SURE = 1.96
"""Standard errors outside which a difference is no chance (95 %)."""
OURS = "ours"


@dataclass(frozen=True, slots=True)
class Task:
    """One way to look at a window."""

    listed: str
    """Which of the lists is scored."""
    relevant: Interactions


def tasks(cut: Cut, labels: Interactions) -> dict[str, Task]:
    """All: every purchase of the window. Novel: of what was never bought before. Again: of what was."""
    novel = labels.without(cut.bought)
    return {
        "all": Task("for_you", labels),
        "novel": Task("discover", novel),
        "again": Task("buy_again", labels.without(novel)),
    }


@dataclass(frozen=True, slots=True)
class Difference:
    """Ours less another's NDCG, paired by shopper."""

    mean: float
    error: float

    @property
    def worse(self) -> bool:
        """By more than chance."""
        return self.mean < -SURE * self.error


@dataclass(frozen=True, slots=True)
class Assessment:
    """By task, then by the name of whose lists they are; empty where there was too little data."""

    shoppers: int
    scored: Mapping[str, Mapping[str, Scored]]

    def quality(self, task: str, name: str = OURS) -> Quality | None:
        found = self.scored.get(task, {}).get(name)
        return None if found is None else summed_up(found)

    def difference(self, task: str, other: str) -> Difference:
        """Raises KeyError when one of them was not scored."""
        lists = self.scored[task]
        return Difference(*mean_and_error(lists[OURS].ndcg - lists[other].ndcg))

    def metrics(self) -> dict[str, object]:
        """As stored with the model; fractions of 1."""
        if not self.scored:
            return {"evaluated": False, "reason": f"Only {self.shoppers} shoppers bought in the last window."}
        return {
            "evaluated": True,
            "scored_shoppers": self.shoppers,
            **{
                task: {name: asdict(summed_up(one)) for name, one in named.items()}
                for task, named in self.scored.items()
            },
            "ahead_of": {
                task: {name: asdict(self.difference(task, name)) for name in named if name != OURS}
                for task, named in self.scored.items()
            },
        }

    def objection(self) -> str | None:
        """Why the lists should not serve, or None."""
        for task, floor, sentence in _FLOORS:
            named = self.scored.get(task, {})
            if floor in named and len(named[OURS].ndcg) >= SURE_SHOPPERS and self.difference(task, floor).worse:
                return sentence
        return None


_FLOORS = (
    ("again", FREQUENCY, "It foretells what shoppers buy again worse than how often they bought it."),
    ("novel", POPULARITY, "It foretells first purchases worse than a plain list of popular products."),
)


def assess(
    lists: Mapping[str, Lists], shoppers: NDArray[np.intp], cut: Cut, labels: Interactions, *, k: int
) -> Assessment:
    """Score everyone's lists, whose row i is for `shoppers[i]`, ascending, against the labels after the cut."""
    scored = dict[str, dict[str, Scored]]()
    for name, task in tasks(cut, labels).items():
        some = np.flatnonzero(np.diff(task.relevant.starts)[shoppers])
        scored[name] = {
            whose: score_lists(
                getattr(one, task.listed)[some], shoppers[some], relevant=task.relevant, bought=cut.bought, k=k
            )
            for whose, one in lists.items()
        }
    return Assessment(len(shoppers), scored)
