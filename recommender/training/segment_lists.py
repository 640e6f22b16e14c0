"""Segment lists: what each segment buys of late, and which segment speaks for a shopper who has bought nothing yet."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recommender.id_map import IdMap
from recommender.interactions import Interactions, from_pairs
from recommender.segments import Segments
from recommender.serving.ranking import best
from recommender.training.dataset import Cut, decay

LEAST_BUYERS = 10
"""A segment with fewer different buyers is not looked at: its list could tell what one of them bought."""
MOST_SEGMENTS = 1_000
"""Of more, those with the most buyers are kept: a free text may have any number of values."""
LENGTH = 100
DOUBT = 100.0
"""Purchases in the whole shop's shares that are added to a segment's own: a small one does not chase noise."""


@dataclass(frozen=True, slots=True)
class SegmentLists:
    """G segments and C shoppers of whom no purchase is known."""

    segments: IdMap
    """`attribute=value`."""
    popular: NDArray[np.int32]
    """Shape (G, 100), best first, -1 behind."""
    cold_shoppers: IdMap
    cold_segments: NDArray[np.int32]
    """Shape (C,)."""


def list_segments(segments: Segments, cut: Cut, *, half_life_days: float) -> SegmentLists:
    """Everybody speaks once for a product, as loud as their latest purchase of it is recent, in half-lives.

    A cold shopper has the segment that tells most of them, see `_tells`. The smallest one is often an accident: on 400
    households of Complete Journey without their purchases its lists lose a sixth of popularity's NDCG@20, these none.
    """
    if not len(segments):
        return SegmentLists(IdMap.of([]), np.empty((0, LENGTH), np.int32), IdMap.of([]), np.empty(0, np.int32))
    known = cut.purchases.shoppers.places(segments.shoppers)[segments.shopper_indices]
    kept = _kept(np.bincount(segments.segment_indices[known >= 0], minlength=len(segments.names)))
    recent = _recent(cut, half_life_days)
    crowd = _by_product(recent)
    usual = crowd / max(float(crowd.sum()), 1e-12)
    popular, tells = np.full((len(kept), LENGTH), -1, np.int32), np.zeros(len(kept))
    starts = np.searchsorted(segments.segment_indices, np.arange(len(segments.names) + 1))
    for place, segment in enumerate(kept.tolist()):
        members = known[starts[segment] : starts[segment + 1]]
        own = recent.rows(members[members >= 0])
        counts = _by_product(own)
        listed = best((counts + DOUBT * usual).astype(np.float32)[None, :], LENGTH).products[0]
        popular[place, : len(listed)] = listed
        tells[place] = _tells(own, counts, crowd)
    cold_shoppers, cold_segments = _choose(segments, known, kept, tells)
    return SegmentLists(segments.names.take(kept), popular, cold_shoppers, cold_segments)


def _kept(buyers: NDArray[np.intp]) -> NDArray[np.intp]:
    """Which segments are large enough, ascending; never more than `MOST_SEGMENTS`."""
    largest = np.argsort(-buyers, kind="stable")[:MOST_SEGMENTS]
    return np.sort(largest[buyers[largest] >= LEAST_BUYERS])


def _recent(cut: Cut, half_life_days: float) -> Interactions:
    """Each pair once, with what is left of its latest purchase."""
    lines = cut.purchases
    keys = lines.shopper_indices.astype(np.int64) * cut.shape[1] + lines.product_indices
    latest = np.append(keys[1:] != keys[:-1], True)[: len(keys)]  # lines are sorted by pair and time
    left = decay(lines.ordered_at_s[latest], as_of_s=cut.as_of_s, half_life_days=half_life_days)
    return from_pairs(lines.shopper_indices[latest], lines.product_indices[latest], left, cut.shape)


def _by_product(pairs: Interactions) -> NDArray[np.float64]:
    """Shape (P,)."""
    return np.bincount(pairs.products, pairs.weights, pairs.product_count).astype(np.float64)


def _tells(own: Interactions, counts: NDArray[np.float64], crowd: NDArray[np.float64]) -> float:
    """How many bits a member's purchase is better foretold by the other members and the shop, half and half, than by
    the shop alone; never by the member's own purchases, which would make every small segment tell much."""
    weights, products = own.weights.astype(np.float64), own.products
    mine = np.bincount(own.shoppers(), weights, own.shopper_count)[own.shoppers()]
    share = (crowd[products] - weights) / np.maximum(crowd.sum() - mine, 1e-12)
    some = share > 1e-12
    theirs = (counts[products] - weights + DOUBT * share) / (counts.sum() - mine + DOUBT)
    gains = np.log2(0.5 + 0.5 * theirs[some] / share[some])
    return float((weights[some] * gains).sum() / max(weights[some].sum(), 1e-12))


def _choose(
    segments: Segments, known: NDArray[np.int64], kept: NDArray[np.intp], tells: NDArray[np.float64]
) -> tuple[IdMap, NDArray[np.int32]]:
    """Who has bought nothing and is in a kept segment, and the one that tells most; of equals the first by name."""
    places = np.full(len(segments.names), -1, np.int32)
    places[kept] = np.arange(len(kept), dtype=np.int32)
    cold = (known < 0) & (places[segments.segment_indices] >= 0)
    shoppers, theirs = segments.shopper_indices[cold], places[segments.segment_indices[cold]]
    order = np.lexsort((theirs, -tells[theirs], shoppers))
    found, first = np.unique(shoppers[order], return_index=True)
    return segments.shoppers.take(found), theirs[order][first]
