"""The pipeline of one training: read → learn → save → promote."""

import asyncio
from dataclasses import asdict, dataclass
from uuid import UUID

from infra.artifacts import Artifacts
from infra.clock import Clock
from infra.database import Database
from recommender import registry
from recommender.model import Model
from recommender.read_feedback import read_feedback
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
) -> Outcome:
    """Train one version for a tenant; the active version serves on until the new one is promoted.

    Too little to learn from is an outcome; anything else that goes wrong is raised after the version was failed.
    """
    parameters = parameters or TrainingParameters()
    async with db.tenant(tenant_id) as conn:
        await registry.open_version(conn, version_id)
    try:
        learned = await _learn(db, tenant_id, version_id, parameters)
        reason = await _publish(db, store, _model(learned, tenant_id, version_id, clock, parameters), learned.objection)
    except NothingToLearn as nothing:
        await _fail(db, tenant_id, version_id, str(nothing))
        return Outcome(version_id, "failed", str(nothing))
    except Exception:
        # What the merchant reads; the trace goes to the operator with the exception itself.
        await _fail(db, tenant_id, version_id, "The training broke off because of an error on our side.")
        raise
    return Outcome(version_id, "candidate" if reason else "active", reason)


async def _learn(db: Database, tenant_id: UUID, version_id: UUID, parameters: TrainingParameters) -> Learned:
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
    return await asyncio.to_thread(learn, feedback, parameters, report)


def _model(learned: Learned, tenant_id: UUID, version_id: UUID, clock: Clock, parameters: TrainingParameters) -> Model:
    return Model(
        tenant_id=tenant_id,
        version_id=version_id,
        created_at=clock(),
        shoppers=learned.shoppers,
        products=learned.products,
        shopper_vectors=learned.shopper_vectors,
        product_vectors=learned.product_vectors,
        product_biases=learned.product_biases,
        for_you=learned.for_you,
        similar=learned.similar,
        popular=learned.popular,
        parameters=asdict(parameters),
        metrics={**learned.metrics, "not_promoted": learned.objection},
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
