"""Personal: what a page needs of the record about the shopper who has proven who they are. Read once, kept nowhere."""

import contextlib
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime

from api.state import State
from infra.database import DatabaseDown
from infra.errors import NotFound
from recommender.serving.live_tenant import LiveTenant
from tenants.measured import Record, read_record
from tenants.shoppers import find_shopper_id

MOST_PEOPLE = 4
"""Whose measurements a page may ask for at once."""


async def read_records(
    state: State, live: LiveTenant, shopper_id: str | None, people: Iterable[str | None], *, now: float
) -> Mapping[str | None, Record] | None:
    """What is on record of each person (None: the shopper). Empty while the database is away, None for a stranger.

    Costs nothing in a shop that makes nothing to measure. Who is not around this shopper is left out.
    """
    if shopper_id is None or not live.made:
        return None
    at, records = datetime.fromtimestamp(now, UTC), dict[str | None, Record]()
    with contextlib.suppress(DatabaseDown):
        async with state.db.tenant(live.tenant_id) as conn:
            row_id = await find_shopper_id(conn, shopper_id)
            if row_id is None:
                return {None: Record(allowed=False)}
            for person in list(dict.fromkeys(people))[:MOST_PEOPLE]:
                with contextlib.suppress(NotFound):
                    records[person] = await read_record(conn, row_id, person_id=person, now=at)
    return records
