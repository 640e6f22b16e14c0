"""Forgetting: model versions that still know somebody who was erased go, at the latest a week after the erasure."""

from datetime import datetime, timedelta
from uuid import UUID

from infra.artifacts import Artifacts
from infra.database import Connection, Database
from recommender.jobs import defer_training
from recommender.registry import delete_model, forget_old_versions, promote_version

PATIENCE = timedelta(days=6)
"""How long the active version may outlive an erasure while trainings fail or are not good enough: the daily round that
finds it overdue ends it within the seventh day."""


async def forget_the_erased(db: Database, store: Artifacts, tenant_id: UUID, *, now: datetime) -> int:
    """A tenant's daily round: train when the active version is older than an erasure, end it when that does not help.

    Returns how many versions' files were deleted.
    """
    async with db.tenant(tenant_id) as conn:
        erased_at: datetime | None = await conn.fetchval(_ERASED_UNDER_ACTIVE)
        if erased_at is not None:
            await defer_training(conn, tenant_id, run_at=now)
        if erased_at is not None and erased_at <= now - PATIENCE:
            await _end_active(conn)
        forgotten = await forget_old_versions(conn)
    for version_id in forgotten:
        await delete_model(store, tenant_id, version_id)
    return len(forgotten)


async def _end_active(conn: Connection) -> None:
    """Serve from a version that knows nobody erased, however good; without one from what sells and what is new."""
    clean: UUID | None = await conn.fetchval(_CLEAN)
    if clean is not None:
        await promote_version(conn, clean)
        return
    await conn.execute("update model_versions set status = 'retired' where status = 'active'")
    await conn.execute("select pg_notify('lastbook_changes', current_tenant()::text)")


_ERASED_UNDER_ACTIVE = """
select min(erasures.requested_at)
from erasures
join model_versions on model_versions.status = 'active' and model_versions.started_at <= erasures.requested_at
"""

_CLEAN = """
select version_id
from model_versions
where status = 'candidate' and started_at > (select max(requested_at) from erasures)
order by started_at desc
limit 1
"""
