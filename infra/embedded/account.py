"""Account: the ordinary user that the servers run as, for Postgres refuses to run as root."""

import os
import pwd
import stat
from dataclasses import dataclass
from pathlib import Path

from infra.embedded.failures import EmbeddedFailed


@dataclass(frozen=True, slots=True)
class Account:
    """Ids that the servers run under."""

    uid: int
    gid: int

    @property
    def is_ours(self) -> bool:
        """Whether the servers run as the user that starts them."""
        return self.uid == os.geteuid()


def choose_account(data_dir: Path, postgres_data: Path) -> Account:
    """Ourselves; as root, whom the data belongs to, else `nobody`. Raises EmbeddedFailed for data of somebody else."""
    ours = Account(os.geteuid(), os.getegid())
    if ours.uid == 0:
        return _account_of_data(postgres_data) or _account_of_data(data_dir) or _nobody()
    owner = _account_of_data(postgres_data) or ours
    if owner.uid != ours.uid:
        raise EmbeddedFailed(
            f"The data in {postgres_data} belongs to the user with id {owner.uid}, and you are {ours.uid}. "
            "What to do: start as that user or as root, or name another folder in LASTBOOK_DATA_DIR."
        )
    return ours


def reaches(account: Account, path: Path) -> bool:
    """Whether the account may walk down to this path and execute or enter it, by the mode bits on the way."""
    return account.is_ours or all(_may_enter(account, step) for step in (path, *path.parents))


def _account_of_data(folder: Path) -> Account | None:
    """Whom this folder belongs to, unless it is missing or root's."""
    if not folder.exists():
        return None
    found = folder.stat()
    return Account(found.st_uid, found.st_gid) if found.st_uid else None


def _nobody() -> Account:
    try:
        entry = pwd.getpwnam("nobody")
    except KeyError:
        raise EmbeddedFailed(
            "Postgres does not run as root, and this machine has no user 'nobody' to run it as. "
            "What to do: start as an ordinary user, or give the data folder to one."
        ) from None
    return Account(entry.pw_uid, entry.pw_gid)


def _may_enter(account: Account, path: Path) -> bool:
    found = path.stat()
    if found.st_uid == account.uid:
        return bool(found.st_mode & stat.S_IXUSR)
    if found.st_gid == account.gid:
        return bool(found.st_mode & stat.S_IXGRP)
    return bool(found.st_mode & stat.S_IXOTH)
