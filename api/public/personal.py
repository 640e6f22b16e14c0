"""Personal: what of a proven shopper a page needs from the record, because no process holds it in memory."""

import asyncio
from dataclasses import dataclass
from datetime import datetime

from api.state import State
from infra.database import DatabaseDown
from recommender.serving.live_tenant import LiveTenant
from tenants.collections import list_open_to
from tenants.shoppers import find_shopper_id

PATIENCE_S = 0.3
"""How long a page waits for it. A page without it is better than a late one."""


@dataclass(frozen=True, slots=True)
class Personal:
    """Without a shopper, or while the record is away: nothing."""

    collections: frozenset[str] = frozenset()
    """Ids of the open collections with a personal audience that hold the shopper."""


NOBODY = Personal()


async def read_personal(state: State, live: LiveTenant, shopper_id: str | None, *, now: datetime) -> Personal:
    """Read it where the shop has a use for it. The shopper is proven and may be recognised: the caller knows."""
    live.advance(now.timestamp())
    if shopper_id is None or not live.opening.personal:
        return NOBODY
    reading = asyncio.create_task(_read(state, live, shopper_id, now))
    reading.add_done_callback(_ignore)
    done, _ = await asyncio.wait({reading}, timeout=PATIENCE_S)
    if not done:
        # Not waited for: a connection that does not answer takes its time to be given up too.
        reading.cancel()
        return NOBODY
    try:
        return reading.result()
    except DatabaseDown:
        return NOBODY


async def _read(state: State, live: LiveTenant, external_id: str, now: datetime) -> Personal:
    async with state.db.tenant(live.tenant_id) as conn:
        shopper_id = await find_shopper_id(conn, external_id)
        return NOBODY if shopper_id is None else Personal(await list_open_to(conn, shopper_id, now=now))


def _ignore(reading: "asyncio.Task[Personal]") -> None:
    """Whatever became of it, it was looked at."""
    if not reading.cancelled():
        reading.exception()
