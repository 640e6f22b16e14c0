"""The gate: a ranker learns one window, is assessed on the next, and only what proved itself there makes the lists."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from recommender.feedback import Feedback
from recommender.interactions import Interactions
from recommender.training.active import Active, object_to
from recommender.training.assess import OURS, Assessment, assess
from recommender.training.dataset import Cut, cut_at, labels_of
from recommender.training.evaluate import evenly
from recommender.training.lists import Lists, make_lists
from recommender.training.panel import describe, names
from recommender.training.parameters import TrainingParameters
from recommender.training.progress import ReportProgress, part_of
from recommender.training.ranker import Ranker, Sample, Sampler, fit_ranker
from recommender.training.stage import Stage, prepare
from recommender.training.untrained import baselines, untrained
from recommender.training.warm import Fits
from recommender.training.windows import Windows

TRAINED, UNTRAINED = "trained", "untrained"


@dataclass(frozen=True, slots=True)
class Seen:
    """A window that is over: what was known at its start and what then happened."""

    cut: Cut
    labels: Interactions
    shoppers: NDArray[np.intp]
    """Those who were known before and bought a known product, or an even choice of them; ascending."""


@dataclass(frozen=True, slots=True)
class Decision:
    """What the gate found."""

    ranker: Ranker
    assessment: Assessment
    objection: str | None


def decide(
    feedback: Feedback,
    windows: Windows,
    parameters: TrainingParameters,
    fits: Fits,
    *,
    ease: bool,
    active: Active | None,
    report: ReportProgress,
) -> Decision | None:
    """None where the last window is too thin to say anything."""
    early = _seen(feedback, windows.early_s, windows.late_s, parameters)
    late = _seen(feedback, windows.late_s, windows.end_s, parameters)
    if len(late.shoppers) < parameters.min_scored_shoppers:
        return None
    samples = []
    if len(early.shoppers) >= parameters.min_scored_shoppers:
        stage = prepare(early.cut, fits.at(early.cut, part_of(report, 0, 0.4)), parameters, ease=ease)
        samples.append(_sample(early, stage, parameters))
    stage = prepare(late.cut, fits.at(late.cut, part_of(report, 0.4, 0.6)), parameters, ease=ease)
    report("evaluating", 0.7)
    return _judge(late, stage, samples, parameters, active)


def _seen(feedback: Feedback, start_s: int, end_s: int, parameters: TrainingParameters) -> Seen:
    cut = cut_at(feedback, parameters, as_of_s=start_s)
    labels = labels_of(feedback.purchases, cut, end_s=end_s)
    return Seen(cut, labels, evenly(np.flatnonzero(np.diff(labels.starts)), parameters.max_scored_shoppers))


def _sample(seen: Seen, stage: Stage, parameters: TrainingParameters) -> Sample:
    sampler = _sampler(seen, parameters)
    for _ in sampler.watch(describe(stage, seen.shoppers, parameters)):
        pass
    return sampler.sample()


def _sampler(seen: Seen, parameters: TrainingParameters) -> Sampler:
    """Keeps about `max_ranker_rows`."""
    per_shopper = sum(parameters.drawn(name, seen.cut.shape[1]) for name in parameters.candidates) + len(
        seen.cut.bought
    ) / max(seen.cut.shape[0], 1)
    candidates = len(seen.shoppers) * min(per_shopper, seen.cut.shape[1])
    return Sampler(seen.labels, share=min(1.0, parameters.max_ranker_rows / max(candidates, 1)), seed=parameters.seed)


def _judge(
    late: Seen, stage: Stage, samples: Sequence[Sample], parameters: TrainingParameters, active: Active | None
) -> Decision:
    """Assess what learned the early window; then learn from both, where learning was worth it."""
    fixed, learned = untrained(names(stage)), fit_ranker(samples, parameters)
    rankers = {UNTRAINED: fixed, **baselines(names(stage))} | ({TRAINED: learned} if learned else {})
    sampler, k = _sampler(late, parameters), parameters.k
    lists = make_lists(
        sampler.watch(describe(stage, late.shoppers, parameters)),
        rankers,
        late.shoppers,
        repeat_rate=stage.repeat_rate,
        parameters=replace(parameters, for_you_length=k, discover_length=k, buy_again_length=k),
    )
    sides = _better(assess(lists, late.shoppers, late.cut, late.labels, k=k))
    lists[OURS] = _joined(lists[sides["all"]], lists[sides["novel"]])
    assessment = assess(lists, late.shoppers, late.cut, late.labels, k=k)
    objection = assessment.objection()
    if objection is None and active is not None:
        objection = object_to(assessment, lists[OURS], late.shoppers, late.cut, late.labels, active, k=k)
    return Decision(_final(sides, fixed, [*samples, sampler.sample()], parameters), assessment, objection)


def _joined(everything: Lists, novel: Lists) -> Lists:
    """Ours: one ranker's order of everything, and maybe another's of what is new."""
    return Lists(everything.for_you, everything.for_you_scores, novel.discover, everything.buy_again)


def _final(
    sides: Mapping[str, str], fixed: Ranker, samples: Sequence[Sample], parameters: TrainingParameters
) -> Ranker:
    """What makes the lists: learned from both windows where that was worth it."""
    learned = fit_ranker(samples, parameters) if TRAINED in sides.values() else None
    of = {UNTRAINED: fixed, TRAINED: learned or fixed}
    everything, novel = of[sides["all"]], of[sides["novel"]]
    kind = " and ".join(dict.fromkeys((everything.kind, novel.kind)))
    return Ranker(kind, everything.all, novel.novel)


def _better(assessment: Assessment) -> dict[str, str]:
    """For each task: trained or untrained, whichever foretold more."""

    def reached(task: str, name: str) -> float:
        quality = assessment.quality(task, name)
        return -1.0 if quality is None else quality.ndcg

    return {task: max((TRAINED, UNTRAINED), key=lambda name: reached(task, name)) for task in ("all", "novel")}
