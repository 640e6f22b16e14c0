"""Change feed: which tenants changed, told by Postgres when the changing transaction commits."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from uuid import UUID

import asyncpg
import structlog

from infra.database import LOST

CHANNEL = "lastbook_changes"
RETRY_SECONDS = 1.0

log = structlog.get_logger()

OnChange = Callable[[UUID | None], None]
"""Called with a tenant; with None after a (re)connection, when anything may have changed unheard."""


@asynccontextmanager
async def follow_changes(url: str, on_change: OnChange) -> AsyncIterator[None]:
    """Listen until the context ends, on a connection of its own that is renewed when it is lost.

    Needs a direct connection: a transaction-mode pooler does not pass notifications on.
    """
    task = asyncio.create_task(_follow(url, on_change))
    try:
        yield
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


async def _follow(url: str, on_change: OnChange) -> None:
    while True:
        try:
            await _listen(url, on_change)
        except LOST as lost:
            log.warning("change_feed_lost", reason=type(lost).__name__)
        await asyncio.sleep(RETRY_SECONDS)


async def _listen(url: str, on_change: OnChange) -> None:
    conn: asyncpg.Connection[asyncpg.Record] = await asyncpg.connect(url)
    gone = asyncio.Event()
    conn.add_termination_listener(lambda _: gone.set())
    try:
        await conn.add_listener(CHANNEL, lambda *told: on_change(UUID(str(told[3]))))
        on_change(None)
        await gone.wait()
    finally:
        conn.terminate()
