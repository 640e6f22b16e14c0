"""A model: everything learned for one tenant, as arrays that stay on disk until they are looked at."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

import numpy as np
from numpy.typing import NDArray

from recommender.id_map import IdMap


class ModelDamaged(Exception):
    """A stored model is not what its manifest, its tenant or its version says. It is never served."""


@dataclass(frozen=True, slots=True, eq=False)
class Model:
    """S shoppers, P products, F features, G segments, C cold shoppers, d and t components.

    Lists hold product indices, best first, -1 behind.
    """

    tenant_id: UUID
    version_id: UUID
    created_at: datetime
    shoppers: IdMap
    products: IdMap
    features: IdMap
    """What products are described by, `brand:Acme`: known for products that were never sold, too."""
    for_you: NDArray[np.int32]
    """Shape (S, length): what to show a shopper, over all products."""
    for_you_because: NDArray[np.int32]
    """Shape (S, length): the shopper's own purchase that speaks for it; itself when it was bought; -1 for none."""
    for_you_scores: NDArray[np.float32]
    """Shape (S, length): what the ranker said, descending."""
    discover: NDArray[np.int32]
    """Shape (S, length): only what the shopper never bought."""
    discover_because: NDArray[np.int32]
    buy_again: NDArray[np.int32]
    """Shape (S, length): what the shopper bought and shoppers buy repeatedly."""
    bought_starts: NDArray[np.int64]
    """Shape (S + 1,): the shopper's row in `bought`."""
    bought: NDArray[np.int32]
    """What each shopper ever bought."""
    similar: NDArray[np.int32]
    """Shape (P, length): what may stand in a product's stead."""
    together: NDArray[np.int32]
    """Shape (P, length): what is bought in the same orders."""
    popular: NDArray[np.int32]
    """Shape (P,): every product once, by recent purchases."""
    trending: NDArray[np.int32]
    """Shape (P,): every product once, by how much more it is bought than before."""
    repeat_rate: NDArray[np.float32]
    """Shape (P,): the share of a product's buyers who buy it again."""
    shopper_vectors: NDArray[np.float32]
    """Shape (S, d)."""
    product_vectors: NDArray[np.float32]
    """Shape (P, d). LightFM's score is shopper vector · product vector + bias."""
    product_biases: NDArray[np.float32]
    """Shape (P,)."""
    shopper_tastes: NDArray[np.float32]
    """Shape (S, t). A product that never sold scores taste · mean of its features' vectors + mean of their biases."""
    feature_vectors: NDArray[np.float32]
    """Shape (F, t)."""
    feature_biases: NDArray[np.float32]
    """Shape (F,)."""
    kinds: IdMap
    """Types, and types of one brand, that shoppers may lean to: `type:Boots`, `type:Boots × brand:Acme`."""
    leaning_starts: NDArray[np.int64]
    """Shape (S + 1,): the shopper's row in the next two."""
    leaning_kinds: NDArray[np.int32]
    leaning_weights: NDArray[np.float32]
    """What a product that never sold scores more, for each of its kinds that the shopper leans to."""
    segments: IdMap
    """What shoppers have in common, `occupation=nurse`, where many buyers have."""
    segment_popular: NDArray[np.int32]
    """Shape (G, length): what a segment's shoppers buy of late."""
    cold_shoppers: IdMap
    """Who has bought nothing that the model knows, and is in a segment; none of them is in `shoppers`."""
    cold_segments: NDArray[np.int32]
    """Shape (C,): the segment that tells most of each."""
    parameters: Mapping[str, object]
    metrics: Mapping[str, object]


class Array(NamedTuple):
    """How an array must look."""

    kind: type[np.generic]
    dimensions: int
    rows: str
    """The id map that it has a row for each entry of, or ''."""
    holds_products: bool = False


