"""Progress: how far a training is, for whoever waits."""

from collections.abc import Callable

ReportProgress = Callable[[str, float], None]
"""Called with a stage's name and how much of the whole is done, 0 to 1."""


def part_of(report: ReportProgress, start: float, end: float) -> ReportProgress:
    """A part's own progress, 0 to 1, as the whole's between `start` and `end`."""
    return lambda stage, done: report(stage, start + (end - start) * done)
