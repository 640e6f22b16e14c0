"""The registry: a tenant's model versions, from training to active and retired, and where their files are."""

import hashlib
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from infra.artifacts import Artifacts
from infra.database import Connection
from infra.errors import Conflict, NotFound
from recommender.model import Model, ModelDamaged
from recommender.model_files import write_model
from recommender.stored_model import StoredModel, open_model

KEPT_VERSIONS = 5
"""How many versions besides the active one keep their files, for a rollback."""


class VersionNotReady(Conflict):
    """Only a candidate or a retired model version can become the active one."""

    code = "version_not_ready"
    hint = "Wait for the training to finish, or choose another version."


class VersionNotTraining(Conflict):
    """This model version is no longer in training."""

    code = "version_not_training"


@dataclass(frozen=True, slots=True)
class ModelVersion:
    """One training and what became of it."""

    version_id: UUID
    status: str
    """training → candidate or failed; candidate → active → retired → active again (a rollback)."""
    stage: str
    """What a training is doing, in a word."""
    progress: float
    """0 to 1."""
    started_at: datetime
    finished_at: datetime | None
    promoted_at: datetime | None
    metrics: dict[str, object]
    manifest_sha256: bytes | None
    error: str | None


async def open_version(conn: Connection, version_id: UUID) -> None:
    """Start a training's row. Versions still in training are failed: their process is gone, as one runs at a time."""
    await conn.execute(_FAIL_LEFT_BEHIND)
    await conn.execute("insert into model_versions (version_id, status) values ($1, 'training')", version_id)


async def record_progress(conn: Connection, version_id: UUID, *, stage: str, progress: float) -> None:
    """Say how far a training is; `progress` is cut to 0…1."""
    await conn.execute(
        "update model_versions set stage = $2, progress = $3 where version_id = $1 and status = 'training'",
        version_id,
        stage,
        min(1.0, max(0.0, progress)),
    )


async def finish_version(
    conn: Connection, version_id: UUID, *, metrics: dict[str, object], manifest_sha256: bytes
) -> None:
    """Training → candidate. Raises VersionNotTraining, for instance when a newer training failed this one."""
    if not await conn.fetchval(_FINISH, version_id, metrics, manifest_sha256):
        raise VersionNotTraining(f"The model version {version_id} is not in training.")


async def fail_version(conn: Connection, version_id: UUID, *, error: str) -> None:
    """Training → failed, with a sentence for the merchant. Any other state stays."""
    await conn.execute(_FAIL, version_id, error)


async def promote_version(conn: Connection, version_id: UUID) -> None:
    """Make a candidate, or a retired version again, the active one; promoting the active one changes nothing.

    Processes that serve hear of it when the transaction commits. Raises NotFound and VersionNotReady.
    """
    # Locks all rows, so that of two promotions at once the second sees what the first did.
    rows = await conn.fetch("select version_id, status from model_versions order by version_id for update")
    status = {row["version_id"]: row["status"] for row in rows}.get(version_id)
    if status is None:
        raise NotFound(f"There is no model version {version_id}.")
    if status not in ("candidate", "retired", "active"):
        raise VersionNotReady(f"The model version {version_id} is {status}.")
    await conn.execute(
        "update model_versions set status = 'retired' where status = 'active' and version_id <> $1", version_id
    )
    await conn.execute(
        "update model_versions set status = 'active', promoted_at = now() where version_id = $1", version_id
    )
    await conn.execute("select pg_notify('lastbook_changes', current_tenant()::text)")


async def list_versions(conn: Connection, *, limit: int = 50) -> list[ModelVersion]:
    """The newest first."""
    return [ModelVersion(**row) for row in await conn.fetch(_LIST, limit)]


async def find_active_version(conn: Connection) -> ModelVersion | None:
    """The version that serves, or None before the first promotion."""
    row = await conn.fetchrow(_ACTIVE)
    return None if row is None else ModelVersion(**row)


async def forget_old_versions(conn: Connection) -> list[UUID]:
    """Delete the rows of all but the active and the newest `KEPT_VERSIONS`; returns whose files are to be deleted.

    Versions that may still know somebody who was erased since they began are never kept.
    """
    return [row["version_id"] for row in await conn.fetch(_FORGET, KEPT_VERSIONS)]


async def save_model(store: Artifacts, model: Model) -> bytes:
    """Store a model's files, the manifest last; returns the manifest's SHA-256 for `finish_version`."""
    files, folder = write_model(model), _folder(model.tenant_id, model.version_id)
    await store.put(f"{folder}/arrays.bin", files.arrays)
    await store.put(f"{folder}/manifest.json", files.manifest)
    return hashlib.sha256(files.manifest).digest()


async def load_model(store: Artifacts, tenant_id: UUID, version: ModelVersion) -> StoredModel:
    """Raises ModelDamaged when files are missing or are not the ones that `save_model` stored."""
    folder = _folder(tenant_id, version.version_id)
    try:
        manifest = await store.get(f"{folder}/manifest.json")
        arrays = await store.open(f"{folder}/arrays.bin")
    except NotFound as missing:
        raise ModelDamaged(f"The model version {version.version_id} has lost its files.") from missing
    if hashlib.sha256(manifest).digest() != version.manifest_sha256:
        raise ModelDamaged(f"The manifest of model version {version.version_id} was changed.")
    return open_model(arrays, manifest, tenant_id=tenant_id, version_id=version.version_id)


async def delete_model(store: Artifacts, tenant_id: UUID, version_id: UUID) -> None:
    """Delete a version's files; harmless when there are none."""
    await store.delete_prefix(f"{_folder(tenant_id, version_id)}/")


def _folder(tenant_id: UUID, version_id: UUID) -> str:
    return f"{tenant_id}/models/{version_id}"


_COLUMNS = "version_id, status, stage, progress, started_at, finished_at, promoted_at, metrics, manifest_sha256, error"

_LIST = f"""
select {_COLUMNS}
from model_versions
order by started_at desc, version_id desc
limit $1
"""

_ACTIVE = f"""
select {_COLUMNS}
from model_versions
where status = 'active'
"""

_FAIL_LEFT_BEHIND = """
update model_versions
set status = 'failed', error = 'The training was cut off.', finished_at = now()
where status = 'training'
"""

_FINISH = """
update model_versions
set status = 'candidate', stage = 'done', progress = 1, finished_at = now(), metrics = $2, manifest_sha256 = $3
where version_id = $1 and status = 'training'
returning true
"""

_FAIL = """
update model_versions
set status = 'failed', error = $2, finished_at = now()
where version_id = $1 and status = 'training'
"""

_FORGET = """
delete from model_versions
where status in ('retired', 'candidate', 'failed')
    and (
        started_at <= (select max(requested_at) from erasures)
        or version_id not in (
            select version_id
            from model_versions
            where status <> 'active'
            order by started_at desc, version_id desc
            limit $1
        )
    )
returning version_id
"""
