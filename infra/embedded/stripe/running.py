"""Running: the fake in a process of its own beside the data, for the first process that wants it and all that join.

As with the other embedded servers the first process on a data folder owns it, it ends with its owner, and whoever comes
next starts it again at the same address and with the same keys. Its books are in `stripe/books.json`. Unlike them it
listens on a port, on this machine only, because shoppers' browsers open its pages.
"""

import json
import os
import secrets
import signal
import socket
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path

import httpx2

from infra.embedded.account import Account
from infra.embedded.failures import EmbeddedFailed
from infra.embedded.folders import make_private, open_data_dir
from infra.embedded.ownership import find_addresses, hold_lock, publish_addresses
from infra.embedded.passwords import write_private
from infra.embedded.process import Keeper, Program

HOST = "127.0.0.1"
KEYS = "keys.json"
BOOKS = "books.json"
_START_SECONDS = 60.0
_JOIN_SECONDS = 90.0


@dataclass(frozen=True, slots=True)
class EmbeddedStripe:
    """Where the fake answers, and its keys; the same again when it is started on the same data folder."""

    url: str
    api_key: str = field(repr=False)
    webhook_secret: str = field(repr=False)
    """Of the endpoint that `run_stripe` was given."""


@contextmanager
def run_stripe(data_dir: Path, *, webhook_url: str | None = None) -> Iterator[EmbeddedStripe]:
    """Have the fake of this data folder running and send events to `webhook_url`. Blocks for the start, about a second.

    Raises EmbeddedFailed with the fake's last log lines.
    """
    if sys.platform != "linux":
        raise EmbeddedFailed("Embedded servers need Linux. What to do: set STRIPE_API_KEY.")
    data_dir = _open(data_dir)
    deadline = time.monotonic() + _JOIN_SECONDS
    while time.monotonic() < deadline:
        with hold_lock(data_dir / "stripe.lock") as ours:
            if ours:
                with _own(data_dir) as fake:
                    _listen(fake, webhook_url)
                    yield fake
                return
        joined = find_addresses(data_dir / "stripe.json", EmbeddedStripe)
        if joined is not None:
            _listen(joined, webhook_url)
            yield joined
            return
        time.sleep(0.05)
    raise EmbeddedFailed(f"Another process holds {data_dir} but serves no Stripe. What to do: end that process.")


def _open(data_dir: Path) -> Path:
    try:
        return open_data_dir(data_dir)
    except OSError as error:
        raise EmbeddedFailed(
            f"No folder can be made at {data_dir} ({error.strerror}), where the stand-in for Stripe keeps its books. "
            "What to do: set STRIPE_API_KEY, or name another folder in LASTBOOK_DATA_DIR."
        ) from None


@contextmanager
def _own(data_dir: Path) -> Iterator[EmbeddedStripe]:
    published = data_dir / "stripe.json"
    published.unlink(missing_ok=True)
    folder, logs = make_private(data_dir / "stripe"), make_private(data_dir / "logs")
    fake = _keep_keys(folder / KEYS)
    program = Program(
        name="Stripe",
        command=(sys.executable, "-P", "-m", "infra.embedded.stripe"),
        folder=folder,
        account=Account(os.geteuid(), os.getegid()),
        log=logs / "stripe.log",
        death_signal=signal.SIGTERM,
        stop_signals=(signal.SIGTERM,),
    )
    keeper = Keeper(program)
    try:
        keeper.start()
        keeper.wait_until_ready(lambda: _answers(fake), _START_SECONDS)
        with publish_addresses(published, fake):
            yield fake
    finally:
        keeper.stop()


def _keep_keys(path: Path) -> EmbeddedStripe:
    """The keys and the address of last time; another port if somebody else has it now."""
    kept = EmbeddedStripe(**json.loads(path.read_text())) if path.exists() else None
    if kept is not None and _is_free(int(kept.url.rpartition(":")[2])):
        return kept
    fake = EmbeddedStripe(
        url=f"http://{HOST}:{_free_port()}",
        api_key=kept.api_key if kept else f"sk_test_{secrets.token_hex(16)}",
        webhook_secret=kept.webhook_secret if kept else f"whsec_{secrets.token_hex(16)}",
    )
    write_private(path, json.dumps(asdict(fake)))
    return fake


def _listen(fake: EmbeddedStripe, webhook_url: str | None) -> None:
    if webhook_url is not None:
        _ask(fake, "POST", "/_fake/endpoints", {"url": webhook_url, "secret": fake.webhook_secret})


def _answers(fake: EmbeddedStripe) -> bool:
    try:
        return _ask(fake, "GET", "/_fake/clock") == 200
    except httpx2.TransportError:
        return False


def _ask(fake: EmbeddedStripe, method: str, path: str, body: dict[str, str] | None = None) -> int:
    headers = {"Authorization": f"Bearer {fake.api_key}"}
    with httpx2.Client(trust_env=False, timeout=10) as client:
        return client.request(method, fake.url + path, headers=headers, json=body).status_code


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
        return True


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port: int = probe.getsockname()[1]
        return port
