"""State: what one API process holds while it runs."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from uuid import UUID

from starlette.requests import Request

from api.keyring import KeyRing
from api.payments import Payments, open_payments
from api.sessions import Sessions
from api.tokens import TokenReader
from infra.artifacts import Artifacts, open_artifacts
from infra.clock import Clock, system_clock
from infra.database import Database, open_database
from infra.key_feed import follow_keys
from infra.open_files import raise_open_files
from infra.redis import Cache, open_cache
from infra.settings import Settings
from recommender.serving.live_tenants import LiveTenants
from recommender.serving.orders import Orders


@dataclass(frozen=True, slots=True)
class State:
    """Handles to the machines, and what is kept in memory for serving."""

    settings: Settings
    db: Database
    cache: Cache
    artifacts: Artifacts
    clock: Clock
    keys: KeyRing
    tokens: TokenReader
    sessions: Sessions
    live: LiveTenants
    orders: Orders
    payments: Payments


@asynccontextmanager
async def open_state(settings: Settings, clock: Clock = system_clock) -> AsyncIterator[State]:
    """Open everything, follow the change feed, and close in reverse order. Both addresses must be set."""
    assert settings.database_url is not None
    assert settings.redis_url is not None
    raise_open_files()
    db = await open_database(
        settings.database_url,
        pool_size=settings.database_pool_size,
        statement_cache_size=settings.statement_cache_size,
    )
    cache, artifacts = open_cache(settings.redis_url), open_artifacts(settings.artifacts_url)
    keys, live = KeyRing(db), LiveTenants(db, artifacts, clock)
    tokens, sessions = TokenReader(keys), Sessions(cache, clock)

    def forget_credentials(tenant_id: UUID) -> None:
        keys.forget(tenant_id)
        tokens.forget(tenant_id)

    try:
        async with (
            live.following(settings.database_url, also=forget_credentials),
            follow_keys(settings.redis_url, sessions.near),
            open_payments(settings, db, clock) as payments,
        ):
            yield State(settings, db, cache, artifacts, clock, keys, tokens, sessions, live, Orders(), payments)
    finally:
        await cache.close()
        await db.close()


def state_of(request: Request) -> State:
    state: State = request.app.state.lastbook
    return state
