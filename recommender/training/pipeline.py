"""The pipeline of one training: read → learn → save → promote."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from infra.artifacts import Artifacts
from infra.clock import Clock
from infra.database import Database
from recommender import registry
from recommender.model import ARRAYS, ID_MAPS, Model
from recommender.read_feedback import read_feedback
from recommender.training.carry_over import CarryOver, read_carry_over, save_state
from recommender.training.learn import Learned, NothingToLearn, learn
from recommender.training.parameters import TrainingParameters


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a training ended."""

    version_id: UUID
    status: str
    """active, candidate or failed."""
    reason: str | None
    """Why it does not serve."""


async def train(
    db: Database,
    store: Artifacts,
    clock: Clock,
    *,
    tenant_id: UUID,
    version_id: UUID,
    parameters: TrainingParameters | None = None,
    tune_seconds: int = 0,
) -> Outcome:
    """Train one version for a tenant; the active version serves on until the new one is promoted.

    `parameters`: unset, those that an earlier training was tuned to, or the usual ones. Too little to learn from is an
    outcome; anything else that goes wrong is raised after the version was failed.
    """
    began_at = clock()
    async with db.tenant(tenant_id) as conn:
        await registry.open_version(conn, version_id)
    try:
        before = await read_carry_over(db, store, tenant_id, now=began_at)
        parameters = replace(parameters or before.parameters, tune_seconds=tune_seconds)
        learned = await _learn(db, tenant_id, version_id, parameters, before)
        kept = {
            "state_sha256": await save_state(store, tenant_id, version_id, learned.state),
            "cold_at": (before.cold_at or began_at).isoformat(),
            "tuned_at": began_at.isoformat() if tune_seconds else before.tuned_at,
        }
        model = _model(learned, tenant_id, version_id, clock(), kept)
        reason = await _publish(db, store, model, learned.objection)
    except NothingToLearn as nothing:
        await _fail(db, tenant_id, version_id, str(nothing))
        return Outcome(version_id, "failed", str(nothing))
    except Exception:
        # What the merchant reads; the trace goes to the operator with the exception itself.
        await _fail(db, tenant_id, version_id, "The training broke off because of an error on our side.")
        raise
    return Outcome(version_id, "candidate" if reason else "active", reason)


async def _learn(
    db: Database, tenant_id: UUID, version_id: UUID, parameters: TrainingParameters, before: CarryOver
) -> Learned:
    """Read and learn. The maths runs in a thread, which waits while its progress is stored."""
    loop = asyncio.get_running_loop()

    async def store_progress(stage: str, progress: float) -> None:
        async with db.tenant(tenant_id) as conn:
            await registry.record_progress(conn, version_id, stage=stage, progress=progress)

    def report(stage: str, progress: float) -> None:
        asyncio.run_coroutine_threadsafe(store_progress(stage, progress), loop).result()

    await store_progress("reading", 0.01)
    async with db.tenant(tenant_id) as conn:
        feedback = await read_feedback(conn)
    return await asyncio.to_thread(learn, feedback, parameters, report, warm=before.warm, active=before.active)


def _model(learned: Learned, tenant_id: UUID, version_id: UUID, now: datetime, kept: Mapping[str, object]) -> Model:
    return Model(
        tenant_id=tenant_id,
        version_id=version_id,
        created_at=now,
        parameters=learned.parameters,
        metrics={**learned.metrics, **kept, "warnings": learned.warnings, "not_promoted": learned.objection},
        **{name: getattr(learned, name) for name in (*ID_MAPS, *ARRAYS)},
    )


async def _publish(db: Database, store: Artifacts, model: Model, objection: str | None) -> str | None:
    """Store the files, then the version; promote it unless there is an objection, which is returned."""
    manifest_sha256 = await registry.save_model(store, model)
    async with db.tenant(model.tenant_id) as conn:
        await registry.finish_version(
            conn, model.version_id, metrics=dict(model.metrics), manifest_sha256=manifest_sha256
        )
        if objection is None:
            await registry.promote_version(conn, model.version_id)
        forgotten = await registry.forget_old_versions(conn)
    for version_id in forgotten:
        await registry.delete_model(store, model.tenant_id, version_id)
    return objection


async def _fail(db: Database, tenant_id: UUID, version_id: UUID, error: str) -> None:
    async with db.tenant(tenant_id) as conn:
        await registry.fail_version(conn, version_id, error=error)
