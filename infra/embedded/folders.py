"""Folders: where the embedded servers keep data and logs, and the short private one for their sockets.

Each server starts inside its own data folder and knows it only as `/proc/self/cwd`. So no folder above has to be open
to the servers' account (a data folder under a private home will do), and the path may be long or hold spaces.
Sockets cannot: their path may have 107 bytes and clients name it in full, hence the run folder in a temporary place.
"""

import os
import shutil
import stat
import tempfile
from dataclasses import dataclass
from pathlib import Path

from infra.embedded.account import Account, reaches
from infra.embedded.failures import EmbeddedFailed
from infra.embedded.passwords import give_to_folder_owner

HERE = "/proc/self/cwd"
"""How a server names its own data folder."""
_SOCKET_PATH_BYTES = 107
_LONGEST_SOCKET_NAME = "s/.s.PGSQL.5432.lock"


def open_data_dir(data_dir: Path) -> Path:
    """The data folder, created if it is not there yet."""
    data_dir = data_dir.resolve()
    data_dir.parent.mkdir(parents=True, exist_ok=True)
    return make_private(data_dir)


def make_private(folder: Path, account: Account | None = None) -> Path:
    """Create a 0700 folder for the account; without one it belongs to whom its parent belongs."""
    if not folder.exists():
        folder.mkdir(mode=0o700)
        if account is None:
            give_to_folder_owner(folder)
        elif not account.is_ours:
            os.chown(folder, account.uid, account.gid)
    return folder


@dataclass(frozen=True, slots=True)
class RunFolder:
    """What lives only as long as the servers: sockets, and copies of programs where the account cannot reach them."""

    path: Path

    @property
    def sockets(self) -> Path:
        """The servers' own folder of sockets, 0700."""
        return self.path / "s"

    @property
    def copies(self) -> Path:
        """Copies of programs; not the servers' to change."""
        return self.path / "programs"

    def remove(self) -> None:
        """Remove it with all that is in it."""
        shutil.rmtree(self.path, ignore_errors=True)


def make_run_folder(name: str, account: Account) -> RunFolder:
    """Create the run folder anew; what an owner that was killed left under this name goes away."""
    path = _temporary_place(name, account) / f"{name}-{os.geteuid()}"
    if path.is_symlink() or path.exists():
        _check_ours(path)
        shutil.rmtree(path)
    path.mkdir(mode=0o700)
    if not account.is_ours:
        path.chmod(0o711)
    run = RunFolder(path)
    make_private(run.sockets, account)
    return run


def _temporary_place(name: str, account: Account) -> Path:
    room = _SOCKET_PATH_BYTES - len(f"/{name}-{os.geteuid()}/{_LONGEST_SOCKET_NAME}")
    for place in (Path(tempfile.gettempdir()).absolute(), Path("/tmp"), Path("/var/tmp")):  # noqa: S108 - made private
        if place.is_dir() and os.access(place, os.W_OK) and len(os.fsencode(place)) <= room and reaches(account, place):
            return place
    raise EmbeddedFailed(
        "There is no temporary folder with a short path for the servers' sockets. "
        "What to do: set TMPDIR to a folder that you may write to and other users may enter, such as /tmp."
    )


def _check_ours(path: Path) -> None:
    found = path.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.geteuid():
        raise EmbeddedFailed(
            f"{path} belongs to somebody else. What to do: remove it, or set TMPDIR to another folder."
        )
