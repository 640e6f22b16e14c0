"""State: what LightFM goes on from the next day, instead of starting anew. Stored beside a model, by its arrays."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recommender.id_map import IdMap
from recommender.training.fit import PRODUCT_SIDE, SHOPPER_SIDE, Weights


@dataclass(frozen=True, slots=True)
class Kept:
    """LightFM at one cut: it knows nothing of that time or later, so a fit at that cut or a later one may use it."""

    as_of_s: int
    shoppers: IdMap
    products: IdMap
    weights: Weights


@dataclass(frozen=True, slots=True)
class State:
    """One entry a cut. Holds shoppers' ids and vectors: it goes whenever one of them is erased."""

    cuts: tuple[Kept, ...]

    def latest(self, as_of_s: int, components: int) -> Kept | None:
        """The newest that knows nothing of `as_of_s` or later and has vectors of this length."""
        fitting = [one for one in self.cuts if one.as_of_s <= as_of_s and _length(one) == components]
        return max(fitting, key=lambda one: one.as_of_s, default=None)

    def arrays(self) -> dict[str, NDArray[np.generic]]:
        """To be stored: float32 weights; ids as bytes and offsets; the cuts' times."""
        found: dict[str, NDArray[np.generic]] = {"as_of_s": np.array([one.as_of_s for one in self.cuts], np.int64)}
        for place, one in enumerate(self.cuts):
            for side, ids in (("shopper", one.shoppers), ("product", one.products)):
                found[f"{place}_{side}_blob"], found[f"{place}_{side}_offsets"] = ids.blob, ids.offsets
            found |= {f"{place}_{name}": one.weights[name] for name in SHOPPER_SIDE + PRODUCT_SIDE}
        return found


def state_of(arrays: Mapping[str, NDArray[np.generic]]) -> State:
    """What `State.arrays` gave; raises KeyError and ValueError for anything else."""
    times = np.asarray(arrays["as_of_s"], np.int64).tolist()
    return State(tuple(_kept(arrays, place, as_of_s) for place, as_of_s in enumerate(times)))


def _kept(arrays: Mapping[str, NDArray[np.generic]], place: int, as_of_s: int) -> Kept:
    def ids(side: str) -> IdMap:
        blob, offsets = (arrays[f"{place}_{side}_{part}"] for part in ("blob", "offsets"))
        found = IdMap(blob.astype(np.uint8, copy=False), offsets.astype(np.int64, copy=False))
        found.check()
        return found

    shoppers, products = ids("shopper"), ids("product")
    weights = {name: arrays[f"{place}_{name}"].astype(np.float32, copy=False) for name in SHOPPER_SIDE + PRODUCT_SIDE}
    for name, values in weights.items():
        if len(values) != len(shoppers if name in SHOPPER_SIDE else products) or not np.isfinite(values).all():
            raise ValueError(f"{name} does not fit the ids of its cut, or holds a number that is not finite.")
    return Kept(as_of_s, shoppers, products, weights)


def carried(kept: Kept, shoppers: IdMap, products: IdMap, *, seed: int) -> Weights:
    """The weights in the order of other id maps; who and what is new starts as small as LightFM starts."""
    random = np.random.default_rng(seed)
    return {
        **_moved(kept.weights, SHOPPER_SIDE, kept.shoppers.places(shoppers), random),
        **_moved(kept.weights, PRODUCT_SIDE, kept.products.places(products), random),
    }


def _moved(
    weights: Weights, side: tuple[str, ...], places: NDArray[np.int64], random: np.random.Generator
) -> dict[str, NDArray[np.float32]]:
    vectors, gradients, biases, bias_gradients = (weights[name] for name in side)
    length = vectors.shape[1]
    started = ((random.random((len(places), length)) - 0.5) / length).astype(np.float32)
    fresh = started, np.ones_like(started), np.zeros(len(places), np.float32), np.ones(len(places), np.float32)
    known = places >= 0
    for new, old in zip(fresh, (vectors, gradients, biases, bias_gradients), strict=True):
        new[known] = old[places[known]]
    return dict(zip(side, fresh, strict=True))


def _length(kept: Kept) -> int:
    return int(kept.weights["item_embeddings"].shape[1])
