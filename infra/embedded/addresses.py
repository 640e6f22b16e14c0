"""Addresses: where the embedded servers of one data folder answer, and with which passwords."""

from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote, urlencode

from infra.embedded.passwords import Passwords

POSTGRES_PORT = 5432
"""Only the end of a socket's name: nothing listens on the network."""


@dataclass(frozen=True, slots=True)
class Embedded:
    """Addresses for asyncpg, libpq (psycopg) and redis-py. They hold passwords, so they are left out of its repr.

    They stay the same when the servers are started again on the same data folder.
    """

    database_url: str = field(repr=False)
    """Database `lastbook` as role lastbook_app."""
    database_owner_url: str = field(repr=False)
    """Database `lastbook` as role lastbook_owner, for migrations."""
    database_admin_url: str = field(repr=False)
    """Database `postgres` as superuser lastbook_admin, for tests that create databases."""
    redis_url: str = field(repr=False)


def valkey_socket(sockets: Path) -> Path:
    """The path of Valkey's socket in the folder of sockets."""
    return sockets / "valkey.sock"


def compose_addresses(sockets: Path, passwords: Passwords) -> Embedded:
    """The addresses of servers whose sockets lie in `sockets`."""
    return Embedded(
        database_url=_postgres_url(sockets, "lastbook_app", passwords.app, "lastbook"),
        database_owner_url=_postgres_url(sockets, "lastbook_owner", passwords.owner, "lastbook"),
        database_admin_url=_postgres_url(sockets, "lastbook_admin", passwords.admin, "postgres"),
        redis_url=f"unix://:{passwords.redis}@{quote(str(valkey_socket(sockets)))}?db=0",
    )


def _postgres_url(sockets: Path, role: str, password: str, database: str) -> str:
    # Host and port are both spelled out, so that PGHOST and PGPORT in the environment change nothing.
    place = urlencode({"host": str(sockets), "port": POSTGRES_PORT}, safe="/")
    return f"postgresql://{role}:{password}@/{database}?{place}"
