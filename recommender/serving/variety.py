"""Variety: an order of products loosened, so that a list is not of one kind and not the same every day."""

import hashlib
from collections import Counter
from collections.abc import Sequence

import numpy as np

DIVERSITY_REACH = 4.0
"""At full diversity, each product of a kind that was taken puts the next of that kind so many times as far back."""
ROTATED = 4.0
"""At full rotation a product may stand up to so many times as far back as it should, plus one."""


def diversify(rows: Sequence[int], kinds: Sequence[int], diversity: float, *, most: int) -> list[int]:
    """Take the best `most`, again and again that whose place × (1 + reach × diversity × of its kind before) is least.

    Kind 0 is no kind. A greedy maximal marginal relevance (Carbonell and Goldstein 1998) on places instead of scores.
    """
    if diversity <= 0:
        return list(rows)
    left, taken, of_kind = list(enumerate(rows, start=1)), list[int](), Counter[int]()
    for _ in range(min(most, len(left))):
        weight = DIVERSITY_REACH * diversity
        best = min(left, key=lambda one: one[0] * (1 + weight * of_kind[kinds[one[1]]]))
        left.remove(best)
        taken.append(best[1])
        if kinds[best[1]]:
            of_kind[kinds[best[1]]] += 1
    return taken + [row for _, row in left]


def rotate(rows: Sequence[int], rotation: float, *, seed: str) -> list[int]:
    """Loosen the order by `rotation` (0 to 1); the same seed gives the same order. The best stay likely to be first."""
    if rotation <= 0 or len(rows) < 2:
        return list(rows)
    dice = np.random.default_rng(int.from_bytes(hashlib.sha256(seed.encode()).digest()[:8], "big"))
    places = np.arange(1, len(rows) + 1) * (1 + ROTATED * rotation * dice.random(len(rows)))
    return [rows[index] for index in np.argsort(places, kind="stable").tolist()]
