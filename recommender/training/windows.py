"""Windows: the three times at which a training knows a shop, a window apart, the last at the end of the record."""

from dataclasses import dataclass

from recommender.purchases import Purchases
from recommender.training.parameters import DAY_S, TrainingParameters


@dataclass(frozen=True, slots=True)
class Windows:
    """Times count back from the last order, not from the wall clock."""

    end_s: int
    length_s: int

    @property
    def early_s(self) -> int:
        """The ranker learns what happened from here …"""
        return self.end_s - 2 * self.length_s

    @property
    def late_s(self) -> int:
        """… to here, and is assessed on what happened from here to the end."""
        return self.end_s - self.length_s

    @property
    def days(self) -> float:
        return self.length_s / DAY_S


def windows_of(purchases: Purchases, parameters: TrainingParameters) -> Windows:
    """Of `window_days`, or of a quarter of a shorter history; `purchases` hold a line at least."""
    history_s = purchases.end_s - int(purchases.ordered_at_s.min())
    return Windows(purchases.end_s, min(parameters.window_days * DAY_S, history_s // 4))
