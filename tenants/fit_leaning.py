"""Fit leaning: whether a product runs small or large, learned from what those said who wore it. Pure.

Of n who said something, n_v said v (small, true, large). The share of each is shrunken towards what is usual, as the
mean of a Dirichlet posterior with a prior as heavy as `WEIGHT` voices:

    share_v = (n_v + WEIGHT × usual_v) / (n + WEIGHT)        lean = share_small − share_large

Advice shifts by one size when at least `ENOUGH` said something and |lean| ≥ `SHIFTS`. So one angry return moves
nothing, 6 of 8 who say "small" do, 5 of 8 do not, and 2 to 2 cancel out however many they are. Only what was said
counts: a shop that records nothing but returns hears of misfits more than of fits, which is what the prior is for.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Literal

from tenants.size_advice import Shift

Said = Literal["small", "true", "large"]

USUAL: Mapping[Said, Fraction] = {"small": Fraction(15, 100), "true": Fraction(70, 100), "large": Fraction(15, 100)}
WEIGHT = 10
ENOUGH = 8
SHIFTS = Fraction(3, 10)
FEWEST_TOLD = 10
"""People: a page is told no smaller number of them."""


@dataclass(frozen=True, slots=True)
class Leaning:
    """How many said what of a product."""

    small: int = 0
    true: int = 0
    large: int = 0

    @property
    def voices(self) -> int:
        return self.small + self.true + self.large

    @property
    def lean(self) -> Fraction:
        """From −1, it runs large, to 1, it runs small; 0 while nobody said anything."""
        voices = self.voices + WEIGHT
        share_small = (self.small + WEIGHT * USUAL["small"]) / voices
        return share_small - (self.large + WEIGHT * USUAL["large"]) / voices

    @property
    def shift(self) -> Shift:
        """Towards a larger size (1) for what runs small."""
        if self.voices < ENOUGH or abs(self.lean) < SHIFTS:
            return 0
        return 1 if self.lean > 0 else -1

    def tell(self, *, counts: bool) -> str | None:
        """Why advice shifts, for people; None when it does not. With `counts` as they are; without, only where neither
        number tells of fewer than ten people."""
        if not self.shift:
            return None
        said, way = (self.small, "small") if self.shift > 0 else (self.large, "large")
        others = self.voices - said
        if counts or (said >= FEWEST_TOLD and (others == 0 or others >= FEWEST_TOLD)):
            return f"{said} of {self.voices} who returned or rated it said that it runs {way}."
        return f"Most who returned or rated it said that it runs {way}."
