"""Completeness: how much of what a shop wants to know of someone is known, and what of it has grown old."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from msgspec import Struct


@dataclass(frozen=True, slots=True)
class Fact:
    """One thing to know: an attribute, or a measurement profile. `told_at` None: it is not known."""

    name: str
    told_at: datetime | None
    required: bool = False
    weight: int = 1
    stale_after_days: int | None = None

    @property
    def known(self) -> bool:
        return self.told_at is not None

    def is_stale(self, now: datetime) -> bool:
        """Known, and told longer ago than its limit."""
        if self.told_at is None or self.stale_after_days is None:
            return False
        return now - self.told_at > timedelta(days=self.stale_after_days)


class Completeness(Struct, frozen=True, kw_only=True):
    """What is known and what is not."""

    score: float
    missing: tuple[str, ...]
    """Required and not known: what weighs most first, then by name."""
    stale: tuple[str, ...]
    """Known but old, required or not, by name."""


def assess(facts: Iterable[Fact], now: datetime) -> Completeness:
    """The score is Σ weight of the required facts that are known / Σ weight of the required facts, from 0 to 1.

    Weights are whole numbers, so the quotient is exact but for its last rounding. Where nothing is required nothing is
    missing: 1. A stale fact is still known.
    """
    listed = sorted(facts, key=lambda fact: (-fact.weight, fact.name))
    required = [fact for fact in listed if fact.required]
    whole = sum(fact.weight for fact in required)
    known = sum(fact.weight for fact in required if fact.known)
    return Completeness(
        score=known / whole if whole else 1.0,
        missing=tuple(fact.name for fact in required if not fact.known),
        stale=tuple(sorted(fact.name for fact in listed if fact.is_stale(now))),
    )
