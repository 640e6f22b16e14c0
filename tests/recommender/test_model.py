"""A model's files: whole and of the right tenant, or refused."""

import json
import tempfile
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import numpy as np
import pytest

from infra.artifacts import open_file
from recommender.id_map import IdMap
from recommender.model import ARRAYS, Model, ModelDamaged
from recommender.model_files import ModelFiles, write_model
from recommender.stored_model import StoredModel, open_model

TENANT, VERSION, OTHER = UUID(int=1), UUID(int=2), UUID(int=3)

LISTS = np.array([[0, 1], [2, -1]], np.int32)
BESIDE = np.array([[1], [0], [-1]], np.int32)

MODEL = Model(
    tenant_id=TENANT,
    version_id=VERSION,
    created_at=datetime(2026, 1, 2, tzinfo=UTC),
    shoppers=IdMap.of(["ann", "bo"]),
    products=IdMap.of(["x", "y", "z"]),
    features=IdMap.of(["brand:Acme"]),
    for_you=LISTS,
    for_you_because=LISTS,
    for_you_scores=np.zeros((2, 2), np.float32),
    discover=LISTS,
    discover_because=LISTS,
    buy_again=LISTS,
    bought_starts=np.array([0, 1, 3]),
    bought=np.array([0, 1, 2], np.int32),
    similar=BESIDE,
    together=BESIDE,
    popular=np.array([2, 1, 0], np.int32),
    trending=np.array([2, 1, 0], np.int32),
    repeat_rate=np.zeros(3, np.float32),
    shopper_vectors=np.ones((2, 4), np.float32),
    product_vectors=np.ones((3, 4), np.float32),
    product_biases=np.zeros(3, np.float32),
    shopper_tastes=np.ones((2, 3), np.float32),
    feature_vectors=np.ones((1, 3), np.float32),
    feature_biases=np.zeros(1, np.float32),
    kinds=IdMap.of(["type:Boots"]),
    leaning_starts=np.array([0, 0, 1]),
    leaning_kinds=np.array([0], np.int32),
    leaning_weights=np.array([0.5], np.float32),
    segments=IdMap.of(["job=cook", "job=nurse"]),
    segment_popular=LISTS,
    cold_shoppers=IdMap.of(["cy"]),
    cold_segments=np.array([1], np.int32),
    parameters={"components": 4},
    metrics={"evaluated": False},
)


def read(files: ModelFiles, tenant_id: UUID = TENANT, version_id: UUID = VERSION) -> StoredModel:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "arrays"
        file.write_bytes(files.arrays)
        return open_model(open_file(file), files.manifest, tenant_id=tenant_id, version_id=version_id)


def test_a_model_comes_back_as_it_was_written() -> None:
    back = read(write_model(MODEL))
    assert (list(back.shoppers), list(back.read_products())) == (["ann", "bo"], ["x", "y", "z"])
    assert {name: back.whole(name).tolist() for name in ARRAYS} == {
        name: getattr(MODEL, name).tolist() for name in ARRAYS
    }
    assert (list(back.cold_shoppers), list(back.read_segments())) == (["cy"], ["job=cook", "job=nurse"])
    assert (back.row("for_you", 1).tolist(), back.part("bought", 1, 3).tolist()) == ([2, -1], [1, 2])
    assert (back.created_at, back.parameters, back.metrics) == (MODEL.created_at, MODEL.parameters, MODEL.metrics)


def test_the_same_model_gives_the_same_bytes() -> None:
    assert write_model(MODEL) == write_model(MODEL)


def test_one_flipped_bit_is_refused() -> None:
    files = write_model(MODEL)
    damaged = bytearray(files.arrays)
    damaged[len(damaged) // 2] ^= 1
    with pytest.raises(ModelDamaged, match="SHA-256"):
        read(replace(files, arrays=bytes(damaged)))


def test_another_tenants_model_is_refused() -> None:
    with pytest.raises(ModelDamaged, match="tenant"):
        read(write_model(MODEL), tenant_id=OTHER)


def test_another_version_is_refused() -> None:
    with pytest.raises(ModelDamaged, match="version"):
        read(write_model(MODEL), version_id=OTHER)


@pytest.mark.parametrize("manifest", [b"", b"\xff", b"[]", b"{}", b'{"format": 1}'])
def test_a_manifest_that_is_none_is_refused(manifest: bytes) -> None:
    with pytest.raises(ModelDamaged):
        read(ModelFiles(write_model(MODEL).arrays, manifest))


def test_arrays_that_are_not_in_the_file_are_refused() -> None:
    files = write_model(MODEL)
    manifest = json.loads(files.manifest)
    manifest["arrays"]["feature_biases"]["shape"] = [400]
    with pytest.raises(ModelDamaged, match="not in its file"):
        read(replace(files, manifest=json.dumps(manifest).encode()))


@pytest.mark.parametrize(
    "wrong",
    [
        replace(MODEL, popular=np.array([0, 1, 3], np.int32)),
        replace(MODEL, popular=np.array([0, 1], np.int32)),
        replace(MODEL, popular=np.array([{}, {}, {}], dtype=object)),
        replace(MODEL, bought_starts=np.array([0, 2, 1])),
        replace(MODEL, leaning_kinds=np.array([1], np.int32)),
        replace(MODEL, for_you=np.zeros((3, 2), np.int32)),
        replace(MODEL, product_biases=np.array([0, np.nan, 0], np.float32)),
        replace(MODEL, product_vectors=np.ones((3, 5), np.float32)),
        replace(MODEL, popular=np.array([0.0, 1, 2])),
        replace(MODEL, cold_segments=np.array([2], np.int32)),
        replace(MODEL, cold_segments=np.array([-1], np.int32)),
        replace(MODEL, cold_segments=np.array([0, 1], np.int32)),
        replace(MODEL, segment_popular=LISTS[:1]),
        replace(MODEL, shoppers=IdMap(np.frombuffer(b"aa", np.uint8), np.array([0, 1, 2], np.int64))),
    ],
)
def test_what_does_not_hold_together_is_not_written(wrong: Model) -> None:
    with pytest.raises(ModelDamaged, match="hold together"):
        write_model(wrong)


def test_an_array_of_another_kind_is_refused() -> None:
    files = write_model(MODEL)
    manifest = json.loads(files.manifest)
    manifest["arrays"]["popular"]["dtype"] = "|O"
    with pytest.raises(ModelDamaged, match="popular is"):
        read(replace(files, manifest=json.dumps(manifest).encode()))
