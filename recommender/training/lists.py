"""Lists: each shopper's products in the ranker's order. The same function makes those that are evaluated and served."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recommender.serving.ranking import Ranking, rank_pairs
from recommender.training.panel import Panel
from recommender.training.parameters import TrainingParameters
from recommender.training.ranker import Ranker


@dataclass(frozen=True, slots=True)
class Lists:
    """Row i is the i-th shopper that was asked for; product indices, best first, -1 where there are no more."""

    for_you: NDArray[np.int32]
    for_you_scores: NDArray[np.float32]
    """What the ranker says, descending; the lowest float where there are no more."""
    discover: NDArray[np.int32]
    """What the shopper never bought."""
    buy_again: NDArray[np.int32]
    """What the shopper bought before and people buy repeatedly."""


def make_lists(
    panels: Iterable[Panel],
    rankers: Mapping[str, Ranker],
    shoppers: NDArray[np.integer],
    *,
    repeat_rate: NDArray[np.float32],
    parameters: TrainingParameters,
) -> dict[str, Lists]:
    """Each ranker's lists, by its name. `panels` describe these shoppers, who are in ascending order."""
    row_of = np.full(int(shoppers.max(initial=-1)) + 1, -1)
    row_of[shoppers] = np.arange(len(shoppers))
    lists = {name: _empty(len(shoppers), parameters) for name in rankers}
    for panel in panels:
        rows = row_of[panel.shoppers]
        part = slice(int(rows[0]), int(rows[-1]) + 1)
        repeatable = repeat_rate[panel.products] >= parameters.repeatable
        for name, ranker in rankers.items():
            _fill(lists[name], part, panel, rows - part.start, ranker, repeatable)
    return lists


def _fill(
    lists: Lists, part: slice, panel: Panel, rows: NDArray[np.int64], ranker: Ranker, repeatable: NDArray[np.bool_]
) -> None:
    everything = ranker.all.scores(panel.values)
    novel = ranker.novel.scores(panel.values[panel.new])

    def ranked(kept: NDArray[np.bool_], scores: NDArray[np.float32], length: int) -> Ranking:
        return rank_pairs(rows[kept], panel.products[kept], scores, row_count=part.stop - part.start, k=length)

    chosen = ranked(np.ones(len(rows), np.bool_), everything, lists.for_you.shape[1])
    again = ~panel.new & repeatable
    lists.for_you[part], lists.for_you_scores[part] = chosen.products, np.maximum(chosen.scores, LOWEST)
    lists.discover[part] = ranked(panel.new, novel, lists.discover.shape[1]).products
    lists.buy_again[part] = ranked(again, everything[again], lists.buy_again.shape[1]).products


LOWEST = np.finfo(np.float32).min
"""Stands for no product: a model's arrays are finite."""


def _empty(count: int, parameters: TrainingParameters) -> Lists:
    def nothing(length: int) -> NDArray[np.int32]:
        return np.full((count, length), -1, np.int32)

    length = parameters.for_you_length
    return Lists(
        nothing(length),
        np.full((count, length), LOWEST, np.float32),
        nothing(parameters.discover_length),
        nothing(parameters.buy_again_length),
    )
