"""Process: one server program that is kept running while we live, and not a moment longer."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from infra.embedded import launch
from infra.embedded.account import Account
from infra.embedded.failures import failed_with_log

_START_ATTEMPTS = 5
_STEADY_SECONDS = 10.0
_LONGEST_PAUSE_SECONDS = 5.0
_STOP_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class Program:
    """What to run, where, and as whom."""

    name: str
    command: tuple[str, ...]
    folder: Path
    """Its working directory and its data folder."""
    account: Account
    log: Path
    death_signal: signal.Signals
    """Sent by the kernel when we are killed."""
    stop_signals: tuple[signal.Signals, ...] = ()
    """Sent in turn, while it is still there, when we stop it."""
    stdin: Path = Path(os.devnull)


class Keeper:
    """Keeps one program running: starts it again when it dies, ends it when told.

    A thread of its own starts the program and waits for it, because the kernel's death signal goes off when the
    *thread* that started a process ends: this one ends with the program or with us, never in between.
    """

    def __init__(self, program: Program) -> None:
        self.program = program
        self._process: subprocess.Popen[bytes] | None = None
        self._quick_deaths = 0
        self._stopping = threading.Event()
        self._starting = threading.Lock()
        self._thread = threading.Thread(target=self._keep, name=f"embedded {program.name}", daemon=True)

    def start(self) -> None:
        """Start the program with an empty log; returns at once (see `wait_until_ready`)."""
        self.program.log.write_bytes(b"")
        self._thread.start()

    def wait_until_ready(self, is_ready: Callable[[], bool], seconds: float) -> None:
        """Wait until the server answers; raises EmbeddedFailed with its log when it dies or takes too long."""
        deadline = time.monotonic() + seconds
        while not is_ready():
            if not self._thread.is_alive() or self._quick_deaths >= _START_ATTEMPTS:
                raise failed_with_log(self.program.name, self.program.log, "ended right after its start")
            if time.monotonic() > deadline:
                raise failed_with_log(self.program.name, self.program.log, f"did not answer within {seconds:.0f} s")
            time.sleep(0.02)

    def stop(self) -> None:
        """End the program: politely, then less so. Returns when it is gone."""
        with self._starting:
            self._stopping.set()
        for number in (*self.program.stop_signals, signal.SIGKILL):
            if self._process is not None:
                self._process.send_signal(number)
            self._thread.join(_STOP_SECONDS)
            if not self._thread.is_alive():
                return

    def _keep(self) -> None:
        while not self._stopping.is_set():
            started = time.monotonic()
            self._run_once()
            lived = time.monotonic() - started
            self._quick_deaths = 0 if lived > _STEADY_SECONDS else self._quick_deaths + 1
            self._stopping.wait(min(0.05 * 2**self._quick_deaths, _LONGEST_PAUSE_SECONDS))

    def _run_once(self) -> None:
        with self._starting:
            if self._stopping.is_set():
                return
            self._process = start_process(self.program)
        self._process.wait()


def start_process(program: Program) -> subprocess.Popen[bytes]:
    """Start the program once through the launcher; it ends when the calling thread does."""
    account = program.account
    ids = (account.uid, account.gid, os.getpid(), int(program.death_signal))
    # -I and -S: no site, no environment, so that the launcher starts in some ten milliseconds.
    command = [sys.executable, "-I", "-S", launch.__file__, *map(str, ids), *program.command]
    with program.log.open("ab") as log, program.stdin.open("rb") as stdin:
        # A session of its own: Ctrl-C in the terminal ends us first, and we end the servers in order.
        return subprocess.Popen(
            command, cwd=program.folder, stdin=stdin, stdout=log, stderr=subprocess.STDOUT, start_new_session=True
        )
