"""Model files: a model as it is stored, raw arrays one behind the other and a manifest that proves them whole."""

import hashlib
import io
import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from mmap import mmap
from typing import Any
from uuid import UUID

import msgspec
import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from recommender.id_map import IdMap
from recommender.model import ARRAYS, ID_MAPS, Array, Model, ModelDamaged, check_model

FORMAT = 2
"""Raised when the arrays change their meaning; a reader refuses any other."""
ALIGNMENT = 64
"""Bytes: where an array may begin."""


@dataclass(frozen=True, slots=True)
class ModelFiles:
    """A model as it is stored."""

    arrays: bytes
    manifest: bytes
    """JSON of a `Manifest`."""


class Place(Struct, frozen=True, forbid_unknown_fields=True):
    """Where an array is in the file, and how it looks."""

    at: int
    shape: tuple[int, ...]
    dtype: str
    """NumPy's name, with the order of bytes."""


class Manifest(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What a model's arrays are, whose, and how they were made."""

    format: int
    tenant: UUID
    version: UUID
    created_at: datetime
    sha256: str
    arrays: dict[str, Place]
    parameters: dict[str, Any]  # plain JSON values
    metrics: dict[str, Any]


def write_model(model: Model) -> ModelFiles:
    """The same model gives the same bytes. Raises ModelDamaged for one that does not hold together."""
    check_model(model)
    buffer, places = io.BytesIO(), dict[str, Place]()
    for name, array in _arrays_of(model).items():
        buffer.write(b"\0" * (-buffer.tell() % ALIGNMENT))
        places[name] = Place(buffer.tell(), array.shape, array.dtype.str)
        buffer.write(np.ascontiguousarray(array).tobytes())
    arrays = buffer.getvalue()
    manifest = Manifest(
        format=FORMAT,
        tenant=model.tenant_id,
        version=model.version_id,
        created_at=model.created_at,
        sha256=hashlib.sha256(arrays).hexdigest(),
        arrays=places,
        parameters=dict(model.parameters),
        metrics=dict(model.metrics),
    )
    return ModelFiles(arrays, msgspec.json.format(msgspec.json.encode(manifest, order="deterministic"), indent=1))


def read_model(arrays: bytes | mmap, sha256: bytes, manifest: bytes, *, tenant_id: UUID, version_id: UUID) -> Model:
    """Look at what `write_model` wrote, without touching the arrays' pages; `sha256` is that of `arrays`.

    Raises ModelDamaged for anything else, and for another tenant's or version's.
    """
    try:
        described = msgspec.json.decode(manifest, type=Manifest)
    except msgspec.DecodeError as wrong:
        raise ModelDamaged(f"The manifest cannot be read: {wrong}.") from wrong
    _same(described.format, FORMAT, "format")
    _same(described.tenant, tenant_id, "tenant")
    _same(described.version, version_id, "version")
    _same(sha256.hex(), described.sha256, "SHA-256")
    taken = {name: _take(arrays, described.arrays, name, expected) for name, expected in _EXPECTED.items()}
    ids: dict[str, Any] = {name: IdMap(taken.pop(f"{name}_blob"), taken.pop(f"{name}_offsets")) for name in ID_MAPS}
    return Model(
        tenant_id=tenant_id,
        version_id=version_id,
        created_at=described.created_at,
        parameters=described.parameters,
        metrics=described.metrics,
        **ids,
        **taken,
    )


def _arrays_of(model: Model) -> Mapping[str, NDArray[np.generic]]:
    parts = [(name, getattr(model, name)) for name in ID_MAPS]
    ids = {f"{name}_{part}": getattr(ids, part) for name, ids in parts for part in ("blob", "offsets")}
    return {**ids, **{name: getattr(model, name) for name in ARRAYS}}


def _take(arrays: bytes | mmap, places: Mapping[str, Place], name: str, expected: Array) -> Any:  # kind checked here
    place = places.get(name)
    if place is None:
        raise ModelDamaged(f"The model has no {name}.")
    if place.dtype != np.dtype(expected.kind).str or len(place.shape) != expected.dimensions:
        raise ModelDamaged(f"The model's {name} is {place.dtype} with {len(place.shape)} dimensions.")
    if min(place.at, *place.shape) < 0 or place.at + math.prod(place.shape) * expected.kind().itemsize > len(arrays):
        raise ModelDamaged(f"The model's {name} is not in its file.")
    return np.frombuffer(arrays, expected.kind, math.prod(place.shape), place.at).reshape(place.shape)


_EXPECTED = {
    **{f"{name}_blob": Array(np.uint8, 1, "") for name in ID_MAPS},
    **{f"{name}_offsets": Array(np.int64, 1, "") for name in ID_MAPS},
    **ARRAYS,
}


def _same(found: object, expected: object, name: str) -> None:
    if found != expected:
        raise ModelDamaged(f"The model's {name} is {found!r}, expected {expected!r}.")
