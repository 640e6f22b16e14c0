"""Segments: shoppers of whom the merchant knows the same of an attribute, such as "occupation=nurse"."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recommender.id_map import IdMap, in_order


@dataclass(frozen=True, slots=True)
class Segments:
    """Memberships as columns of equal length, each pair once, sorted by segment and shopper."""

    shoppers: IdMap
    """Whoever is in a segment, with purchases or without."""
    names: IdMap
    """`attribute=value`."""
    shopper_indices: NDArray[np.int32]
    segment_indices: NDArray[np.int32]

    def __len__(self) -> int:
        return len(self.segment_indices)


def no_segments() -> Segments:
    nothing = np.empty(0, np.int32)
    return Segments(IdMap.of([]), IdMap.of([]), nothing, nothing)


def make_segments(
    shopper_ids: Sequence[str], names: Sequence[str], by: NDArray[np.int32], of: NDArray[np.int32]
) -> Segments:
    """From dictionary-encoded columns: shopper `shopper_ids[by[i]]` is in segment `names[of[i]]`.

    The answer does not depend on the order of rows or dictionaries.
    """
    shoppers, shopper_order = in_order(shopper_ids)
    segments, segment_order = in_order(names)
    width = max(len(shoppers), 1)
    keys = np.unique(segment_order[of].astype(np.int64) * width + shopper_order[by])
    return Segments(shoppers, segments, (keys % width).astype(np.int32), (keys // width).astype(np.int32))
