"""Start: everything that must be settled before the servers of a data folder can run."""

import hashlib
import os
from dataclasses import dataclass
from pathlib import Path

from infra.embedded.account import Account, choose_account
from infra.embedded.addresses import Embedded, compose_addresses
from infra.embedded.folders import RunFolder, make_private, make_run_folder
from infra.embedded.ownership import end_orphans
from infra.embedded.passwords import Passwords, keep_passwords
from infra.embedded.programs import Programs, find_programs


@dataclass(frozen=True, slots=True)
class Start:
    """Who runs what, where, with which passwords."""

    data_dir: Path
    account: Account
    passwords: Passwords
    run: RunFolder
    programs: Programs
    fast: bool
    """Give up durability, for tests."""

    @property
    def addresses(self) -> Embedded:
        """Where the servers will answer."""
        return compose_addresses(self.run.sockets, self.passwords)

    def log(self, name: str) -> Path:
        """The log file of a server."""
        return self.data_dir / "logs" / f"{name}.log"


def prepare_start(data_dir: Path, *, fast: bool) -> Start:
    """Settle everything; only for the folder's owner, for it ends servers that an earlier owner left behind."""
    cluster = data_dir / "postgres"
    account = choose_account(data_dir, cluster)
    passwords = keep_passwords(data_dir / "passwords.json", data_exists=cluster.exists())
    run_name = _run_name(data_dir, passwords)
    end_orphans(run_name)
    make_private(data_dir / "logs")
    run = make_run_folder(run_name, account)
    return Start(data_dir, account, passwords, run, find_programs(account, run.copies), fast)


def _run_name(data_dir: Path, passwords: Passwords) -> str:
    """A name that nobody can guess beforehand, and that a copy of the data folder does not share."""
    place = hashlib.sha256(os.fsencode(data_dir)).hexdigest()
    return f"{passwords.run_name}-{place[:6]}"
