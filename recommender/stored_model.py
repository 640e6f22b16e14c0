"""A stored model, opened: its arrays stay in the file, and rows are read when they are asked for.

Not mapped: a process that serves a thousand tenants would be charged for all pages around what it looked at.
"""

import math
import os
from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
import numpy as np
from numpy.typing import NDArray

from infra.artifacts import Opened
from recommender.id_map import IdMap
from recommender.model import ARRAYS, ID_MAPS, Array, ModelDamaged
from recommender.model_files import FORMAT, Manifest, Place


class StoredModel:
    """See `recommender.model.Model` for what the arrays are. Ids of shoppers, features and kinds are kept in memory."""

    def __init__(self, opened: Opened, manifest: Manifest) -> None:
        self._opened, self._manifest = opened, manifest
        self._file = opened.file.fileno()
        self.shoppers, self.features, self.kinds = map(self._ids, ("shoppers", "features", "kinds"))
        self.cold_shoppers = self._ids("cold_shoppers")

    @property
    def version_id(self) -> UUID:
        return self._manifest.version

    @property
    def created_at(self) -> datetime:
        return self._manifest.created_at

    @property
    def parameters(self) -> Mapping[str, object]:
        return self._manifest.parameters

    @property
    def metrics(self) -> Mapping[str, object]:
        return self._manifest.metrics

    def read_products(self) -> IdMap:
        """The ids of the products, read anew."""
        return self._ids("products")

    def read_segments(self) -> IdMap:
        """The names of the segments, read anew."""
        return self._ids("segments")

    def row(self, name: str, index: int) -> NDArray[Any]:  # of the kind that ARRAYS says
        """One row of an array with two dimensions. About two microseconds."""
        place = self._manifest.arrays[name]
        width = place.shape[1] * ARRAYS[name].kind().itemsize
        return np.frombuffer(os.pread(self._file, width, place.at + index * width), ARRAYS[name].kind)

    def part(self, name: str, start: int, stop: int) -> NDArray[Any]:
        """Entries of an array with one dimension."""
        place, kind = self._manifest.arrays[name], ARRAYS[name].kind
        size = kind().itemsize
        return np.frombuffer(os.pread(self._file, (stop - start) * size, place.at + start * size), kind)

    def whole(self, name: str) -> NDArray[Any]:
        """All of an array, in memory."""
        return self._read(name, ARRAYS[name].kind)

    def _ids(self, name: str) -> IdMap:
        return IdMap(self._read(f"{name}_blob", np.uint8), self._read(f"{name}_offsets", np.int64))

    def _read(self, name: str, kind: type[np.generic]) -> NDArray[Any]:
        place = self._manifest.arrays[name]
        size = math.prod(place.shape) * kind().itemsize
        pieces, at = list[bytes](), 0
        while at < size:  # one read of the system gives 2 GB at the most
            pieces.append(os.pread(self._file, size - at, place.at + at))
            at += len(pieces[-1])
        return np.frombuffer(b"".join(pieces), kind).reshape(place.shape)


def open_model(opened: Opened, manifest: bytes, *, tenant_id: UUID, version_id: UUID) -> StoredModel:
    """Open what `write_model` wrote.

    Raises ModelDamaged for anything else, and for another tenant's or version's.
    """
    try:
        described = msgspec.json.decode(manifest, type=Manifest)
    except msgspec.DecodeError as wrong:
        raise ModelDamaged(f"The manifest cannot be read: {wrong}.") from wrong
    _same(described.format, FORMAT, "format")
    _same(described.tenant, tenant_id, "tenant")
    _same(described.version, version_id, "version")
    _same(opened.sha256.hex(), described.sha256, "SHA-256")
    for name, expected in _EXPECTED.items():
        _check(described.arrays.get(name), name, expected, opened.size)
    return StoredModel(opened, described)


def _check(place: Place | None, name: str, expected: Array, size: int) -> None:
    if place is None:
        raise ModelDamaged(f"The model has no {name}.")
    if place.dtype != np.dtype(expected.kind).str or len(place.shape) != expected.dimensions:
        raise ModelDamaged(f"The model's {name} is {place.dtype} with {len(place.shape)} dimensions.")
    if min(place.at, *place.shape) < 0 or place.at + math.prod(place.shape) * expected.kind().itemsize > size:
        raise ModelDamaged(f"The model's {name} is not in its file.")


_EXPECTED = {
    **{f"{name}_blob": Array(np.uint8, 1, "") for name in ID_MAPS},
    **{f"{name}_offsets": Array(np.int64, 1, "") for name in ID_MAPS},
    **ARRAYS,
}


def _same(found: object, expected: object, name: str) -> None:
    if found != expected:
        raise ModelDamaged(f"The model's {name} is {found!r}, expected {expected!r}.")
