"""Erased sessions: what an erased person looked at, forgotten again when all API processes know of it.

An API process that has not heard of an erasure yet may keep one more view. The job finds such sessions by the hashes of
the suppressed: a list of browsers in its arguments would be what the erasure has just removed.
"""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from uuid import UUID

from redis.exceptions import RedisError

from infra.database import Connection, Database
from infra.jobs import defer
from infra.redis import Cache, key
from tenants.suppression import Kind, read_suppressed

FORGET_SESSIONS = "forget_sessions"
HEARD = timedelta(seconds=20)
"""Within this every process has heard: at once, or by its regular look (15 seconds) when the message was lost."""
TOGETHER_SECONDS = 10
"""Erasures so close to each other share a job."""
PLACES: Mapping[tuple[str, str], Kind] = {
    ("session", "visitor"): "visitor",
    ("session", "shopper"): "external_id",
    ("bought", "shopper"): "external_id",
}
"""Where sessions are in Redis, and what they are named by; see `api.sessions`."""


async def defer_forget_sessions(conn: Connection, tenant_id: UUID, *, now: datetime) -> None:
    """Queue it on the caller's transaction: begun half a minute from now, it is done within the promised one."""
    round_ = int((now + HEARD).timestamp()) // TOGETHER_SECONDS + 1
    run_at = datetime.fromtimestamp(round_ * TOGETHER_SECONDS, UTC)
    args, lock = {"tenant_id": str(tenant_id)}, f"sessions:{tenant_id}:{round_}"
    await defer(conn, FORGET_SESSIONS, args, queueing_lock=lock, run_at=run_at, priority=1)


async def forget_erased_sessions(db: Database, cache: Cache, tenant_id: UUID) -> int:
    """Drop what Redis holds of all browsers and shoppers that are suppressed; returns how many. Raises RedisError."""
    async with db.tenant(tenant_id) as conn:
        suppressed = await read_suppressed(conn)
    erased = [
        key(tenant_id, *place, name)
        for place, kind in PLACES.items()
        async for name in cache.list_last_parts(tenant_id, *place)
        if suppressed.holds(kind, name)
    ]
    if erased and await cache.send([("DEL", *erased)], anyway=True) is None:
        raise RedisError("Redis went away.")
    return len(erased)
