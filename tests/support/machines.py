"""Machines of the tests: one embedded Postgres and Valkey for a whole run, owned by pytest's main process."""

import asyncio
import os
import tempfile
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import psycopg

from infra.embedded import run_embedded
from infra.migrate import migrate
from infra.settings import Settings, read_settings

FOLDER = "LASTBOOK_TEST_FOLDER"
"""In the environment of pytest's workers: where the run keeps its data."""
NAMES = ("DATABASE_URL", "DATABASE_OWNER_URL", "REDIS_URL")
ADMIN_URL = "LASTBOOK_TEST_DATABASE_ADMIN_URL"
"""In the same place: a superuser's address."""
MIGRATED = "lastbook_migrated"
"""A database with the schema and nothing in it, to copy."""


def start_machines(stack: ExitStack) -> None:
    """Start and migrate; the addresses go to the workers through the environment."""
    folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="lb-test-", ignore_cleanup_errors=True)))
    folder.chmod(0o755)
    embedded = stack.enter_context(run_embedded(folder / "data", fast=True))
    addresses = (embedded.database_url, embedded.database_owner_url, embedded.redis_url)
    os.environ.update({f"LASTBOOK_TEST_{name}": address for name, address in zip(NAMES, addresses, strict=True)})
    os.environ[ADMIN_URL] = embedded.database_admin_url
    os.environ[FOLDER] = str(folder)
    asyncio.run(migrate(embedded.database_owner_url))
    with psycopg.connect(embedded.database_admin_url, autocommit=True) as admin:
        admin.execute(f"create database {MIGRATED} template lastbook strategy wal_log owner lastbook_owner")


def machine_settings() -> Settings:
    """Settings of the run's machines."""
    environment = {name: os.environ[f"LASTBOOK_TEST_{name}"] for name in NAMES}
    folder = Path(os.environ[FOLDER])
    return replace(
        read_settings({**environment, "LASTBOOK_DATA_DIR": str(folder), "LASTBOOK_LOG_LEVEL": "critical"}),
        artifacts_url=(folder / "artifacts").as_uri(),
    )
