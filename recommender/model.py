"""A model: everything learned for one tenant, as arrays, with a manifest that proves them whole."""

import hashlib
import io
import json
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar
from uuid import UUID

import numpy as np
from numpy.typing import NDArray

from recommender.id_map import IdMap

FORMAT = 1
"""Raised when the arrays change their meaning; a reader refuses any other."""


Number = TypeVar("Number", bound=np.generic)


class ModelDamaged(Exception):
    """A stored model is not what its manifest, its tenant or its version says. It is never served."""


@dataclass(frozen=True, slots=True, eq=False)
class Model:
    """S shoppers, P products, d components. Lists hold product indices, best first, -1 where there are no more."""

    tenant_id: UUID
    version_id: UUID
    created_at: datetime
    shoppers: IdMap
    products: IdMap
    shopper_vectors: NDArray[np.float32]
    """Shape (S, d)."""
    product_vectors: NDArray[np.float32]
    """Shape (P, d)."""
    product_biases: NDArray[np.float32]
    """Shape (P,). The score of a product is shopper vector · product vector + bias."""
    for_you: NDArray[np.int32]
    """Shape (S, length): what to show a shopper, over all products."""
    similar: NDArray[np.int32]
    """Shape (P, length): what goes beside a product."""
    popular: NDArray[np.int32]
    """Shape (P,): every product once."""
    parameters: Mapping[str, object]
    metrics: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class ModelFiles:
    """A model as it is stored."""

    arrays: bytes
    """NumPy's .npz, without pickle."""
    manifest: bytes
    """JSON: tenant, version, SHA-256 of the arrays, their shapes and types, parameters, metrics."""


def write_model(model: Model) -> ModelFiles:
    """The same model gives the same bytes."""
    arrays, buffer = _arrays_of(model), io.BytesIO()
    np.savez(buffer, **arrays)  # type: ignore[arg-type]  # its stub takes our arrays for the flag allow_pickle
    manifest = {
        "format": FORMAT,
        "tenant": str(model.tenant_id),
        "version": str(model.version_id),
        "created_at": model.created_at.isoformat(),
        "sha256": hashlib.sha256(buffer.getvalue()).hexdigest(),
        "arrays": _described(arrays),
        "parameters": dict(model.parameters),
        "metrics": dict(model.metrics),
    }
    return ModelFiles(buffer.getvalue(), json.dumps(manifest, indent=1, sort_keys=True).encode())


def read_model(files: ModelFiles, *, tenant_id: UUID, version_id: UUID) -> Model:
    """Read what `write_model` wrote; raises ModelDamaged for anything else, and for another tenant's or version's."""
    manifest = _read_manifest(files.manifest)
    _same(manifest.get("format"), FORMAT, "format")
    _same(manifest.get("tenant"), str(tenant_id), "tenant")
    _same(manifest.get("version"), str(version_id), "version")
    _same(hashlib.sha256(files.arrays).hexdigest(), manifest.get("sha256"), "SHA-256")
    arrays = _read_arrays(files.arrays)
    _same(_described(arrays), manifest.get("arrays"), "list of arrays")
    try:
        model = _model_of(arrays, manifest, tenant_id, version_id)
        _check(model)
    except (KeyError, TypeError, ValueError) as wrong:
        raise ModelDamaged(f"The model does not hold together: {wrong}") from wrong
    return model


def _arrays_of(model: Model) -> dict[str, NDArray[np.generic]]:
    return {
        "shopper_id_blob": model.shoppers.blob,
        "shopper_id_offsets": model.shoppers.offsets,
        "product_id_blob": model.products.blob,
        "product_id_offsets": model.products.offsets,
        "shopper_vectors": model.shopper_vectors,
        "product_vectors": model.product_vectors,
        "product_biases": model.product_biases,
        "for_you": model.for_you,
        "similar": model.similar,
        "popular": model.popular,
    }


def _model_of(
    arrays: dict[str, NDArray[np.generic]], manifest: dict[str, object], tenant_id: UUID, version_id: UUID
) -> Model:
    def take(name: str, kind: type[Number], dimensions: int) -> NDArray[Number]:
        array = arrays[name]
        if array.dtype != kind or array.ndim != dimensions:
            raise ValueError(f"{name} is {array.dtype} with {array.ndim} dimensions.")
        return array.astype(kind, copy=False)

    return Model(
        tenant_id=tenant_id,
        version_id=version_id,
        created_at=datetime.fromisoformat(str(manifest["created_at"])),
        shoppers=IdMap(take("shopper_id_blob", np.uint8, 1), take("shopper_id_offsets", np.int64, 1)),
        products=IdMap(take("product_id_blob", np.uint8, 1), take("product_id_offsets", np.int64, 1)),
        shopper_vectors=take("shopper_vectors", np.float32, 2),
        product_vectors=take("product_vectors", np.float32, 2),
        product_biases=take("product_biases", np.float32, 1),
        for_you=take("for_you", np.int32, 2),
        similar=take("similar", np.int32, 2),
        popular=take("popular", np.int32, 1),
        parameters=_mapping(manifest["parameters"]),
        metrics=_mapping(manifest["metrics"]),
    )


def _check(model: Model) -> None:
    """Raise ValueError unless sizes agree, numbers are finite and lists name products that exist."""
    model.shoppers.check()
    model.products.check()
    shoppers, products = len(model.shoppers), len(model.products)
    lengths = {
        "shopper_vectors": (model.shopper_vectors, shoppers),
        "product_vectors": (model.product_vectors, products),
        "product_biases": (model.product_biases, products),
        "for_you": (model.for_you, shoppers),
        "similar": (model.similar, products),
        "popular": (model.popular, products),
    }
    for name, (array, length) in lengths.items():
        if len(array) != length:
            raise ValueError(f"{name} has {len(array)} rows and should have {length}.")
        if not np.isfinite(array).all():
            raise ValueError(f"{name} holds a number that is not finite.")
    for listed in (model.for_you, model.similar, model.popular):
        if listed.size and not -1 <= listed.min() <= listed.max() < products:
            raise ValueError("A list names a product that does not exist.")
    if model.shopper_vectors.shape[1] != model.product_vectors.shape[1]:
        raise ValueError("Shopper and product vectors differ in length.")


def _described(arrays: Mapping[str, NDArray[np.generic]]) -> dict[str, object]:
    return {name: {"shape": list(array.shape), "dtype": array.dtype.str} for name, array in arrays.items()}


def _read_manifest(data: bytes) -> dict[str, object]:
    try:
        manifest = json.loads(data)
    except ValueError as wrong:
        raise ModelDamaged("The manifest is not JSON.") from wrong
    if not isinstance(manifest, dict):
        raise ModelDamaged("The manifest is not a JSON object.")
    return manifest


def _read_arrays(data: bytes) -> dict[str, NDArray[np.generic]]:
    try:
        with np.load(io.BytesIO(data), allow_pickle=False) as stored:
            return {name: stored[name] for name in stored.files}
    except (ValueError, OSError, EOFError, KeyError, zipfile.BadZipFile) as wrong:
        raise ModelDamaged("The arrays cannot be read.") from wrong


def _mapping(value: object) -> Mapping[str, object]:
    if not isinstance(value, dict):
        raise ValueError("Parameters and metrics are JSON objects.")
    return value


def _same(found: object, expected: object, name: str) -> None:
    if found != expected:
        raise ModelDamaged(f"The model's {name} is {found!r}, expected {expected!r}.")
