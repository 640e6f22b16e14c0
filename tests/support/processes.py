"""Processes: machines with full durability, and Lastbook's programs as an operator starts them, to kill at will."""

import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import httpx2

from infra.lifeline import child_environment
from infra.machines import settled
from infra.settings import Settings, read_settings, stripe_environment

START_SECONDS = 60
NO_STRIPE = {"STRIPE_API_KEY": "sk_test_unused", "STRIPE_BASE_URL": "http://127.0.0.1:9"}
"""Where nobody answers: tests that take no payments start no stand-in."""
END_SECONDS = 20


class Process:
    """One program, which ends with us; `url` is where it answers."""

    def __init__(self, command: Sequence[str], environment: dict[str, str], *, url: str | None = None) -> None:
        self._command = command
        self._environment = environment
        self._url = url
        self._child: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        assert self._child is not None, "not started"
        return self._child.pid

    def start(self) -> None:
        """Returns at once."""
        self._child = subprocess.Popen(self._command, env=self._environment)

    def wait_until_up(self) -> None:
        assert self._child is not None, "not started"
        deadline = time.monotonic() + START_SECONDS
        while self._child.poll() is None and time.monotonic() < deadline:
            try:
                httpx2.get(f"{self._url}/health/live", trust_env=False)
            except httpx2.TransportError:
                time.sleep(0.05)
            else:
                return
        raise RuntimeError(f"{self._command!r} did not come up")

    def kill(self) -> None:
        """SIGKILL: it has no time for a last word."""
        assert self._child is not None, "not started"
        self._child.kill()
        self._child.wait(END_SECONDS)

    def end(self) -> None:
        """SIGTERM, if it still runs."""
        if self._child is not None and self._child.poll() is None:
            self._child.terminate()
            self._child.wait(END_SECONDS)

    @contextmanager
    def running(self) -> Iterator["Process"]:
        """Started, and answering if it has a url; ended when the context ends."""
        try:
            self.start()
            if self._url is not None:
                self.wait_until_up()
            yield self
        finally:
            self.end()


@contextmanager
def run_machines() -> Iterator[Settings]:
    """Embedded servers with full durability on a fresh folder."""
    with tempfile.TemporaryDirectory(prefix="lb-own-", ignore_cleanup_errors=True) as folder:
        settings = read_settings({"LASTBOOK_DATA_DIR": str(Path(folder) / "data"), "LASTBOOK_LOG_LEVEL": "critical"})
        with settled(settings) as ready:
            yield ready


@contextmanager
def run_lastbook(settings: Settings) -> Iterator[Settings]:
    """`lastbook-server serve` on a free port; yields settings with its address."""
    settings = on_free_port(settings)
    with serving(settings).running():
        yield settings


def serving(settings: Settings) -> Process:
    """`lastbook-server serve` at the settings' address; no worker belongs to it."""
    return _lastbook("serve", settings, url=settings.public_url)


def working(settings: Settings) -> Process:
    """`lastbook-server work`."""
    return _lastbook("work", settings)


def on_free_port(settings: Settings) -> Settings:
    port = free_port()
    return replace(settings, port=port, public_url=f"http://127.0.0.1:{port}")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _lastbook(command: str, settings: Settings, *, url: str | None = None) -> Process:
    assert settings.database_url is not None
    assert settings.redis_url is not None
    environment = child_environment(
        DATABASE_URL=settings.database_url,
        REDIS_URL=settings.redis_url,
        ARTIFACTS_URL=settings.artifacts_url,
        LASTBOOK_DATA_DIR=str(settings.data_dir),
        LASTBOOK_PORT=str(settings.port),
        LASTBOOK_LOG_LEVEL=settings.log_level,
        LASTBOOK_MAX_IN_FLIGHT=str(settings.max_in_flight),
        LASTBOOK_TRAIN_AFTER_SECONDS=str(settings.train_after_seconds),
        **(stripe_environment(settings) or NO_STRIPE),
    )
    return Process([sys.executable, "-m", "api", command], environment, url=url)


def find_processes(*words: str) -> list[int]:
    """Pids of the processes that have all these words in their command lines."""
    wanted = set(words)
    return [
        int(file.parent.name) for file in Path("/proc").glob("[0-9]*/cmdline") if wanted <= set(_read(file).split("\0"))
    ]


def is_running(pid: int) -> bool:
    """Whether the process is there, and not only its exit code."""
    stat = _read(Path(f"/proc/{pid}/stat"))
    return bool(stat) and stat.rpartition(")")[2].split()[0] != "Z"


def _read(file: Path) -> str:
    try:
        return file.read_text(errors="replace")
    except OSError:
        return ""
