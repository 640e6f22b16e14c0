"""Servers: one Postgres and one Valkey for a data folder, however many processes want them."""

import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from infra.embedded.addresses import Embedded
from infra.embedded.failures import EmbeddedFailed
from infra.embedded.folders import open_data_dir
from infra.embedded.ownership import find_addresses, hold_lock, publish_addresses
from infra.embedded.postgres import start_postgres
from infra.embedded.roles import prepare_database
from infra.embedded.start import prepare_start
from infra.embedded.valkey import start_valkey

_JOIN_SECONDS = 240.0


@contextmanager
def run_embedded(data_dir: Path, *, fast: bool = False) -> Iterator[Embedded]:
    """Have the servers of this data folder running; yields their addresses. Blocks for the start, about a second.

    The first process starts and owns them, and stops them when it leaves. Others join and leave them running; when
    the owner is killed the servers end, and whoever comes next owns them. A server that dies alone is started again
    at the same address. `fast` gives up durability, for tests. Raises EmbeddedFailed with the server's last log lines.
    """
    if sys.platform != "linux":
        raise EmbeddedFailed("Embedded servers need Linux. What to do: set DATABASE_URL and REDIS_URL.")
    data_dir = open_data_dir(data_dir)
    deadline = time.monotonic() + _JOIN_SECONDS
    while time.monotonic() < deadline:
        with hold_lock(data_dir / "embedded.lock") as ours:
            if ours:
                with _own_servers(data_dir, fast=fast) as embedded:
                    yield embedded
                return
        joined = find_addresses(data_dir / "embedded.json", Embedded)
        if joined is not None:
            yield joined
            return
        time.sleep(0.05)
    raise EmbeddedFailed(f"Another process holds {data_dir} but serves nothing. What to do: end that process.")


@contextmanager
def _own_servers(data_dir: Path, *, fast: bool) -> Iterator[Embedded]:
    published = data_dir / "embedded.json"
    published.unlink(missing_ok=True)
    start = prepare_start(data_dir, fast=fast)
    with ExitStack() as stack:
        stack.callback(start.run.remove)
        start_valkey(start, stack)
        start_postgres(start, stack)
        passwords = start.passwords
        prepare_database(start.addresses.database_admin_url, owner_password=passwords.owner, app_password=passwords.app)
        stack.enter_context(publish_addresses(published, start.addresses))
        yield start.addresses
