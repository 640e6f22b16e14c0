"""Carry-over: what a training takes from the one before, LightFM's state and the lists that serve now."""

import hashlib
import io
import zipfile
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from uuid import UUID

import numpy as np

from infra.artifacts import Artifacts
from infra.database import Database
from infra.errors import NotFound
from recommender.model import ModelDamaged
from recommender.registry import ModelVersion, find_active_version, load_model
from recommender.stored_model import StoredModel
from recommender.training.active import Active
from recommender.training.parameters import TrainingParameters, parameters_of
from recommender.training.state import State, state_of

WARM_FOR = timedelta(days=7)
"""After that LightFM starts anew: what was forgotten is forgotten in its vectors too."""


USUAL = TrainingParameters()


@dataclass(frozen=True, slots=True)
class CarryOver:
    """What is there to go on from."""

    active: Active | None
    warm: State | None
    cold_at: datetime | None
    """When LightFM last started anew; None where it has to now."""
    parameters: TrainingParameters = USUAL
    """Those that were found by tuning, else the usual ones."""
    tuned_at: str | None = None


NOTHING = CarryOver(None, None, None)


async def read_carry_over(db: Database, store: Artifacts, tenant_id: UUID, *, now: datetime) -> CarryOver:
    """From the version that serves. A state that is old, damaged, or knows somebody who was erased is left alone."""
    async with db.tenant(tenant_id) as conn:
        version = await find_active_version(conn)
        erased_at: datetime | None = await conn.fetchval("select max(requested_at) from erasures")
    if version is None:
        return NOTHING
    try:
        model = await load_model(store, tenant_id, version)
    except ModelDamaged:
        return NOTHING
    cold_at, carried = _cold_at(version), CarryOver(_active(model), None, None, *_tuned(model))
    if cold_at is None or cold_at <= now - WARM_FOR or (erased_at is not None and cold_at <= erased_at):
        return carried
    warm = await _read_state(store, tenant_id, version)
    return replace(carried, warm=warm, cold_at=cold_at) if warm else carried


async def save_state(store: Artifacts, tenant_id: UUID, version_id: UUID, state: State) -> str:
    """Store it beside the model; returns its SHA-256, which belongs into the version's metrics."""
    buffer = io.BytesIO()
    np.savez(buffer, **state.arrays())  # type: ignore[arg-type]  # its stub takes our arrays for the flag allow_pickle
    await store.put(_key(tenant_id, version_id), buffer.getvalue())
    return hashlib.sha256(buffer.getvalue()).hexdigest()


async def _read_state(store: Artifacts, tenant_id: UUID, version: ModelVersion) -> State | None:
    try:
        data = await store.get(_key(tenant_id, version.version_id))
        if hashlib.sha256(data).hexdigest() != version.metrics.get("state_sha256"):
            return None
        with np.load(io.BytesIO(data), allow_pickle=False) as stored:
            return state_of({name: stored[name] for name in stored.files})
    except (NotFound, ValueError, KeyError, OSError, EOFError, zipfile.BadZipFile):
        return None


def _active(model: StoredModel) -> Active:
    return Active(
        as_of_s=int(str(model.metrics.get("as_of_s", 0))),
        shoppers=model.shoppers,
        products=model.read_products(),
        for_you=model.whole("for_you"),
        discover=model.whole("discover"),
        metrics=model.metrics,
    )


def _tuned(model: StoredModel) -> tuple[TrainingParameters, str | None]:
    """The parameters to go on with, and when they were found."""
    tuned_at = model.metrics.get("tuned_at")
    if not isinstance(tuned_at, str):
        return USUAL, None
    try:
        return parameters_of(model.parameters), tuned_at
    except (TypeError, ValueError):
        return USUAL, None


def _cold_at(version: ModelVersion) -> datetime | None:
    try:
        return datetime.fromisoformat(str(version.metrics.get("cold_at")))
    except ValueError:
        return None


def _key(tenant_id: UUID, version_id: UUID) -> str:
    return f"{tenant_id}/models/{version_id}/state.npz"
