"""Model files: a model as it is stored, raw arrays one behind the other and a manifest that proves them whole."""

import hashlib
import io
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from recommender.model import ARRAYS, ID_MAPS, Model, check_model

FORMAT = 3
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


def _arrays_of(model: Model) -> Mapping[str, NDArray[np.generic]]:
    parts = [(name, getattr(model, name)) for name in ID_MAPS]
    ids = {f"{name}_{part}": getattr(ids, part) for name, ids in parts for part in ("blob", "offsets")}
    return {**ids, **{name: getattr(model, name) for name in ARRAYS}}
