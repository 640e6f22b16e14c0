"""Preordering: a shop's campaigns in memory: of which products preorders are open to everybody."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from tenants.campaign_windows import CampaignWindow


@dataclass(frozen=True, slots=True)
class Preorderable:
    """What can be preordered from one moment on until another (excluded). Times are POSIX seconds."""

    since: float
    until: float
    product_ids: tuple[str, ...] = ()
    """Each once; those of the campaign that ends first before the others."""

    def holds(self, now: float) -> bool:
        return self.since <= now < self.until


NOTHING_PREORDERABLE = Preorderable(-math.inf, math.inf)
"""In a shop without campaigns."""
UNDECIDED = Preorderable(math.inf, -math.inf)
"""To be worked out at the next question."""


def preorderable_at(windows: Sequence[CampaignWindow], now: float) -> Preorderable:
    """`windows`: those that end first come first."""
    spans = [(one, one.starts_at.timestamp(), one.ends_at.timestamp() if one.ends_at else math.inf) for one in windows]
    edges = [edge for _, start, end in spans for edge in (start, end)]
    names = [name for one, start, end in spans if start <= now < end for name in one.product_ids]
    return Preorderable(
        since=max((edge for edge in edges if edge <= now), default=-math.inf),
        until=min((edge for edge in edges if edge > now), default=math.inf),
        product_ids=tuple(dict.fromkeys(names)),
    )
