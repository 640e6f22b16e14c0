"""Health: is the process alive, and can it do its work?"""

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from api.state import state_of
from infra.database import Database, DatabaseDown
from infra.telemetry import metrics_text


class Health(msgspec.Struct, frozen=True, kw_only=True):
    """What the process depends on. Without Redis it goes on, with sessions and limits of this process only."""

    ready: bool
    database: bool
    redis: bool


async def live(request: Request) -> Response:
    """The event loop turns."""
    return Response(b'{"live":true}', media_type="application/json")


async def ready(request: Request) -> Response:
    """503 while the database is out of reach."""
    state = state_of(request)
    database = await _reaches(state.db)
    health = Health(ready=database, database=database, redis=await state.cache.ping())
    return Response(msgspec.json.encode(health), 200 if database else 503, media_type="application/json")


async def metrics(request: Request) -> Response:
    return Response(metrics_text(), media_type="text/plain; version=0.0.4")


async def _reaches(db: Database) -> bool:
    try:
        async with db.system() as conn:
            return bool(await conn.fetchval("select true"))
    except DatabaseDown:
        return False


ROUTES = [Route("/health/live", live), Route("/health/ready", ready), Route("/metrics", metrics)]
