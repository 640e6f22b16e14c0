"""Valkey: the embedded one, which writes every second what it was told."""

import signal
from contextlib import ExitStack
from pathlib import Path

import redis

from infra.embedded.addresses import valkey_socket
from infra.embedded.folders import make_private
from infra.embedded.passwords import write_private
from infra.embedded.process import Keeper, Program
from infra.embedded.start import Start

_START_SECONDS = 60.0


def start_valkey(start: Start, stack: ExitStack) -> None:
    """Start Valkey and wait until it answers; `stack` stops it."""
    settings = start.data_dir / "valkey.conf"
    write_private(settings, _settings(start.run.sockets, start.passwords.redis))
    keeper = Keeper(_valkey_program(start, settings))
    stack.callback(keeper.stop)
    keeper.start()
    keeper.wait_until_ready(lambda: _answers(start.addresses.redis_url), _START_SECONDS)


def _valkey_program(start: Start, settings: Path) -> Program:
    return Program(
        name="Valkey",
        # "-": settings come by standard input. We open the file, so the account need not reach it, and `ps` shows none.
        command=(str(start.programs.valkey), "-"),
        folder=make_private(start.data_dir / "valkey", start.account),
        account=start.account,
        log=start.log("valkey"),
        death_signal=signal.SIGTERM,
        stop_signals=(signal.SIGTERM,),
        stdin=settings,
    )


def _answers(redis_url: str) -> bool:
    """Whether the server answers; not while it loads its file."""
    with redis.Redis.from_url(redis_url, socket_timeout=5) as client:
        try:
            return bool(client.ping())
        except redis.ConnectionError:
            return False


def _settings(sockets: Path, password: str) -> str:
    return f"""\
port 0
unixsocket {valkey_socket(sockets)}
unixsocketperm 700
requirepass {password}
dir ./
save ""
appendonly yes
appendfsync everysec
maxmemory-policy noeviction
daemonize no
proc-title-template "{{title}} {{listen-addr}}"
"""
