"""Processes of a benchmark: a bare server beside ours, on the same settings."""

import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager

from infra.lifeline import child_environment
from tests.support.processes import Process, free_port


@contextmanager
def run_bare(body: bytes) -> Iterator[str]:
    """A Starlette app whose one route answers these bytes, on the same server settings; yields its URL."""
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    with tempfile.NamedTemporaryFile() as file:
        file.write(body)
        file.flush()
        command = [sys.executable, "-m", "tests.benchmarks.bare", str(port), file.name]
        with Process(command, child_environment(), url=url).running():
            yield url
