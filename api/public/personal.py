"""Personal: what of a proven shopper a page needs from the record, because no process holds it in memory."""

import asyncio
import contextlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from api.state import State
from infra.database import Connection, DatabaseDown
from infra.errors import NotFound
from recommender.serving.live_tenant import LiveTenant
from tenants.collections import list_open_to
from tenants.measured import Record, read_record
from tenants.shoppers import find_shopper_id

PATIENCE_S = 0.3
"""How long a page waits for it. A page without it is better than a late one."""
MOST_PEOPLE = 4
"""Whose measurements a page may ask for at once."""
UNMEASURED: Mapping[str | None, Record] = {None: Record(allowed=False)}
"""Of a shopper whom the record does not know."""


@dataclass(frozen=True, slots=True)
class Personal:
    """Read for one page and kept nowhere."""

    collections: frozenset[str] = frozenset()
    """Ids of the open collections with a personal audience that hold the shopper."""
    records: Mapping[str | None, Record] | None = field(default=None, repr=False)
    """What is on record by person (None: the shopper); of whom it is not known, nothing. None for a stranger."""


NOBODY, UNREAD = Personal(), Personal(records={})


async def read_personal(
    state: State, live: LiveTenant, shopper_id: str | None, people: Iterable[str | None] = (None,), *, now: datetime
) -> Personal:
    """Read it where the shop has a use for it. The shopper is proven and may be recognised: the caller knows.

    Who is not around this shopper is left out, and so is everything while the record is away.
    """
    live.advance(now.timestamp())
    if shopper_id is None or not (live.opening.personal or live.made):
        return NOBODY
    reading = asyncio.create_task(_read(state, live, shopper_id, people, now))
    reading.add_done_callback(_ignore)
    done, _ = await asyncio.wait({reading}, timeout=PATIENCE_S)
    if not done:
        # Not waited for: a connection that does not answer takes its time to be given up too.
        reading.cancel()
        return UNREAD
    try:
        return reading.result()
    except DatabaseDown:
        return UNREAD


async def _read(
    state: State, live: LiveTenant, external_id: str, people: Iterable[str | None], now: datetime
) -> Personal:
    async with state.db.tenant(live.tenant_id) as conn:
        shopper_id = await find_shopper_id(conn, external_id)
        if shopper_id is None:
            return Personal(records=UNMEASURED)
        mine = await read_mine(conn, live, shopper_id, now=now)
        return Personal(mine, await _read_records(conn, shopper_id, people, now) if live.made else None)


async def read_mine(conn: Connection, live: LiveTenant, shopper_id: UUID | None, *, now: datetime) -> frozenset[str]:
    """Ids of the open collections with a personal audience that hold the shopper; asked only where there are any."""
    live.advance(now.timestamp())
    if shopper_id is None or not live.opening.personal:
        return frozenset()
    return await list_open_to(conn, shopper_id, now=now)


async def _read_records(
    conn: Connection, shopper_id: UUID, people: Iterable[str | None], now: datetime
) -> Mapping[str | None, Record]:
    records = dict[str | None, Record]()
    for person in list(dict.fromkeys(people))[:MOST_PEOPLE]:
        with contextlib.suppress(NotFound):
            records[person] = await read_record(conn, shopper_id, person_id=person, now=now)
    return records


def _ignore(reading: "asyncio.Task[Personal]") -> None:
    """Whatever became of it, it was looked at."""
    if not reading.cancelled():
        reading.exception()