ARRAYS: dict[str, Array] = {
    "for_you": Array(np.int32, 2, "shoppers", holds_products=True),
    "for_you_because": Array(np.int32, 2, "shoppers", holds_products=True),
    "for_you_scores": Array(np.float32, 2, "shoppers"),
    "discover": Array(np.int32, 2, "shoppers", holds_products=True),
    "discover_because": Array(np.int32, 2, "shoppers", holds_products=True),
    "buy_again": Array(np.int32, 2, "shoppers", holds_products=True),
    "bought_starts": Array(np.int64, 1, ""),
    "bought": Array(np.int32, 1, "", holds_products=True),
    "similar": Array(np.int32, 2, "products", holds_products=True),
    "together": Array(np.int32, 2, "products", holds_products=True),
    "popular": Array(np.int32, 1, "products", holds_products=True),
    "trending": Array(np.int32, 1, "products", holds_products=True),
    "repeat_rate": Array(np.float32, 1, "products"),
    "shopper_vectors": Array(np.float32, 2, "shoppers"),
    "product_vectors": Array(np.float32, 2, "products"),
    "product_biases": Array(np.float32, 1, "products"),
    "shopper_tastes": Array(np.float32, 2, "shoppers"),
    "feature_vectors": Array(np.float32, 2, "features"),
    "feature_biases": Array(np.float32, 1, "features"),
    "leaning_starts": Array(np.int64, 1, ""),
    "leaning_kinds": Array(np.int32, 1, ""),
    "leaning_weights": Array(np.float32, 1, ""),
    "segment_popular": Array(np.int32, 2, "segments", holds_products=True),
    "cold_segments": Array(np.int32, 1, "cold_shoppers"),
}
ID_MAPS = ("shoppers", "products", "features", "kinds", "segments", "cold_shoppers")


def check_model(model: Model) -> None:
    """Raise ModelDamaged unless sizes agree, numbers are finite and lists name products that exist."""
    for name in ID_MAPS:
        _check(not _refusal(getattr(model, name)), f"the id map {name} does not hold together")
    for name, expected in ARRAYS.items():
        _check_array(model, name, getattr(model, name), expected)
    widths = model.shopper_vectors.shape[1], model.shopper_tastes.shape[1]
    _check(widths == (model.product_vectors.shape[1], model.feature_vectors.shape[1]), "vectors differ in length")
    _check_rows(model, "bought", model.bought_starts, len(model.bought))
    _check_rows(model, "leanings", model.leaning_starts, len(model.leaning_kinds))
    _check(len(model.leaning_kinds) == len(model.leaning_weights), "leanings differ in length")
    _check(not len(model.leaning_kinds) or int(model.leaning_kinds.max()) < len(model.kinds), "a kind is out of range")
    segments = model.cold_segments
    among = not segments.size or bool(0 <= segments.min() <= segments.max() < len(model.segments))
    _check(among, "cold_segments names a segment out of range")


def _check_rows(model: Model, name: str, starts: NDArray[np.int64], length: int) -> None:
    """That each shopper has a part of `length` entries."""
    whole = len(starts) == len(model.shoppers) + 1 and starts[0] == 0 and starts[-1] == length
    _check(whole and bool((np.diff(starts) >= 0).all()), f"the rows of {name} do not fit")


def _check_array(model: Model, name: str, array: NDArray[np.generic], expected: Array) -> None:
    _check(array.dtype == expected.kind, f"{name} is {array.dtype}")
    _check(array.ndim == expected.dimensions, f"{name} has {array.ndim} dimensions")
    if expected.rows:
        rows = len(getattr(model, expected.rows))
        _check(len(array) == rows, f"{name} has {len(array)} rows and should have {rows}")
    _check(bool(np.isfinite(array).all()), f"{name} holds a number that is not finite")
    if expected.holds_products and array.size:
        _check(bool(-1 <= array.min() <= array.max() < len(model.products)), f"{name} names a product out of range")


def _refusal(ids: IdMap) -> str:
    try:
        ids.check()
    except (ValueError, UnicodeDecodeError) as wrong:
        return str(wrong)
    return ""


def _check(holds: bool, otherwise: str) -> None:
    if not holds:
        raise ModelDamaged(f"The model does not hold together: {otherwise}.")
