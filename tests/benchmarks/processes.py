"""Processes of a benchmark: machines, our server as an operator starts it, and a bare one beside it."""

import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import httpx2

from infra.lifeline import child_environment
from infra.machines import settled
from infra.settings import Settings, read_settings

START_SECONDS = 30


@contextmanager
def run_machines() -> Iterator[Settings]:
    """Embedded servers with full durability on a fresh folder."""
    with tempfile.TemporaryDirectory(prefix="lb-bench-", ignore_cleanup_errors=True) as folder:
        settings = read_settings({"LASTBOOK_DATA_DIR": str(Path(folder) / "data"), "LASTBOOK_LOG_LEVEL": "error"})
        with settled(settings) as ready:
            yield ready


@contextmanager
def run_lastbook(settings: Settings) -> Iterator[Settings]:
    """`lastbook-server serve` on a free port, training off; yields settings with its address."""
    assert settings.database_url is not None
    assert settings.redis_url is not None
    port = free_port()
    environment = child_environment(
        DATABASE_URL=settings.database_url,
        REDIS_URL=settings.redis_url,
        LASTBOOK_DATA_DIR=str(settings.data_dir),
        LASTBOOK_PORT=str(port),
        LASTBOOK_LOG_LEVEL="error",
    )
    with _process([sys.executable, "-m", "api", "serve"], environment, port):
        yield replace(settings, port=port, public_url=f"http://127.0.0.1:{port}")


@contextmanager
def run_bare(body: bytes) -> Iterator[str]:
    """A Starlette app whose one route answers these bytes, on the same server settings; yields its URL."""
    port = free_port()
    with tempfile.NamedTemporaryFile() as file:
        file.write(body)
        file.flush()
        command = [sys.executable, "-m", "tests.benchmarks.bare", str(port), file.name]
        with _process(command, child_environment(), port):
            yield f"http://127.0.0.1:{port}"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextmanager
def _process(command: list[str], environment: dict[str, str], port: int) -> Iterator[None]:
    child = subprocess.Popen(command, env=environment)
    try:
        _wait(f"http://127.0.0.1:{port}/health/live", child)
        yield
    finally:
        child.terminate()
        child.wait(timeout=20)


def _wait(url: str, child: "subprocess.Popen[bytes]") -> None:
    for _ in range(START_SECONDS * 20):
        if child.poll() is not None:
            break
        try:
            httpx2.get(url, trust_env=False)
        except httpx2.TransportError:
            time.sleep(0.05)
        else:
            return
    raise RuntimeError(f"{child.args!r} did not come up")
