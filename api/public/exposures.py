"""Exposures: what a beacon tells of the arms of experiments that its sender saw."""

from collections.abc import Sequence
from datetime import datetime

from api.public.page import Page
from api.public.wire import ClientEvent
from infra.database import Connection
from recommender.serving.experiments import find_exposure
from tenants.experiment_subjects import Exposure, record_exposures


def find_exposures(events: Sequence[ClientEvent], page: Page, *, since: datetime, now: datetime) -> list[Exposure]:
    """Those whose token is of an arm that runs and is the sender's own. None is older than `since`."""
    found = (
        find_exposure(page.live.trials, event.token or "", page.subject, at=max(event.at or now, since), now=now)
        for event in events
        if event.type == "exposure"
    )
    return [one for one in found if one is not None]


async def record_seen(conn: Connection, exposures: Sequence[Exposure], page: Page) -> int:
    """Record them, and whose browser it was; returns how many saw an arm for the first time. Nothing is asked of the
    database while no experiment runs. Call it before a transaction's first write."""
    named = page.shopper_id is not None and page.visitor_id is not None
    if not page.live.trials or not (exposures or named):
        return 0
    first = {one.experiment_id: one for one in sorted(exposures, key=lambda one: one.at, reverse=True)}
    return await record_exposures(conn, list(first.values()), shopper=page.shopper_id, visitor=page.visitor_id)
