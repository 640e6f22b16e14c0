"""Tools of a training: the record without a limit on how long an answer takes, and the artifacts."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from infra.artifacts import Artifacts, open_artifacts
from infra.database import Database, open_database
from infra.settings import Settings


@asynccontextmanager
async def open_training_tools(settings: Settings) -> AsyncIterator[tuple[Database, Artifacts]]:
    """Closed when the context ends. Needs `settings.database_url`; raises DatabaseDown."""
    assert settings.database_url is not None
    db = await open_database(
        settings.database_url,
        pool_size=2,
        statement_cache_size=settings.statement_cache_size,
        answer_seconds=None,  # reading a year of orders takes as long as it takes
    )
    try:
        yield db, open_artifacts(settings.artifacts_url)
    finally:
        await db.close()
