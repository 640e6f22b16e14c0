"""The training process: `python -m recommender.training --tenant UUID --version UUID`, settings from the environment.

Its last line of output is the outcome as JSON. It ends with the process that started it.
"""

import argparse
import asyncio
import json
import os
import sys
from uuid import UUID

from infra.artifacts import open_artifacts
from infra.clock import system_clock
from infra.database import open_database
from infra.lifeline import follow_parent
from infra.settings import read_settings
from recommender.training.pipeline import Outcome, train

NICENESS = 10
"""Training gives way to serving on the same machine."""


def main() -> None:
    """Run one training."""
    arguments = _arguments()
    follow_parent()
    os.nice(NICENESS)
    outcome = asyncio.run(_train(arguments.tenant, arguments.version))
    sys.stdout.write(
        json.dumps({"version": str(outcome.version_id), "status": outcome.status, "reason": outcome.reason}) + "\n"
    )


async def _train(tenant_id: UUID, version_id: UUID) -> Outcome:
    settings = read_settings()
    if settings.database_url is None:
        raise SystemExit("DATABASE_URL is needed: the training process starts no database of its own.")
    db = await open_database(
        settings.database_url,
        pool_size=2,
        statement_cache_size=settings.statement_cache_size,
        answer_seconds=None,  # reading a year of orders takes as long as it takes
    )
    try:
        store = open_artifacts(settings.artifacts_url)
        return await train(db, store, system_clock, tenant_id=tenant_id, version_id=version_id)
    finally:
        await db.close()


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m recommender.training", description=__doc__)
    parser.add_argument("--tenant", type=UUID, required=True)
    parser.add_argument("--version", type=UUID, required=True, help="the new model version's id")
    return parser.parse_args()


if __name__ == "__main__":
    main()
