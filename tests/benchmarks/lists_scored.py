"""Scored lists: recall and NDCG of lists at 10 and 20, with errors, and the paired difference of two."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recommender.interactions import Interactions
from recommender.training.assess import SURE
from recommender.training.evaluate import Scored, mean_and_error, score_lists

PLACES = (10, 20)
Figures = dict[str, object]


@dataclass(frozen=True, slots=True)
class Question:
    """What is to be foretold, for the shoppers who have something to foretell."""

    relevant: Interactions
    bought: Interactions
    """All pairs before."""

    @property
    def shoppers(self) -> NDArray[np.intp]:
        return np.flatnonzero(np.diff(self.relevant.starts))

    def scored(self, lists: NDArray[np.int32], *, k: int) -> Scored:
        """`lists` have a row for every shopper of the shop."""
        return score_lists(lists[self.shoppers], self.shoppers, relevant=self.relevant, bought=self.bought, k=k)

    def figures(self, lists: NDArray[np.int32]) -> Figures:
        """Fractions of 1, each mean with its standard error."""
        found: Figures = {}
        for k in PLACES:
            scored = self.scored(lists, k=k)
            for name, values in ((f"recall{k}", scored.recall), (f"ndcg{k}", scored.ndcg)):
                found[name], found[f"{name}_error"] = (round(number, 4) for number in mean_and_error(values))
            found[f"coverage{k}"], found[f"novelty{k}"] = round(scored.coverage, 4), round(scored.novelty, 2)
        return found

    def ahead(self, ours: NDArray[np.int32], others: NDArray[np.int32]) -> Figures:
        """NDCG@20 of ours less theirs, paired by shopper; `sure` outside 1.96 errors."""
        mean, error = mean_and_error(self.scored(ours, k=20).ndcg - self.scored(others, k=20).ndcg)
        return {"ndcg20": round(mean, 4), "error": round(error, 4), "sure": mean > SURE * error}
