"""The recommender's jobs: a tenant's training, run in a process of its own."""

import asyncio
import json
import sys
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from infra.database import Connection
from infra.ids import new_id
from infra.jobs import defer
from infra.lifeline import child_environment
from infra.settings import Settings

TRAIN_TENANT = "train_tenant"
LAST_LINES = 20


class TrainingFailed(Exception):
    """The training process died; the message is the end of what it said. The active version serves on."""


@dataclass(frozen=True, slots=True)
class Trained:
    """How a training ended."""

    version_id: UUID
    status: str
    """active, candidate (not good enough to promote), failed (nothing to learn from) or overtaken (by a newer one)."""
    reason: str | None
    """Why it does not serve."""


async def defer_training(conn: Connection, tenant_id: UUID, *, run_at: datetime) -> None:
    """Queue a training on the caller's transaction, unless the tenant has one waiting."""
    lock = f"train:{tenant_id}"
    await defer(conn, TRAIN_TENANT, {"tenant_id": str(tenant_id)}, queueing_lock=lock, lock=lock, run_at=run_at)


async def defer_tuning(conn: Connection, tenant_id: UUID, *, run_at: datetime) -> None:
    """Queue a training that first looks for better parameters, unless the tenant has one waiting."""
    args, lock = {"tenant_id": str(tenant_id), "tune": "yes"}, f"train:{tenant_id}"
    await defer(conn, TRAIN_TENANT, args, queueing_lock=f"tune:{tenant_id}", lock=lock, run_at=run_at)


async def defer_missed_training(conn: Connection, *, run_at: datetime) -> bool:
    """Queue a training when orders changed after the last one began; returns whether they did.

    Heals what a push cannot see: a training that took its turn a moment before the push committed, or that failed.
    """
    tenant_id: UUID | None = await conn.fetchval(_MISSED)
    if tenant_id is not None:
        await defer_training(conn, tenant_id, run_at=run_at)
    return tenant_id is not None


async def train_tenant(settings: Settings, tenant_id: UUID, *, tune_seconds: int = 0) -> Trained:
    """Train a new version in a child process, which dies with us. Needs `settings.database_url`.

    `tune_seconds`: look so long for better parameters first; later trainings go on with them.

    Raises TrainingFailed when the child died; a version that it left behind is failed by the next training.
    """
    child = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "recommender.training"),
        *("--tenant", str(tenant_id), "--version", str(new_id()), "--tune", str(tune_seconds)),
        env=training_environment(settings),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        said, complained = await child.communicate()
    finally:
        if child.returncode is None:  # we were cancelled
            child.kill()
            await child.wait()
    if child.returncode != 0:
        last = "\n".join(complained.decode(errors="replace").splitlines()[-LAST_LINES:])
        raise TrainingFailed(f"The training process ended with {child.returncode}.\n{last}")
    outcome = json.loads(said.splitlines()[-1])
    return Trained(UUID(outcome["version"]), outcome["status"], outcome["reason"])


def training_environment(settings: Settings, **more: str) -> dict[str, str]:
    """Ours, with the addresses that were settled when we started (embedded servers have no setting)."""
    if settings.database_url is None:
        raise ValueError("A training needs the database's address.")
    return child_environment(
        DATABASE_URL=settings.database_url,
        DATABASE_STATEMENT_CACHE=str(settings.statement_cache_size),
        ARTIFACTS_URL=settings.artifacts_url,
        **more,
    )


_MISSED = """
select current_tenant()
where exists (
    select
    from orders
    where updated_at > (
        select coalesce(max(started_at), '-infinity')
        from model_versions
        where status in ('candidate', 'active', 'retired')
    )
)
"""
