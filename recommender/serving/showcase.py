"""Showcase: a shop's limited collections in memory: which are open, to whom, and whose products nobody else may see."""

import math
from collections.abc import Iterable, Set
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple

from tenants.collections import Collection


class Shown(NamedTuple):
    """A collection as it is served. Times are POSIX seconds."""

    collection_id: str
    product_ids: tuple[str, ...]
    starts_at: float
    ends_at: float
    personal: bool
    """Open only to those for whom somebody looked it up."""
    exclusive: bool


@dataclass(frozen=True, slots=True, eq=False)
class Opening:
    """What is open from one moment on until another (excluded). Nothing in it changes but what it remembers."""

    since: float
    until: float
    open: tuple[Shown, ...] = ()
    """The one that ends first before the others."""
    exclusive: frozenset[str] = frozenset()
    """Product ids of all exclusive collections, open or not."""
    personal: frozenset[str] = frozenset()
    """Ids of the open collections that are not open to everyone."""
    _closed: dict[frozenset[str], frozenset[str]] = field(default_factory=dict)

    def holds(self, now: float) -> bool:
        return self.since <= now < self.until

    def open_to(self, mine: Set[str]) -> list[Shown]:
        """`mine`: ids of the personal collections that hold who looks."""
        return [one for one in self.open if not one.personal or one.collection_id in mine]

    def closed_to(self, mine: frozenset[str]) -> frozenset[str]:
        """Ids of the products that they may not see anywhere."""
        if not self.exclusive:
            return self.exclusive
        known = self._closed.get(mine)
        if known is None:
            seen = [one.product_ids for one in self.open_to(mine) if one.exclusive]
            known = self._closed[mine] = self.exclusive.difference(*seen)
            if len(self._closed) > MOST_AUDIENCES:
                self._closed.clear()
        return known


MOST_AUDIENCES = 1_000
"""Ways to belong to several personal collections at once that are remembered."""
NOTHING_SHOWN = Opening(-math.inf, math.inf)
"""A shop without collections."""
UNDECIDED = Opening(math.inf, -math.inf)
"""To be worked out at the next question."""


class Showcase:
    """All collections of a shop. Nothing in it changes."""

    def __init__(self, collections: Iterable[Collection] = ()) -> None:
        self._shown = sorted(map(_shown, collections), key=lambda one: (one.ends_at, one.collection_id))
        self._exclusive = frozenset(name for one in self._shown if one.exclusive for name in one.product_ids)

    def open_at(self, now: float) -> Opening:
        """What is open at a time, and for how long that is so. Microseconds a collection."""
        if not self._shown:
            return NOTHING_SHOWN
        edges = [edge for one in self._shown for edge in (one.starts_at, one.ends_at)]
        open_now = tuple(one for one in self._shown if one.starts_at <= now < one.ends_at)
        return Opening(
            since=max((edge for edge in edges if edge <= now), default=-math.inf),
            until=min((edge for edge in edges if edge > now), default=math.inf),
            open=open_now,
            exclusive=self._exclusive,
            personal=frozenset(one.collection_id for one in open_now if one.personal),
        )


def _shown(collection: Collection) -> Shown:
    return Shown(
        collection.id,
        collection.products,
        _seconds(collection.starts_at, -math.inf),
        _seconds(collection.ends_at, math.inf),
        collection.audience.personal,
        collection.exclusive,
    )


def _seconds(moment: datetime | None, otherwise: float) -> float:
    return otherwise if moment is None else moment.timestamp()
