"""Ownership: which process runs the servers of a data folder, and where the others read how to reach them."""

import fcntl
import json
import os
import re
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from infra.embedded.failures import EmbeddedFailed
from infra.embedded.passwords import give_to_folder_owner, write_private

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

Addresses = TypeVar("Addresses")

_PATIENCE_SECONDS = 10.0
_SERVER = re.compile(rb"/(postgres|valkey-server)( |$)")


@contextmanager
def hold_lock(path: Path) -> Iterator[bool]:
    """Try to become the owner: True while the lock is ours, False when another process has it. Never waits."""
    with open(os.open(path, os.O_RDWR | os.O_CREAT, 0o600), "rb+") as file:
        give_to_folder_owner(path)
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
        else:
            yield True


@contextmanager
def publish_addresses(path: Path, addresses: "DataclassInstance") -> Iterator[None]:
    """Let other processes read the addresses, until we are about to stop the servers."""
    write_private(path, json.dumps({"owner_pid": os.getpid(), "addresses": asdict(addresses)}))
    try:
        yield
    finally:
        path.unlink(missing_ok=True)


def find_addresses(path: Path, kind: type[Addresses]) -> Addresses | None:
    """The addresses of that class that a living owner published; None while it starts or stops its servers."""
    try:
        state = json.loads(path.read_text())
    except FileNotFoundError:
        return None
    # An owner that was killed leaves its file behind.
    return kind(**state["addresses"]) if _is_alive(state["owner_pid"]) else None


def end_orphans(run_name: str) -> None:
    """Wait until the servers of an owner that was killed are gone, and help those that stay.

    Only for the new owner of the folder. They are known by the run folder's name in their command lines.
    """
    orphans = _wait_for_end(run_name)
    for number in (signal.SIGINT, signal.SIGKILL):
        if not orphans:
            return
        for pid in orphans:
            _send(pid, number)
        orphans = _wait_for_end(run_name)
    if orphans:
        raise EmbeddedFailed(f"Servers of an earlier run do not end. What to do: end the processes {orphans} yourself.")


def _wait_for_end(run_name: str) -> list[int]:
    """Wait a while; returns the servers that are still there."""
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while (servers := _find_servers(run_name)) and time.monotonic() < deadline:
        time.sleep(0.05)
    return servers


def _find_servers(run_name: str) -> list[int]:
    return [int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit() and _serves(entry, run_name)]


def _serves(process: Path, run_name: str) -> bool:
    try:
        command = (process / "cmdline").read_bytes()
    except OSError:
        return False
    # The first word only, so that a client that names the socket is spared. Valkey writes its whole title there.
    program = command.split(b"\0")[0]
    return _SERVER.search(program) is not None and run_name.encode() in command


def _is_alive(pid: int) -> bool:
    return Path(f"/proc/{pid}").exists()


def _send(pid: int, number: signal.Signals) -> None:
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        return
