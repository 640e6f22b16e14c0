"""A ranker: orders a shopper's candidates, once over all of them and once over those that are new to the shopper."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from recommender.interactions import Interactions
from recommender.training.logistic import fit_logistic
from recommender.training.panel import Panel
from recommender.training.parameters import TrainingParameters
from recommender.training.trees import fit_trees


class Model(Protocol):
    """Scores rows of a panel's values."""

    def scores(self, values: NDArray[np.float32], /) -> NDArray[np.float32]: ...


@dataclass(frozen=True, slots=True)
class Together:
    """The sum of models' log-odds: trees that saw everything, and a line that saw what is new, each know something."""

    models: Sequence[Model]

    def scores(self, values: NDArray[np.float32]) -> NDArray[np.float32]:
        scores: NDArray[np.float32] = np.sum([model.scores(values) for model in self.models], axis=0)
        return scores


@dataclass(frozen=True, slots=True)
class Ranker:
    """Two models, because buying again and discovering are two problems."""

    kind: str
    """untrained, logistic or trees."""
    all: Model
    novel: Model


@dataclass(frozen=True, slots=True)
class Sample:
    """Rows of panels with what became of them: all that was bought, and a share of the rest."""

    values: NDArray[np.float32]
    labels: NDArray[np.bool_]
    new: NDArray[np.bool_]


@dataclass(slots=True)
class Sampler:
    """Keeps rows of the panels that pass by, the same ones every time."""

    relevant: Interactions
    share: float
    """Of the rows that were not bought."""
    seed: int
    _kept: list[Sample] = field(default_factory=list)

    def watch(self, panels: Iterable[Panel]) -> Iterator[Panel]:
        """The same panels."""
        random = np.random.default_rng(self.seed)
        for panel in panels:
            labels = panel.labels(self.relevant)
            kept = labels | (random.random(len(labels)) < self.share)
            self._kept.append(Sample(panel.values[kept], labels[kept], panel.new[kept]))
            yield panel

    def sample(self) -> Sample:
        return joined(self._kept)


def joined(samples: Sequence[Sample]) -> Sample:
    """All rows, in order."""
    return Sample(*(np.concatenate([getattr(one, name) for one in samples]) for name in ("values", "labels", "new")))


def fit_ranker(samples: Sequence[Sample], parameters: TrainingParameters) -> Ranker | None:
    """Learn which candidates were bought; None where too few were to learn from.

    Trees need `tree_positives` bought rows; below that a straight line errs less.
    """
    if not samples:
        return None
    rows = joined(samples)
    positives, novel = int(rows.labels.sum()), int((rows.labels & rows.new).sum())
    if min(positives, novel) < parameters.min_positives:
        return None
    fresh = rows.values[rows.new], rows.labels[rows.new]
    if positives >= parameters.tree_positives:
        everything = fit_trees(rows.values, rows.labels, parameters, parameters.trees)
        return Ranker(
            "trees",
            everything,
            Together((everything, _line(*fresh, parameters, rows=parameters.max_ranker_rows))),
        )
    return Ranker(
        "logistic",
        _line(rows.values, rows.labels, parameters, rows=parameters.logistic_rows),
        _line(*fresh, parameters, rows=parameters.logistic_rows),
    )


def _line(
    values: NDArray[np.float32], labels: NDArray[np.bool_], parameters: TrainingParameters, *, rows: int
) -> Model:
    return fit_logistic(*thinned(values, labels, rows), ridge=parameters.ridge)


def thinned(
    values: NDArray[np.float32], labels: NDArray[np.bool_], most: int
) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    """About so many rows: all that were bought, and every n-th of the rest, at least twice as many where there are."""
    rest = np.flatnonzero(~labels)
    bought = int(labels.sum())
    every = max(1, len(rest) // max(1, most - bought, 2 * bought))
    kept = np.sort(np.concatenate((np.flatnonzero(labels), rest[::every])))
    return values[kept], labels[kept]
