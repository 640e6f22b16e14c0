"""Postgres: the embedded one, made by initdb once and started with settings for a small machine."""

import os
import shutil
import signal
from contextlib import ExitStack
from pathlib import Path

import psycopg

from infra.embedded.account import Account
from infra.embedded.addresses import POSTGRES_PORT
from infra.embedded.failures import failed_with_log
from infra.embedded.folders import HERE, make_private
from infra.embedded.process import Keeper, Program, start_process
from infra.embedded.start import Start

_START_SECONDS = 180.0
"""Long enough for recovery after a crash under load."""

_SETTINGS = {
    "listen_addresses": "",
    "port": str(POSTGRES_PORT),
    "unix_socket_permissions": "0700",
    "password_encryption": "scram-sha-256",
    "max_connections": "100",
    "shared_buffers": "256MB",
    "effective_cache_size": "1GB",
    "work_mem": "16MB",
    "maintenance_work_mem": "128MB",
    "max_wal_size": "2GB",
    "checkpoint_timeout": "15min",
    # There is no standby, so the log of changes holds what recovery needs and no more.
    "wal_level": "minimal",
    "max_wal_senders": "0",
    # Answers are short here, and containers often give /dev/shm only 64 MB.
    "max_parallel_workers_per_gather": "0",
    "jit": "off",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_checkpoints": "off",
    # Errors of statements go to who sent them and not to the log: they quote shoppers' data. "log" ranks above "error".
    "log_min_messages": "log",
    "log_min_error_statement": "panic",
}
_FAST_SETTINGS = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}
_INITDB = (
    f"--pgdata={HERE}",
    "--username=lastbook_admin",
    "--auth=scram-sha-256",
    "--encoding=UTF8",
    # Sorting that is the same on every machine and after every upgrade of its C library.
    "--locale=C",
    "--locale-provider=builtin",
    "--builtin-locale=C.UTF-8",
)


def start_postgres(start: Start, stack: ExitStack) -> None:
    """Start Postgres, with new data the first time, and wait until it answers; `stack` stops it."""
    data = start.data_dir / "postgres"
    if not data.exists():
        _make_cluster(start, data)
    _forget_dead_postmaster(data)
    keeper = Keeper(_postgres_program(start, data))
    stack.callback(keeper.stop)
    keeper.start()
    keeper.wait_until_ready(lambda: _answers(start.addresses.database_admin_url), _START_SECONDS)


def _make_cluster(start: Start, data: Path) -> None:
    """Run initdb. If we are killed meanwhile a draft stays, which the next one starts over."""
    draft = data.with_name(f"{data.name}.draft")
    if draft.exists():
        shutil.rmtree(draft)
    make_private(draft, start.account)
    password = _hand_over(start.passwords.admin, start.run.sockets / "password", start.account)
    try:
        _run_initdb(start, draft, password)
    finally:
        password.unlink()
    draft.rename(data)


def _run_initdb(start: Start, draft: Path, password: Path) -> None:
    log = start.log("initdb")
    log.write_bytes(b"")
    options = (*_INITDB, f"--pwfile={password}", *(("--no-sync",) if start.fast else ()))
    program = Program("initdb", (str(start.programs.initdb), *options), draft, start.account, log, signal.SIGKILL)
    if start_process(program).wait() != 0:
        raise failed_with_log("Postgres", log, "could not create its data")


def _hand_over(password: str, path: Path, account: Account) -> Path:
    """A 0600 file that the servers' account reads."""
    path.touch(mode=0o600)
    path.write_text(password)
    os.chown(path, account.uid, account.gid)
    return path


def _forget_dead_postmaster(data: Path) -> None:
    """Remove the pid file of a server that is gone; only the folder's owner knows that none runs.

    After a restart of the machine or container any other process may have got its pid. Postgres would take that one
    for a running server and refuse to start.
    """
    (data / "postmaster.pid").unlink(missing_ok=True)


def _postgres_program(start: Start, data: Path) -> Program:
    settings = _SETTINGS | {"unix_socket_directories": str(start.run.sockets)} | (_FAST_SETTINGS if start.fast else {})
    return Program(
        name="Postgres",
        command=(str(start.programs.postgres), "-D", HERE, *(f"--{name}={value}" for name, value in settings.items())),
        folder=data,
        account=start.account,
        log=start.log("postgres"),
        # At once and without a checkpoint: nothing is lost, the next start recovers.
        death_signal=signal.SIGQUIT,
        stop_signals=(signal.SIGINT, signal.SIGQUIT),
    )


def _answers(admin_url: str) -> bool:
    """Whether the server takes connections; not while it recovers."""
    try:
        psycopg.connect(admin_url, connect_timeout=5).close()
    except psycopg.OperationalError:
        return False
    return True
