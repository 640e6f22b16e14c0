"""Roles: the two database roles and the database `lastbook`, for the embedded Postgres or an operator's own."""

from pathlib import Path

import psycopg
from psycopg import sql
from psycopg.conninfo import make_conninfo

_ROLES_SQL = Path(__file__).with_name("roles.sql")
_DATABASE_SQL = Path(__file__).with_name("database.sql")


def prepare_database(admin_url: str, *, owner_password: str, app_password: str) -> None:
    """Create the roles and the empty database, or bring them up to date. Idempotent; migrations come after it.

    `admin_url` names any existing database, as a role that may create roles and databases. Raises psycopg.Error.
    """
    with psycopg.connect(admin_url, autocommit=True) as conn:
        conn.execute(_ROLES_SQL.read_bytes())
        _set_password(conn, "lastbook_owner", owner_password)
        _set_password(conn, "lastbook_app", app_password)
        if conn.execute("select from pg_database where datname = 'lastbook'").fetchone() is None:
            conn.execute("create database lastbook owner lastbook_owner")
    with psycopg.connect(make_conninfo(admin_url, dbname="lastbook"), autocommit=True) as conn:
        conn.execute(_DATABASE_SQL.read_bytes())


def _set_password(conn: psycopg.Connection, role: str, password: str) -> None:
    conn.execute(sql.SQL("alter role {} password {}").format(sql.Identifier(role), sql.Literal(password)))
